"""Reads for pages and other rooms: one's own trips, an organisation's trips, who is where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Prefetch, Q

from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound
from safeconduct.orgs.access import Seat
from safeconduct.orgs.models import Organisation
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.places.queries import country_names
from safeconduct.trips.access import VIEW
from safeconduct.trips.models import WATCHED, Stay, Stop, Trip
from safeconduct.trips.tickets import TripCard, cards
from safeconduct.trips.timeline import name_of

STATES: tuple[str, ...] = ("under_way", "ahead", "awaiting", "approved", "refused", "past", "cancelled")
"""What an organisation's list of trips can be narrowed to: by the clock, or by what was decided."""
DECIDED = {"awaiting": Trip.State.AWAITING, "approved": Trip.State.APPROVED, "refused": Trip.State.REFUSED}


@dataclass(frozen=True)
class Located:
    """Where a traveller of an organisation is said to be at an instant."""

    user: User
    trip: Trip
    label: str
    country_code: str
    zone: str
    from_at: datetime
    to_at: datetime
    tentative: bool
    certain: bool
    is_on_the_way: bool
    stay: Stay | None = None


def stops_of(trip: Trip) -> list[Stop]:
    """Return a trip's stops in order, places loaded."""
    return list(trip.stops.select_related("place", "to_place").order_by("seq"))


def countries_of(stops: Sequence[Stop], lang: str) -> dict[str, str]:
    """Return the names of the countries of stops, by code."""
    places = [place for stop in stops for place in (stop.place, stop.to_place) if place is not None]
    return country_names({place.country_code for place in places}, lang)


def own_trips(seat: Seat) -> list[TripCard]:
    """Return the person's trips in the seat's organisation, in order of their beginning."""
    rows = with_stops(Trip.objects.for_org(seat.organisation).filter(user=seat.user), seat.organisation)
    return cards(seat, rows, clock.now())


def home_trips(seat: Seat, *, most: int = 4) -> list[TripCard]:
    """Return the tickets of the home page: trips under way, then ahead, soonest first."""
    at = clock.now()
    mine = Trip.objects.for_org(seat.organisation).filter(user=seat.user)
    rows = with_stops(mine.filter(_not_over(at), state__in=WATCHED), seat.organisation)
    return cards(seat, rows.order_by("starts_at", "id")[:most], at)


def trips_for(user: User) -> TenantQuerySet[Trip]:
    """Return the person's own trips, in whichever organisation."""
    return Trip.objects.of_user(user).select_related("organisation")


def trips_under_way(user: User) -> list[Trip]:
    """Return the person's trips that have begun and not ended, in whichever organisation."""
    at = clock.now()
    return list(trips_for(user).filter(_not_over(at), starts_at__lte=at, state__in=WATCHED))


def stay_now(user: User) -> Stay | None:
    """Return where the person's trips say they are now, the surest and latest first; None at home or on the way."""
    at = clock.now()
    rows = Stay.objects.of_user(user).filter(from_at__lte=at, to_at__gte=at, trip__state__in=WATCHED)
    return rows.order_by("-certain", "tentative", "-from_at", "-id").first()


def trips_of_organisation(seat: Seat, *, state: str = "", words: str = "") -> TenantQuerySet[Trip]:
    """Return the organisation's trips for its managers, by state ("": all) and words of name, title or address.

    Raises NotFound without the right, ValueError for a state that there is not.
    """
    if not seat.may(VIEW):
        raise NotFound("trips")
    rows = Trip.objects.for_org(seat.organisation).select_related("user", "membership", "organisation")
    rows = rows.exclude(state=Trip.State.DRAFT)
    if state:
        rows = rows.filter(_in_state(state, clock.now()))
    for word in words.split():
        rows = rows.filter(
            Q(title__icontains=word) | Q(user__given_name__icontains=word)
            | Q(user__family_name__icontains=word) | Q(user__email__icontains=word) | Q(user__stands_for__icontains=word)
            | Q(stays__label__icontains=word)
        ).distinct()  # fmt: skip
    return rows.order_by("starts_at", "id")


def counts_of_organisation(seat: Seat) -> dict[str, int]:
    """Return how many trips of the organisation are in each state of STATES, in one statement."""
    at = clock.now()
    rows = trips_of_organisation(seat).order_by()
    found: dict[str, int] = rows.aggregate(**{state: Count("pk", filter=_in_state(state, at)) for state in STATES})
    return found


def who_is_where(seat: Seat, at: datetime | None = None) -> list[Located]:
    """Return the organisation's travellers at an instant, by country and name; once for each place they may be.

    Raises NotFound without the right "trips.view".
    """
    if not seat.may(VIEW):
        raise NotFound("trips")
    moment = at or clock.now()
    return sorted(
        [*_staying(seat.organisation, moment), *_on_the_way(seat.organisation, moment)],
        key=lambda one: (one.country_code, one.user.name.casefold(), one.from_at),
    )


def with_stops(rows: TenantQuerySet[Trip], organisation: Organisation) -> TenantQuerySet[Trip]:
    """Return the rows so that `cards` asks for no stop or place one by one."""
    stops = Stop.objects.for_org(organisation).select_related("place", "to_place").order_by("seq")
    return rows.select_related("entered_by").prefetch_related(Prefetch("stops", queryset=stops))


def _not_over(at: datetime) -> Q:
    return Q(ends_at__isnull=True) | Q(ends_at__gte=at)


def _in_state(state: str, at: datetime) -> Q:
    if state not in STATES:
        raise ValueError(f"no state {state!r}")
    if state == "cancelled":
        return Q(state=Trip.State.CANCELLED)
    if state in DECIDED:
        return Q(state=DECIDED[state]) & _not_over(at)
    registered = Q(state__in=WATCHED)
    if state == "past":
        return registered & Q(ends_at__lt=at)
    if state == "ahead":
        return registered & Q(starts_at__gt=at)
    return registered & Q(starts_at__lte=at) & _not_over(at)


def _staying(organisation: Organisation, at: datetime) -> list[Located]:
    rows = Stay.objects.for_org(organisation).select_related("user", "trip", "trip__organisation")
    rows = rows.filter(from_at__lte=at, to_at__gte=at, trip__state__in=WATCHED)
    return [
        Located(
            stay.user, stay.trip, stay.label, stay.country_code, stay.zone, stay.from_at, stay.to_at,
            stay.tentative, stay.certain, False, stay,
        )
        for stay in rows
    ]  # fmt: skip


def _on_the_way(organisation: Organisation, at: datetime) -> list[Located]:
    rows = Stop.objects.for_org(organisation).select_related("trip__user", "trip__organisation", "place", "to_place")
    rows = rows.filter(
        to_place__isnull=False, depart_at__lt=at, arrive_at__gt=at, trip__state__in=WATCHED
    )
    found: list[Located] = []
    for stop in rows:
        if stop.to_place is None or stop.depart_at is None:
            continue
        label = f"{name_of(stop.place)} – {name_of(stop.to_place)}"
        found.append(
            Located(
                stop.trip.user, stop.trip, label, stop.to_place.country_code, stop.arrive_zone,
                stop.depart_at, stop.arrive_at, stop.tentative, True, True,
            )
        )  # fmt: skip
    return found


__all__ = [
    "STATES",
    "Located",
    "TripCard",
    "cards",
    "countries_of",
    "counts_of_organisation",
    "home_trips",
    "own_trips",
    "stay_now",
    "stops_of",
    "trips_for",
    "trips_of_organisation",
    "trips_under_way",
    "who_is_where",
    "with_stops",
]  # fmt: skip
