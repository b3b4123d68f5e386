"""Mails before a trip: a few minutes after it was registered, and a week before it begins; until it is acknowledged.

What is due is a row (`PreTripMail`); the notice, the delivery and what the row says then are one transaction. The same
round and stage of a trip is the same telling, so that two workers or a killed one never write twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.advice import emails
from safeconduct.advice.asking import asked_of_trip, itinerary_digest
from safeconduct.advice.briefing import Asked, Briefing
from safeconduct.advice.gathering import briefing_of
from safeconduct.advice.models import PreTripMail
from safeconduct.advice.standing import for_registered, sends_pre_trip_mail, standing_of
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.matching.help import NOBODY, HelpFinder
from safeconduct.matching.queries import concerning
from safeconduct.matching.telling import why_not
from safeconduct.notify.actions import News, Telling, tell
from safeconduct.notify.addresses import absolute
from safeconduct.notify.models import UnsubscribeLink
from safeconduct.notify.queries import Recipient, recipients
from safeconduct.orgs.models import Organisation
from safeconduct.orgs.routing import admitting_domains
from safeconduct.outbox.kinds import Kind
from safeconduct.trips.models import Trip
from safeconduct.trips.queries import stops_of

SETTLING: Final = timedelta(minutes=5)
"""So long after the last change of a trip its mail is written: whoever mends a date at once gets one mail."""
BEFORE: Final = timedelta(days=7)
APART: Final = timedelta(days=1)
"""Nearer to the mail of the registration than this the one a week ahead would only repeat it."""
FRESH: Final = timedelta(days=3)
"""A trip that was there for longer when it was first seen (an older version, a worker that stood still) gets the mail
of the week before only."""
WRITTEN_FOR: Final = (Trip.State.REGISTERED, Trip.State.AWAITING, Trip.State.APPROVED)
REFUSED_PAUSE: Final = timedelta(hours=1)
Gather = Callable[[Asked, str, Organisation], Briefing]


def is_ahead(trip: Trip, now: datetime) -> bool:
    """Whether mails may still be written: it is planned, not refused, and has not begun."""
    return trip.state in WRITTEN_FOR and trip.starts_at > now


def plan(row: PreTripMail, trip: Trip, now: datetime) -> dict[str, Any]:
    """Return the columns of a row for a trip that is new or was changed: what is due next, and whether it begins anew."""
    digest = itinerary_digest(stops_of(trip))
    is_new, is_moved = not row.itinerary, bool(row.itinerary) and row.itinerary != digest
    values: dict[str, Any] = {"revision": trip.revision, "itinerary": digest}
    if is_moved:
        values |= {"round": row.round + 1, "registered_told_at": None, "week_told_at": None}
    if not is_ahead(trip, now):
        return values | {"due_at": _looked_at_again(trip, now)}
    is_fresh = now - trip.changed_at < FRESH
    was_written = row.registered_told_at is not None and not is_moved
    if is_fresh and not was_written and (is_new or is_moved or row.due_at is not None):
        return values | {"due_at": max(now, trip.changed_at + SETTLING)}
    return values | {"due_at": week_before(trip.starts_at, now) if row.week_told_at is None or is_moved else None}


def _looked_at_again(trip: Trip, now: datetime) -> datetime | None:
    """Return when a trip to which no mail may go now is asked about again: one that is refused may yet be approved."""
    return now + REFUSED_PAUSE if trip.state == Trip.State.REFUSED and trip.starts_at > now else None


def first_due(changed_at: datetime, starts_at: datetime, now: datetime) -> datetime | None:
    """Return when the first mail of a trip ahead is due that was never seen before; None: none is any more."""
    if now - changed_at < FRESH:
        return max(now, changed_at + SETTLING)
    return week_before(starts_at, now)


def week_before(starts_at: datetime, now: datetime) -> datetime | None:
    """Return when the second mail is due, None when that is past or so near that it would only repeat the first."""
    at = starts_at - BEFORE
    return at if at > now + APART else None


def write(row: PreTripMail, now: datetime, gather: Gather) -> dict[str, Any]:
    """Write what is due of a trip, or find that nothing is; return the columns of the row then. In one transaction with
    the notice and the delivery."""
    trip = Trip.objects.for_org(row.organisation_id).select_related(
        "organisation", "user", "membership__programme", "addressee"
    ).get(pk=row.trip_id)  # fmt: skip
    if row.revision != trip.revision:
        return plan(row, trip, now)
    digest = itinerary_digest(stops_of(trip))
    if not is_ahead(trip, now):
        return {"due_at": _looked_at_again(trip, now), "itinerary": digest}
    if standing_of(trip, now).holds:
        return {"due_at": None, "itinerary": digest}
    was_new = row.registered_told_at is not None or now - trip.changed_at >= APART
    is_week = was_new and now >= trip.starts_at - BEFORE
    if row.registered_told_at is not None and not is_week:
        return {"due_at": week_before(trip.starts_at, now), "itinerary": digest}
    stage = emails.WEEK if is_week else emails.CHANGED if row.round > 1 else emails.REGISTERED
    values: dict[str, Any] = {"due_at": None if is_week else week_before(trip.starts_at, now), "itinerary": digest}
    # Whoever has no account was told of the trip, and of the way in, when it was entered.
    if not sends_pre_trip_mail(trip.organisation) or (trip.user.is_stand_in and not is_week):
        return values
    letter = Letter(trip, emails.BRIEFING, stage, f"{trip.public_id}:{row.round}:{'week' if is_week else 'new'}")
    if letter.tell(gather):
        values["week_told_at" if is_week else "registered_told_at"] = now
    return values


def gathered() -> Gather:
    """Return a way to gather briefings that asks once for what many trips have in common: a group, a batch."""
    known: dict[tuple[str, str, int], Briefing] = {}

    def gather(asked: Asked, lang: str, organisation: Organisation) -> Briefing:
        key = (repr(asked), lang, organisation.pk)
        if key not in known:
            known[key] = for_registered(briefing_of(asked, lang=lang, now=clock.now(), organisation=organisation))
        return known[key]

    return gather


@dataclass(frozen=True)
class Letter:
    """One mail of a trip. `key` tells it from every other."""

    trip: Trip
    kind: Kind
    stage: str
    key: str

    def tell(self, gather: Gather) -> bool:
        """Write the notice and the mail; return whether its person is told, now or before."""
        trip = self.trip
        person = recipients([trip.user_id]).get(trip.user_id)
        lang = person.language if person is not None else trip.organisation.language
        asked = asked_of_trip(stops_of(trip), home=trip.organisation.home_country, lang=lang)
        news = News(
            kind=self.kind.code,
            subject_key=f"trip:{trip.pk}",
            content_key=f"{self.kind.code}:{self.key}",
            content=lambda language: self._words(asked, language, gather),
        )
        telling = Telling(
            key=self.key, user_id=trip.user_id, organisation_id=trip.organisation_id, slots=self._slots,
            stops=(UnsubscribeLink.Purpose.TRIP, trip.public_id), why_not=why_not(trip),
            context={"trip": trip.public_id},
        )  # fmt: skip
        return tell(news, telling).told

    def _words(self, asked: Asked, language: str, gather: Gather) -> Mapping[str, Any]:
        with translation.override(language):
            concerns = concerning(self.trip)
        return emails.briefing_words(gather(asked, language, self.trip.organisation), concerns, stage=self.stage)

    def _slots(self, person: Recipient) -> Mapping[str, str]:
        with translation.override(person.language):
            return {
                "title": self.trip.title,
                "stop": _("No e-mail about this trip"),
                **self._way_in(),
                **self._help(),
            }

    def _help(self) -> Mapping[str, str]:
        """The centre nearest to the longest stay."""
        stays = self.trip.stays.defer("geometry")
        stay = max(stays, key=lambda one: (one.to_at - one.from_at, -one.pk), default=None)
        return HelpFinder().near(stay.lon, stay.lat) if stay is not None else NOBODY

    def _way_in(self) -> Mapping[str, str]:
        trip = self.trip
        if not trip.user.is_stand_in:
            url = absolute(f"{reverse('advisor:start')}?trip={trip.public_id}")
            return {"url": url, "label": _("Open your briefing"), "then": ""}
        if admitting_domains(trip.user.address, trip.organisation):
            then = _("Open an account with this address: the trip is among your trips then, with its whole briefing.")
            return {"url": absolute(reverse("account_signup")), "label": _("Open an account"), "then": then}
        then = _("You have no account. Ask your organisation for an invitation if you want to see the whole briefing.")
        return {"url": absolute("/"), "label": _("What this is"), "then": then}


def remind(trip: Trip, *, by: User) -> bool:
    """Ask a trip's person by mail to read their briefing; return False when that was done on this day already.

    Raises Refused for a trip that has begun, is not planned, or whose briefing is acknowledged.
    """
    now = clock.now()
    if not is_ahead(trip, now):
        raise Refused("trip.not_ahead", _("This trip has begun or is not planned: nobody is reminded any more."))
    if standing_of(trip, now).holds:
        raise Refused("briefing.acknowledged", _("The briefing was acknowledged already."))
    zone = ZoneInfo(trip.organisation.zone)
    today = now.astimezone(zone).date()
    with transaction.atomic():
        rows = PreTripMail.objects.for_org(trip.organisation_id).select_for_update()
        row, _made = rows.get_or_create(trip=trip, defaults={"organisation_id": trip.organisation_id, "due_at": now})
        if row.reminded_at is not None and row.reminded_at.astimezone(zone).date() == today:
            return False
        letter = Letter(trip, emails.REMINDER, emails.REMIND, f"{trip.public_id}:{today.isoformat()}")
        if not letter.tell(gathered()):
            raise Refused("briefing.no_mail", _("No mail can be sent: e-mail for this trip is off, or there is no address."))
        row.reminded_at = now
        row.save(update_fields=["reminded_at"])
        audit.record("briefing.reminded", by=by, subject=trip, organisation=trip.organisation)
    return True

