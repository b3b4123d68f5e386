"""One-time links that make somebody at the desk, an operator first of all. A link is a row that holds the digest of its token, not a signature."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.lib.ids import token, token_digest
from safeconduct.ops.models import StartLink

VALID = timedelta(days=7)


def has_operator() -> bool:
    """Return whether somebody runs this deployment already."""
    return User.objects.filter(desk_role=User.DeskRole.OPERATOR, is_active=True).exists()


def make_link(*, email: str = "", base_url: str = "", role: str = User.DeskRole.OPERATOR) -> str:
    """Return the address of a new one-time link; older links for the same address stop working."""
    secret = token()
    with transaction.atomic():
        StartLink.objects.filter(email__iexact=email, used_at__isnull=True).delete()
        StartLink.objects.create(
            token_digest=token_digest(secret), email=email.lower(), role=role, expires_at=clock.now() + VALID
        )
    return f"{base_url or settings.SAFECONDUCT_URL}/desk/start/?token={secret}"


def open_link(digest: str) -> StartLink:
    """Return the link that may still be used. Raises Refused with the reason when it may not."""
    link = StartLink.objects.filter(token_digest=digest).first() if digest else None
    if link is None:
        raise Refused(
            "start.unknown",
            _("This link is not known. Links are for one use, and a newer one replaces the older."),
        )
    if link.used_at is not None:
        raise Refused("start.used", _("This link has been used."))
    if link.expires_at <= clock.now():
        raise Refused("start.expired", _("This link is too old. It worked for seven days."))
    if not link.email and has_operator():
        raise Refused("start.late", _("This portal has an operator already."))
    return link


def use_link(digest: str, *, by: User) -> None:
    """Mark the link as used, in the caller's transaction. Raises Refused when somebody was faster."""
    taken = StartLink.objects.filter(token_digest=digest, used_at__isnull=True).update(
        used_at=clock.now(), used_by=by
    )
    if not taken:
        raise Refused("start.used", _("This link has been used."))
