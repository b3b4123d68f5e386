"""How far people have got with their briefings: for themselves, and for their organisation the one fact it may see.

What a manager reads here is whether a briefing of a trip was acknowledged, when, and whether that was for the places and
days of the trip as it is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from safeconduct.advice.asking import asked_of, asked_of_trip, itinerary_digest, with_person
from safeconduct.advice.briefing import STEPS, Asked, Briefing, Changes, Line, Step, changes
from safeconduct.advice.gathering import briefing_of
from safeconduct.advice.kinds import BY_CODE, HEALTH, KINDS
from safeconduct.advice.models import BriefingPolicy, Preparation, PreTripMail
from safeconduct.orgs.access import Seat
from safeconduct.orgs.models import Organisation
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.trips.models import WATCHED, Stop, Trip
from safeconduct.trips.queries import stops_of, with_stops

TO_REGISTER: Final = "contacts.organisation"
"""The line that asks to register the journey."""
ENTRY: Final = "entry."
ADVICE: Final = "security.advice."
SILENT: Final = "entry.silent."
"""The list of what no rule is known of: it changes with each rule that is added, which is news enough itself."""
LEVELS: Final = ("security.rating.", ADVICE, "health.rating.")
ASKED_OF_HEALTH: Final = tuple(f"health.{kind.code}." for kind in KINDS if kind.group == HEALTH)
"""With ENTRY and LEVELS the keys of lines whose change is one of substance: what is asked at the border, of documents and
of health, levels of governments and our own."""


def question_of(row: Preparation, lang: str) -> Asked:
    """Return what a preparation asks; places and dates of a trip are those that the trip has now."""
    if row.trip is None:
        return asked_of(row.asked)
    asked = asked_of_trip(
        stops_of(row.trip), home=row.organisation.home_country, lang=lang, departure=row.asked.get("departure", "")
    )
    return with_person(asked, row.asked)


def briefing_for(row: Preparation, seat: Seat, *, lang: str, now: datetime) -> Briefing:
    """Return the briefing of a preparation as its person may see it."""
    briefing = briefing_of(question_of(row, lang), lang=lang, now=now, seat=seat)
    return briefing if row.trip is None else for_registered(briefing)


def for_registered(briefing: Briefing) -> Briefing:
    """Return a trip's briefing: what it asks to be registered, is."""
    return replace(briefing, steps=tuple(_without_registering(step) for step in briefing.steps))


def _without_registering(step: Step) -> Step:
    groups = []
    for group in step.groups:
        lines = [line for line in group.lines if line.key != f"{STEPS[-1]}.{TO_REGISTER}"]
        lines = [replace(line, todo="", todo_by=None) if line.key == TO_REGISTER else line for line in lines]
        groups.append(replace(group, lines=tuple(lines)))
    return replace(step, groups=tuple(groups))


def own_preparations(seat: Seat) -> TenantQuerySet[Preparation]:
    """Return what the person has begun and not forgotten here, the latest first."""
    rows = Preparation.objects.for_org(seat.organisation).filter(user_id=seat.user.pk, forgotten_at__isnull=True)
    return rows.select_related("trip", "organisation")


def preparation_of(seat: Seat, trip: Trip) -> Preparation | None:
    """Return the person's preparation of one of their trips, None before they began, or after it was forgotten."""
    return own_preparations(seat).filter(trip=trip).first()


def news_for(row: Preparation, briefing: Briefing) -> Changes:
    """Return what changed since the reader read it. Steps that were not read yet hold no news: all of them is new."""
    if not row.marks:
        return Changes()
    found = changes(row.marks, briefing)
    known = {key.partition(".")[0] for key in row.marks} & set(row.steps_read)
    read = {line.key for step in briefing.steps if step.key in known for line in step.lines}
    return Changes(tuple(line for line in found.added if line.key in read), found.changed, found.gone)


def is_of_substance(key: str) -> bool:
    """Whether a change of this line is one to be briefed about anew."""
    return key.startswith((ENTRY, *LEVELS, *ASKED_OF_HEALTH)) and not key.startswith(SILENT)


def changed_since_acknowledged(row: Preparation, briefing: Briefing) -> tuple[Line, ...]:
    """Return the lines of substance that say something else, are new, or are gone since the briefing was acknowledged."""
    if row.acknowledged_at is None:
        return ()
    found = changes(row.acknowledged_marks, briefing)
    gone = (_gone_line(key) for key in found.gone if _is_on_the_way(key, briefing.asked))
    return tuple(line for line in (*found.changed, *found.added, *gone) if is_of_substance(line.key))


def _gone_line(key: str) -> Line:
    """What was said and is not any more. Its words were not kept; its key says what it was about."""
    kind = BY_CODE.get(key.split(".")[1])
    label = str(kind.label) if kind is not None else _("Official advice") if key.startswith(ADVICE) else ""
    return Line(key, str(_("No longer said by a source that is read here.")), label=str(label), is_unknown=True)


