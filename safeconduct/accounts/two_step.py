"""How allauth's two-step log-in looks in this house."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm as AllauthActivateForm
from django.contrib.auth.base_user import AbstractBaseUser

from safeconduct.accounts.forms import tidy_code


class TwoStepAdapter(DefaultMFAAdapter):
    """Ours."""

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


class AuthenticateForm(AllauthAuthenticateForm):
    """A code of the app, or a recovery code, at log-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tidy_code(self.fields["code"])


class ReauthenticateForm(AllauthReauthenticateForm):
    """A code once more, before something important."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tidy_code(self.fields["code"])
