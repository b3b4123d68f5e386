"""The link beside the code of a verification mail: a row, pressed once, on any device.

Mail scanners open links, so opening shows a button and changes nothing.
"""

from __future__ import annotations

from datetime import timedelta

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.manage_email import email_already_exists
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User, VerificationLink
from safeconduct.accounts.site import absolute
from safeconduct.audit.actions import record
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.lib.ids import token, token_digest

SIGN_UP_WORKS_FOR = timedelta(hours=24)
CHANGE_WORKS_FOR = timedelta(hours=1)


def new_link(user: User, email: str, *, is_sign_up: bool) -> str:
    """Return a new link's full address; earlier unused links of the person stop working."""
    secret = token()
    now = clock.now()
    with transaction.atomic():
        VerificationLink.objects.filter(user=user, used_at=None).update(expires_at=now)
        VerificationLink.objects.create(
            user=user, email=email, token_digest=token_digest(secret), made_at=now,
            expires_at=now + (SIGN_UP_WORKS_FOR if is_sign_up else CHANGE_WORKS_FOR),
        )
    return absolute(reverse("accounts:verify", args=[secret]))


def find_link(secret: str) -> VerificationLink | None:
    """Return the link's row, whatever its state."""
    return VerificationLink.objects.select_related("user").filter(token_digest=token_digest(secret)).first()


def state_of(link: VerificationLink | None) -> str:
    """Return ready, used, stale or unknown."""
    if link is None:
        return "unknown"
    if link.used_at is not None:
        return "used"
    return "stale" if link.expires_at <= clock.now() else "ready"


def use_link(request: HttpRequest, link: VerificationLink) -> None:
    """Confirm the address. Raises Refused when the link does not work any more."""
    with transaction.atomic():
        fresh = VerificationLink.objects.select_for_update().select_related("user").get(pk=link.pk)
        if state_of(fresh) != "ready" or not fresh.user.is_active:
            raise Refused("link.closed", _("This link has been used already or is too old."))
        try:
            email_already_exists(email=fresh.email, user=fresh.user, always_raise=True)
        except ValidationError as error:
            raise Refused("link.taken", _("This address cannot be used.")) from error
        fresh.used_at = clock.now()
        fresh.save(update_fields=["used_at"])
        address = EmailAddress.objects.filter(user=fresh.user, email__iexact=fresh.email).first()
        address = address or EmailAddress(user=fresh.user, email=fresh.email)
        if not address.verified and not get_adapter(request).confirm_email(request, address):
            raise Refused("link.taken", _("This address cannot be used."))
        record("account.address_confirmed", by=fresh.user, subject=fresh.user, detail={"way": "link"})
