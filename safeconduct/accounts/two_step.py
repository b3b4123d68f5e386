"""Two-step log-in in this house: allauth's, with its keys sealed and our words on its forms.

The keys of people's apps are stored sealed with a secret of the data folder: a copy of the database alone opens no
account. A backup holds both.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from functools import cache
from typing import Any

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm as AllauthActivateForm
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext

from safeconduct.accounts import limits
from safeconduct.accounts.forms import tidy_code
from safeconduct.lib import folder
from safeconduct.lib.errors import Refused

CODE_ONCE = limits.Limit("two-step-code", 1, timedelta(minutes=5))


@cache
def _seal() -> Fernet:
    secret = folder.secret(settings.SAFECONDUCT_HOME, "two-step")
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))


class TwoStepAdapter(DefaultMFAAdapter):
    """Ours."""

    def encrypt(self, text: str) -> str:
        """Return the text sealed."""
        return _seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return what was sealed. Raises Refused when the folder's secret is another one."""
        try:
            return _seal().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            text = gettext("Your second step cannot be checked: the portal has lost its key. Ask the operator.")
            raise Refused("two_step.unsealable", text) from error

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        """Return what the app calls the account: the address."""
        return str(getattr(user, "email", ""))

    def build_totp_svg(self, url: str) -> str:
        """Return the picture on white ground: a camera reads no dark code on a dark page."""
        svg = str(super().build_totp_svg(url))
        start = svg.index(">", svg.index("<svg")) + 1
        return f'{svg[:start]}<rect width="100%" height="100%" fill="#fff"/>{svg[start:]}'


class ActivateForm(AllauthActivateForm):
    """The first code of a new app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tidy_code(self.fields["code"])


class OneUse:
    """A code opens once, for as long as an app's clock could let it pass (RFC 6238 §5.2); allauth forgets it earlier."""

    user: AbstractBaseUser

    def clean_code(self) -> str:
        """Return the code. Raises ValidationError when it is wrong or has been used."""
        code = str(super().clean_code())  # type: ignore[misc]
        if not limits.take(CODE_ONCE, f"{self.user.pk}:{normalize_user_code(code)}").is_allowed:
            raise TwoStepAdapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(OneUse, AllauthAuthenticateForm):
    """A code of the app, or a recovery code, at log-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tidy_code(self.fields["code"])


class ReauthenticateForm(OneUse, AllauthReauthenticateForm):
    """A code once more, before something important."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tidy_code(self.fields["code"])
