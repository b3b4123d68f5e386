"""How allauth speaks to the rest of the house: its mail goes to the outbox, its log-in tries are counted in rows.

It refuses to send a mail that this room has no kind for, and to build a link from a request's Host header.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from safeconduct.accounts import hooks, limits
from safeconduct.accounts.emails import KINDS
from safeconduct.accounts.links import new_link
from safeconduct.accounts.models import User
from safeconduct.accounts.site import absolute
from safeconduct.lib import clock
from safeconduct.lib.ids import public_id
from safeconduct.outbox.actions import enqueue


class AccountAdapter(DefaultAccountAdapter):
    """Ours."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "too_many_login_attempts": _("There were too many tries. Wait five minutes, then try again."),
        "incorrect_code": _("This is not the code that we sent. Look at the newest mail."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_password": _("This is not your password."),
        "duplicate_email": _("This is your address already."),
        "email_taken": _("This address cannot be used."),
        "rate_limited": _("We have just sent a code. Wait a minute before you ask for another."),
    }

    def is_ajax(self, request: HttpRequest) -> bool:
        """Return False: pages are answered as pages."""
        return False

    # Mail.

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Put the mail in the outbox. Raises KeyError for a mail that has no kind here."""
        kind = KINDS[template_prefix]
        user = context.get("user")
        language = user.language if isinstance(user, User) else (translation.get_language() or "en")
        secrets = {name: str(context[name]) for name in ("code", "link") if context.get(name)}
        enqueue(
            kind,
            key=f"{kind.code}:{public_id()}",
            address=email,
            language=language,
            context={
                "what": template_prefix.rsplit("/", 1)[-1],
                "at": clock.now(),
                "zone": user.zone if isinstance(user, User) else "UTC",
                "from_email": context.get("from_email", ""),
                "to_email": context.get("to_email", ""),
                "signup_url": absolute(reverse("account_signup")),
                "login_url": absolute(reverse("account_login")),
                "reset_url": absolute(reverse("account_reset_password")),
                "centres_note": True,
            },
            slots=secrets,
        )

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """Send code and link; the link is a row (accounts/links.py)."""
        address = emailconfirmation.email_address
        link = new_link(address.user, address.email, is_sign_up=signup)
        prefix = "account/email/email_confirmation_signup" if signup else "account/email/email_confirmation"
        self.send_mail(prefix, address.email, {"user": address.user, "code": emailconfirmation.key, "link": link})

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell the person what was changed; after a change of address also the old one (allauth passes it)."""
        known = email or str(getattr(user, "email", ""))
        if known:
            self.send_mail(template_prefix, known, {**(context or {}), "user": user})

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        """Confirm the address, by code or by link; what was entered for it by others becomes the person's."""
        is_confirmed = bool(super().confirm_email(request, email_address))
        if is_confirmed:
            hooks.address_verified(email_address.user)
        return is_confirmed

    # Trying to log in.

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a try for the address and for the network. Raises ValidationError when there were too many."""
        self._taken = [
            limits.take(limits.LOGIN_PER_ADDRESS, str(credentials.get("email", ""))),
            limits.take(limits.LOGIN_PER_NETWORK, limits.network_of(request)),
        ]
        if not all(taken.is_allowed for taken in self._taken):
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Check the credentials; a try that succeeds is not counted."""
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        if user is not None:
            for taken in self._taken:
                limits.give_back(taken)
        return user

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        limits.forgive(limits.LOGIN_PER_ADDRESS, str(credentials.get("email", "")))

    # Where to go.

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return where to go after log-in: what is pending (number, invitation), else the start page."""
        return hooks.after_login(request) or "/"

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """Return where to go after sign-up."""
        return self.get_login_redirect_url(request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Return the account page."""
        return reverse("accounts:home")

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        """Return the account page after a change of address, the log-in otherwise."""
        return reverse("accounts:home" if self.request.user.is_authenticated else "account_login")

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """Save a new person with the language and zone they came with."""
        user.language = (translation.get_language() or "en")[:12]
        user.zone = hooks.entrance(request).zone or "UTC"
        return super().save_user(request, user, form, commit)

    def respond_email_verification_sent(
        self, request: HttpRequest, user: AbstractBaseUser | None
    ) -> HttpResponse:
        """Go to the code page."""
        response: HttpResponse = super().respond_email_verification_sent(request, user)
        return response

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Refuse: resets go by code, and no signed link leaves this house."""
        raise RuntimeError("passwords are reset by code")
