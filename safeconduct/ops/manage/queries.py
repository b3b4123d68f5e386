"""What the console shows: who is where, whom an alert concerns and whether they were told, people and roles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy

from safeconduct.accounts.models import User
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.alerts.queries import Texts, texts
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound
from safeconduct.matching.models import Exposure
from safeconduct.matching.words import short
from safeconduct.notify.models import Notice
from safeconduct.orgs.access import Seat
from safeconduct.orgs.models import Membership, Organisation, RoleGrant
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.outbox.models import Delivery
from safeconduct.trips.models import Trip
from safeconduct.trips.queries import trips_of_organisation


@dataclass(frozen=True)
class TouchingAlert:
    """An alert that concerns people of the organisation now."""

    version: AlertVersion
    texts: Texts
    concerned: int
    told: int
    not_told: int
    later: int
    also: tuple[str, ...] = ()
    """Names of the other sources that tell of the same event."""


@dataclass(frozen=True)
class ConcernedPerson:
    """One person whom an alert concerns, with what became of telling them."""

    exposure: Exposure
    user: User
    why: str
    told_state: str
    told_text: str
    told_at: datetime | None
    headline: str = ""


@dataclass(frozen=True)
class Person:
    """One member of the list."""

    membership: Membership
    roles: frozenset[str]
    is_current: bool


def touching_alerts(seat: Seat, language: str) -> list[TouchingAlert]:
    """Return the incidents with open exposures in the organisation, the worst first.

    A person is told of an incident once, by whichever source: shown is its lead, or the worst source that has reached
    somebody here.
    """
    rows = _open(seat.organisation).values_list(
        "event__incident_id", "version_id", "user_id", "told_at", "tell_due_at"
    )
    people: dict[int, dict[int, str]] = {}
    incidents: dict[int, set[int]] = {}
    for incident_id, version_id, user_id, told_at, due_at in rows:
        state = "told" if told_at else "later" if due_at else "not_told"
        states = people.setdefault(incident_id, {})
        states[user_id] = min(state, states.get(user_id, state), key=_TOLD_FIRST.index)
        incidents.setdefault(incident_id, set()).add(version_id)
    versions = (
        AlertVersion.objects.select_related("event__source", "event__incident")
        .defer("impact_area", "possible_area")
        .in_bulk({pk for pks in incidents.values() for pk in pks})
    )
    found = []
    for incident_id, states in people.items():
        count = Counter(states.values())
        ranked = sorted((versions[pk] for pk in incidents[incident_id]), key=_shown_first)
        version = ranked[0]
        names = dict.fromkeys(
            one.event.source.name for one in ranked if one.event.source_id != version.event.source_id
        )
        found.append(
            TouchingAlert(
                version,
                texts(version, language),
                len(states),
                count["told"],
                count["not_told"],
                count["later"],
                tuple(names),
            )
        )
    return sorted(found, key=lambda one: (_ORDER.index(one.version.severity), -one.concerned, one.version.pk))


_TOLD_FIRST = ("told", "later", "not_told")
_ORDER = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")


def _shown_first(version: AlertVersion) -> tuple[bool, int, int]:
    is_lead = version.event.incident.lead_id == version.event_id
    return not is_lead, _ORDER.index(version.severity), version.pk


def _open(organisation: Organisation) -> Any:
    """Exposures that hold now; an alert that has passed holds for nobody, also when the worker is late."""
    now = clock.now()
    return Exposure.objects.for_org(organisation).filter(
        state=Exposure.State.OPEN, to_at__gte=now, event__state=Event.State.ACTIVE, event__ends_at__gt=now
    )


def concerned_people(seat: Seat, public_id: str) -> tuple[AlertVersion, list[ConcernedPerson]]:
    """Return the newest version of an alert and whom of the organisation it concerns or concerned.

    Raises NotFound when it concerns nobody there: which alerts touch others is not theirs to know.
    """
    version = (
        AlertVersion.objects.select_related("event", "event__source").filter(public_id=public_id).first()
    )
    rows = (
        list(
            Exposure.objects.for_org(seat.organisation)
            .filter(event_id=version.event_id)
            .select_related("user", "trip", "version")
        )
        if version is not None
        else []
    )
    if version is None or not rows:
        raise NotFound("alert")
    telling = _telling(seat.organisation, version.event_id, {row.user_id for row in rows})
    year = clock.today(seat.organisation.zone).year
    people = [_concerned(row, telling.get(row.user_id), year) for row in rows]
    strengths = list(Exposure.Strength.values)
    people.sort(
        key=lambda p: (
            p.exposure.state != Exposure.State.OPEN,
            strengths.index(p.exposure.strength),
            p.user.name.casefold(),
        )
    )
    return rows[0].version if len({row.version_id for row in rows}) == 1 else version, people


def _telling(
    organisation: Organisation, event_id: int, users: set[int]
) -> dict[int, tuple[Notice, Delivery | None]]:
    """The newest notice of each person about the event, with its delivery (whose key is the notice's)."""
    notices = (
        Notice.objects.for_org(organisation)
        .filter(subject_key=f"event:{event_id}", user_id__in=users)
        .order_by("created_at", "id")
    )
    newest = {notice.user_id: notice for notice in notices}
    keys = [notice.key for notice in newest.values()]
    deliveries = {row.key: row for row in Delivery.objects.filter(key__in=keys)}
    return {user_id: (notice, deliveries.get(notice.key)) for user_id, notice in newest.items()}


def _concerned(row: Exposure, found: tuple[Notice, Delivery | None] | None, year: int) -> ConcernedPerson:
    notice, delivery = found or (None, None)
    why = short(row.reason, this_year=year)
    if notice is not None and not notice.told:
        return ConcernedPerson(row, row.user, why, "not_sent", notice.get_why_not_display(), None)
    if delivery is not None:
        return ConcernedPerson(row, row.user, why, delivery.state, delivery.last_error, delivery.sent_at)
    if row.told_at is None and row.tell_due_at is not None:
        return ConcernedPerson(row, row.user, why, "waiting", "", row.tell_due_at)
    return ConcernedPerson(row, row.user, why, "not_sent", "", None)


def people(seat: Seat, *, words: str = "", role: str = "") -> TenantQuerySet[Membership]:
    """Return the organisation's memberships by name: one row a membership."""
    rows = Membership.objects.for_org(seat.organisation).select_related(
        "user", "programme", "number", "organisation"
    )
    for word in words.split():
        rows = rows.filter(
            Q(user__given_name__icontains=word)
            | Q(user__family_name__icontains=word)
            | Q(user__email__icontains=word)
        )
    if role:
        holders = (
            RoleGrant.objects.for_org(seat.organisation).filter(role=role).values_list("user_id", flat=True)
        )
        rows = rows.filter(user_id__in=list(holders))
    return rows.order_by(Lower("user__given_name"), Lower("user__family_name"), "user__email", "pk")


def as_people(seat: Seat, rows: Iterable[Membership]) -> list[Person]:
    """Return what a list shows of memberships: roles and whether they hold today."""
    memberships = list(rows)
    grants = RoleGrant.objects.for_org(seat.organisation).filter(
        user_id__in=[row.user_id for row in memberships]
    )
    roles: dict[int, set[str]] = {}
    for user_id, code in grants.values_list("user_id", "role"):
        roles.setdefault(user_id, set()).add(code)
    day = clock.today(seat.organisation.zone)
    return [Person(row, frozenset(roles.get(row.user_id, ())), row.is_current_on(day)) for row in memberships]


def roles_of(membership: Membership) -> frozenset[str]:
    """Return the roles of a member beyond plain member."""
    grants = RoleGrant.objects.for_org(membership.organisation_id).filter(user_id=membership.user_id)
    return frozenset(grants.values_list("role", flat=True))


TRIP_STATES = (
    ("under_way", gettext_lazy("Under way")),
    ("ahead", gettext_lazy("Planned")),
    ("awaiting", gettext_lazy("Awaiting approval")),
    ("approved", gettext_lazy("Approved")),
    ("refused", pgettext_lazy("state of a trip", "Refused")),
    ("past", gettext_lazy("Over")),
    ("cancelled", gettext_lazy("Cancelled")),
)


def trips_of_person(seat: Seat, membership: Membership) -> list[Trip]:
    """Return the trips of one member in this organisation, newest first."""
    rows = trips_of_organisation(seat).filter(user_id=membership.user_id)
    return list(rows.order_by("-starts_at", "-id")[:20])


def exposures_of_trip(seat: Seat, trip: Trip) -> list[ConcernedPerson]:
    """Return what concerns or concerned a trip, with what became of telling its traveller."""
    rows = (
        Exposure.objects.for_org(seat.organisation)
        .filter(trip=trip)
        .select_related("user", "version", "event")
    )
    year = clock.today(seat.organisation.zone).year
    found = []
    for row in rows.order_by("state", "-opened_at"):
        telling = _telling(seat.organisation, row.event_id, {row.user_id})
        headline = texts(row.version, get_language() or "en").headline
        found.append(replace(_concerned(row, telling.get(row.user_id), year), headline=headline))
    return sorted(found, key=lambda one: one.exposure.state != Exposure.State.OPEN)
