"""Telling people that a trip was entered for them: what it is, who entered it, and how to see it.

The words of a trip stand in the mail's slots; its subject says nothing of where somebody goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.lib.timewords import day_words
from safeconduct.notify.actions import MOST_AT_ONCE, News, Telling, tell_many
from safeconduct.notify.addresses import absolute
from safeconduct.notify.queries import Recipient
from safeconduct.orgs.routing import admitting_domains
from safeconduct.trips.emails import BY_DELEGATE, DELEGATE, ENTERED
from safeconduct.trips.models import Delegation, Trip


@dataclass(frozen=True)
class Entered:
    """A new trip, its days at its places (none for an open end), and whether its person can open an account."""

    trip: Trip
    first_on: date
    last_on: date | None
    may_sign_up: bool


def tell_entered(trips: Sequence[Entered], *, source: str, subject_key: str) -> int:
    """Tell the people of new trips; return how many mails are new."""
    told = 0
    for start in range(0, len(trips), MOST_AT_ONCE):
        part = trips[start : start + MOST_AT_ONCE]
        news = News(
            kind=ENTERED.code,
            subject_key=subject_key,
            content_key=f"{ENTERED.code}:{source}",
            content=lambda _language: {"source": source},
        )
        told += tell_many(news, [_telling(one) for one in part]).new
    return told


def _telling(one: Entered) -> Telling:
    return Telling(
        key=one.trip.public_id,
        user_id=one.trip.user_id,
        organisation_id=one.trip.organisation_id,
        slots=lambda person: _slots(one, person),
        stops=("trip", one.trip.public_id),
    )


def _slots(one: Entered, person: Recipient) -> Mapping[str, str]:
    with translation.override(person.language):
        year = clock.now().year
        first = day_words(one.first_on, this_year=year)
        last = day_words(one.last_on, this_year=year) if one.last_on else _("open end")
        return {
            "title": one.trip.title,
            "days": _("%(first)s to %(last)s") % {"first": first, "last": last},
            **_way_in(one),
            "stop": _("No e-mail about this trip"),
        }


def _way_in(one: Entered) -> Mapping[str, str]:
    if one.trip.addressee_id is None:
        url = absolute(reverse("trips:detail", args=[one.trip.public_id]))
        return {"url": url, "label": _("See the trip"), "then": ""}
    if one.may_sign_up:
        then = _(
            "You have no account yet. Warnings come to this address all the same; once you have opened an account "
            "with it, the trip is among your trips."
        )
        return {
            "url": absolute(reverse("account_signup")),
            "label": _("Open an account with this address"),
            "then": then,
        }
    then = _(
        "You have no account. Warnings come to this address all the same; ask your organisation for an invitation if "
        "you want to see the trip."
    )
    return {"url": absolute("/"), "label": _("What this is"), "then": then}


def tell_by_delegate(trip: Trip, delegate: User, *, what: Literal["entered", "changed", "cancelled"]) -> None:
    """Tell a traveller what their delegate did to a trip of theirs; the same revision once."""
    may_sign_up = trip.addressee_id is not None and bool(admitting_domains(trip.user.address, trip.organisation))
    one = Entered(trip, trip.starts_at.date(), trip.ends_at.date() if trip.ends_at else None, may_sign_up)
    news = News(
        kind=BY_DELEGATE.code,
        subject_key=f"trip:{trip.public_id}",
        content_key=f"{BY_DELEGATE.code}:{what}",
        content=lambda _language: {"what": what},
    )
    telling = Telling(
        key=f"{trip.public_id}:{what}:{trip.revision}",
        user_id=trip.user_id,
        organisation_id=trip.organisation_id,
        slots=lambda person: {**_slots(one, person), "who": delegate.name},
        stops=("trip", trip.public_id),
    )
    tell_many(news, [telling])


def tell_named(delegation: Delegation) -> None:
    """Tell a delegate whom they may enter trips for, and the traveller when it was not their own doing."""
    traveller = delegation.user
    names = {"delegate": delegation.delegate.name, "traveller": traveller.name if traveller else ""}
    told = [(delegation.delegate_id, "delegate" if traveller else "anybody")]
    if traveller is not None and delegation.made_by_id != traveller.pk:
        told.append((traveller.pk, "traveller"))
    for user_id, part in told:
        news = News(
            kind=DELEGATE.code,
            subject_key=f"delegation:{delegation.public_id}",
            content_key=f"{DELEGATE.code}:{part}",
            content=lambda _language, part=part: {"part": part},  # type: ignore[misc]
        )
        telling = Telling(
            key=f"{delegation.public_id}:{part}", user_id=user_id, organisation_id=delegation.organisation_id,
            slots=lambda _person: {**names, "url": absolute(reverse("trips:delegates"))},
        )  # fmt: skip
        tell_many(news, [telling])