def _is_on_the_way(key: str, asked: Asked) -> bool:
    """False for what was about a country that the journey no longer leads to: that is a change of the journey."""
    countries = {*asked.countries, *(change.country for change in asked.changes)}
    about = [part for part in key.split(".")[2:] if len(part) == 2 and part.isalpha() and part.isupper()]
    return not about or bool(countries & set(about))


@dataclass(frozen=True, slots=True)
class Standing:
    """What an organisation sees of a trip's briefing. `is_outdated`: acknowledged for other places or days."""

    acknowledged_at: datetime | None = None
    is_outdated: bool = False
    reminded_at: datetime | None = None
    is_ahead: bool = True

    @property
    def holds(self) -> bool:
        """Whether the briefing of the trip as it is was acknowledged."""
        return self.acknowledged_at is not None and not self.is_outdated

    @property
    def sign(self) -> str:
        """The sign of the look."""
        if self.holds:
            return "1"
        return "3" if self.is_ahead else "0"

    @property
    def words(self) -> str | Promise:
        """The state in a word or two."""
        if self.holds:
            return _("Acknowledged")
        return _("Trip changed since") if self.is_outdated else _("Not acknowledged")


def standings(trips: Iterable[tuple[Trip, Sequence[Stop]]], now: datetime) -> dict[int, Standing]:
    """Return of each trip with its stops how its briefing stands, by key. All are of one organisation."""
    pairs = list(trips)
    if not pairs:
        return {}
    house, keys = pairs[0][0].organisation_id, [trip.pk for trip, _stops in pairs]
    prepared = Preparation.objects.for_org(house).filter(trip_id__in=keys, acknowledged_at__isnull=False)
    by_trip = {row.trip_id: row for row in prepared}
    reminded = PreTripMail.objects.for_org(house).filter(trip_id__in=keys, reminded_at__isnull=False)
    asked_at = dict(reminded.values_list("trip_id", "reminded_at"))
    return {
        trip.pk: Standing(
            row.acknowledged_at if row else None,
            row is not None and not _is_for(row, trip, stops),
            asked_at.get(trip.pk),
            trip.starts_at > now,
        )
        for trip, stops in pairs
        for row in [by_trip.get(trip.pk)]
    }


def _is_for(row: Preparation, trip: Trip, stops: Iterable[Stop]) -> bool:
    return row.acknowledged_revision == trip.revision or row.acknowledged_for == itinerary_digest(stops)


def standing_of(trip: Trip, now: datetime) -> Standing:
    """Return how the briefing of one trip stands."""
    return standings([(trip, stops_of(trip))], now)[trip.pk]


def not_acknowledged(rows: TenantQuerySet[Trip], organisation: Organisation, now: datetime) -> TenantQuerySet[Trip]:
    """Return of an organisation's trips those that are not over and whose briefing, as they are now, nobody acknowledged."""
    current = rows.filter(Q(ends_at__isnull=True) | Q(ends_at__gte=now), state__in=WATCHED)
    acknowledged = Preparation.objects.for_org(organisation).filter(acknowledged_at__isnull=False, trip__isnull=False)
    changed = {
        row.trip_id: row
        for row in acknowledged.exclude(acknowledged_revision=F("trip__revision")).filter(
            Q(trip__ends_at__isnull=True) | Q(trip__ends_at__gte=now), trip__state__in=WATCHED
        )
    }
    trips = with_stops(Trip.objects.for_org(organisation).filter(pk__in=list(changed)), organisation)
    outdated = [trip.pk for trip in trips if not _is_for(changed[trip.pk], trip, list(trip.stops.all()))]
    return current.filter(Q(pk__in=outdated) | ~Exists(acknowledged.filter(trip=OuterRef("pk"))))


def sends_pre_trip_mail(organisation: Organisation | int) -> bool:
    """Return whether an organisation wants mails before trips; by default it does."""
    row = BriefingPolicy.objects.for_org(organisation).first()
    return row is None or row.sends_pre_trip_mail


def is_over(row: Preparation, now: datetime) -> bool:
    """Whether the journey of a preparation is over, in the zone of its organisation."""
    if row.trip is not None:
        return row.trip.is_cancelled or (row.trip.ends_at is not None and row.trip.ends_at < now)
    return row.ends_on is not None and row.ends_on < _today(row, now)


def _today(row: Preparation, now: datetime) -> date:
    return now.astimezone(ZoneInfo(row.organisation.zone)).date()


def steps_left(row: Preparation) -> int:
    """Return how many steps were not read yet."""
    return len(STEPS) - len(row.steps_read)


def step_to_go_on(row: Preparation) -> str:
    """Return where the reader left off."""
    return row.step if row.step in STEPS else STEPS[0]
