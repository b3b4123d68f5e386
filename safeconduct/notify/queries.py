"""Whom mail reaches, and what a person asked to hear."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import QuerySet

from safeconduct.accounts.models import User
from safeconduct.notify.models import Notice, Subscription
from safeconduct.orgs.access import Seat

LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person as a mail sees them. `address` is empty while none is verified."""

    user_id: int
    name: str
    address: str
    language: str
    zone: str
    is_active: bool


def recipients(user_ids: Collection[int]) -> dict[int, Recipient]:
    """Return the people with the address that mail goes to: the verified main one, else another verified one.

    Whoever has no account is written to at the address that their organisation entered.
    """
    addresses: dict[int, str] = {}
    verified = EmailAddress.objects.filter(user_id__in=user_ids, verified=True).order_by("primary", "-id")
    for user_id, email in verified.values_list("user_id", "email"):
        addresses[user_id] = email
    return {
        user.pk: Recipient(
            user.pk,
            user.name,
            user.stands_for or addresses.get(user.pk, ""),
            user.language if user.language in LANGUAGES else settings.LANGUAGE_CODE,
            user.zone,
            user.is_active,
        )
        for user in User.objects.filter(pk__in=user_ids)
    }


def live_subscriptions(seat: Seat) -> QuerySet[Subscription]:
    """Return what the person asked to hear in this organisation, newest first."""
    rows: QuerySet[Subscription] = Subscription.objects.for_org(seat.organisation).filter(
        user_id=seat.user.pk, ended_at__isnull=True
    )
    return rows.select_related("place")


def notices_about(seat: Seat, subject_key: str) -> QuerySet[Notice]:
    """Return what was worth telling this person about a subject, told or not, newest first."""
    rows: QuerySet[Notice] = Notice.objects.for_org(seat.organisation).filter(
        user_id=seat.user.pk, subject_key=subject_key
    )
    return rows
