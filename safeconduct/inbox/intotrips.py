"""Bookings into trips, changed there and taken out again, through trips/actions.py. In the caller's transaction.

What a person changed by hand since stays (three-way, as trips/renewing.py does for files); what they took out stays out.
A trip is locked and read again before anything of it is decided: two bookings of one document may be in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Prefetch

from safeconduct.accounts.models import User
from safeconduct.inbox import rules
from safeconduct.inbox.keeping import digest_of, plain_of
from safeconduct.inbox.models import Booking
from safeconduct.inbox.rules import Span
from safeconduct.inbox.stops import drafts_of, has_returned
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.access import Seat
from safeconduct.places.models import Place
from safeconduct.trips.actions import cancel_trip, change_trip, register_trip
from safeconduct.trips.bookings.model import Reservation
from safeconduct.trips.drafts import SettledStop, StopDraft, checked_title, settled_stops, span_of
from safeconduct.trips.models import Stop, Trip
from safeconduct.trips.writing import SAID, Said, draft_of, said_by, said_of

OUT = (Trip.State.DRAFT, Trip.State.REFUSED, Trip.State.CANCELLED)
"""Trips that nothing joins by itself: not registered, or not to take place."""


@dataclass(frozen=True)
class Item:
    """A booking to enter: what it says, the stop as it is to be, and as the document alone would have it."""

    booking: Booking
    reservation: Reservation
    draft: StopDraft
    base: Said

    @property
    def reference(self) -> str:
        """The reference by which it is known again."""
        return rules.known_by(self.reservation).reference


def enter(seat: Seat, items: Sequence[Item], *, by: User | None) -> dict[int, str]:
    """Enter bookings, those that belong together into one trip; return why one was refused, by the booking's key."""
    settled = [settled_stops([item.draft])[0] for item in items]
    spans = [
        Span(one.starts_at, one.ends_at, frozenset(filter(None, [item.reference])))
        for item, one in zip(items, settled, strict=True)
    ]
    refused: dict[int, str] = {}
    for members in rules.clusters(spans):
        group = [items[number] for number in members]
        try:
            with transaction.atomic():
                put_together(seat, group, [], title="", by=by)
        except Refused as refusal:
            refused |= {item.booking.pk: refusal.text for item in group}
    return refused


def put_together(
    seat: Seat, items: Sequence[Item], others: Sequence[StopDraft], *, title: str, by: User | None
) -> Trip:
    """Return the trip that these bookings, and stops that no booking is behind, are in now: one of the person's that they
    belong into, else a new one. Raises Refused."""
    fresh = [*(replace(item.draft, public_id="") for item in items), *(replace(one, public_id="") for one in others)]
    start, end = span_of(settled_stops(fresh))
    span = Span(start, end, frozenset(filter(None, (item.reference for item in items))))
    trips = _trips(seat)
    at = rules.best(span, _spans(trips, seat))
    adopted: dict[int, Stop] = {}
    found = None if at is None else _again(trips[at])
    if found is None:
        trip = register_trip(seat, title=title, stops=fresh, by=by)
    else:
        trip, known = found, _stops(found)
        free = _free(trip, known, items)
        for item in items:
            if (stop := _stop_like(item.base, free)) is not None:
                adopted[item.booking.pk] = stop
                free.remove(stop)
        added = [replace(item.draft, public_id="") for item in items if item.booking.pk not in adopted]
        added += fresh[len(items) :]
        if added:
            trip = _with_stops(trip, known, [*drafts_of(known), *added], by=by)
    _link(trip, items, adopted)
    return trip


def _free(trip: Trip, stops: Sequence[Stop], items: Sequence[Item]) -> list[Stop]:
    """The stops that no other booking is behind: two never share one, or calling off the one would take both out."""
    rows = Booking.objects.for_org(trip.organisation).filter(trip=trip, state=Booking.State.ENTERED, stop__isnull=False)
    taken = set(rows.exclude(pk__in=[item.booking.pk for item in items]).values_list("stop_id", flat=True))
    return [stop for stop in stops if stop.pk not in taken]


def _link(trip: Trip, items: Sequence[Item], adopted: dict[int, Stop]) -> None:
    """Tie each booking to its stop: the one that was there already, else the new one that says what it said."""
    there = {stop.pk for stop in adopted.values()}
    spare = [stop for stop in _free(trip, _stops(trip), items) if stop.pk not in there]
    now = clock.now()
    for item in items:
        wanted = said_by(settled_stops([item.draft]))[0]
        stop = adopted.get(item.booking.pk) or next((one for one in spare if said_of([one])[0] == wanted), None)
        spare = [one for one in spare if stop is None or one.pk != stop.pk]
        booking = item.booking
        booking.trip, booking.stop = trip, stop
        booking.state, booking.offered, booking.came_as = Booking.State.ENTERED, {}, item.base
        note(booking, item.reservation, now)
        booking.save()


def note(booking: Booking, one: Reservation, now: datetime) -> None:
    """Keep what a booking says now. Writes no row."""
    digest = digest_of(one)
    booking.said, booking.changed_at = plain_of(one), now
    if not booking.seen or booking.seen[-1] != digest:
        booking.seen = [*booking.seen, digest][-50:]
    booking.kind, booking.reference = one.kind, one.number[:80]
    booking.carrier = (one.provider.iata or one.provider.name)[:120]
    booking.number = one.trip_number[:40]
    booking.starts_on = one.starts.on if one.starts else None


NOTED = ("said", "changed_at", "seen", "kind", "reference", "carrier", "number", "starts_on")
"""The columns that `note` sets."""


def change(booking: Booking, one: Reservation, new: Said, places: dict[int, Place], *, by: User | None) -> str:
    """Bring the stop of an entered booking to what it says now; return what that did: "changed", "kept" (some of it was
    changed by hand, and stays) or "gone" (its stop or trip is no more). Raises Refused."""
    base = booking.came_as
    booking.came_as, booking.offered = new, {}
    note(booking, one, clock.now())
    trip = _again(booking.trip)
    known = _stops(trip) if trip is not None else []
    at = next((number for number, each in enumerate(known) if each.pk == booking.stop_id), None)
    if trip is None or at is None:
        booking.save(update_fields=["came_as", "offered", *NOTED])
        return "gone"
    stop = known[at]
    booking.trip, booking.stop = trip, stop
    ours = said_of([stop])[0]
    kept: list[str] = []
    merged = {name: _chosen(name, base.get(name), ours[name], new[name], kept) for name in SAID}
    if merged != ours:
        drafts = drafts_of(known)
        found = places | {place.pk: place for each in known for place in (each.place, each.to_place) if place is not None}
        drafts[at] = replace(
            draft_of(merged, found, public_id=stop.public_id),
            arrive_second=drafts[at].arrive_second and merged["arrive_local"] == ours["arrive_local"],
            depart_second=drafts[at].depart_second and merged["depart_local"] == ours["depart_local"],
        )
        _with_stops(trip, known, drafts, by=by)
    booking.save()
    return "kept" if kept else "changed"


def _chosen(name: str, base: Any, ours: Any, new: Any, kept: list[str]) -> Any:
    if ours in (base, new):
        return new
    if new != base:
        kept.append(name)
    return ours


def take_out(booking: Booking, *, by: User | None) -> str:
    """Take a booking's stop out of its trip; return "cancelled", or "trip.cancelled" when nothing else was left of it."""
    stop_id, trip = booking.stop_id, _again(booking.trip)
    booking.state, booking.offered, booking.stop = Booking.State.CANCELLED, {}, None
    booking.changed_at = clock.now()
    booking.save(update_fields=["letter", "state", "offered", "stop", "changed_at"])
    if trip is None or stop_id is None:
        return "cancelled"
    known = _stops(trip)
    rest = [each for each in known if each.pk != stop_id]
    others = Booking.objects.for_org(booking.organisation).filter(stop_id=stop_id, state=Booking.State.ENTERED)
    if len(rest) == len(known) or others.exists():
        return "cancelled"
    if not rest:
        cancel_trip(trip, by=by)
        return "trip.cancelled"
    _with_stops(trip, known, drafts_of(rest), by=by)
    return "cancelled"


def _with_stops(trip: Trip, known: Sequence[Stop], drafts: Sequence[StopDraft], *, by: User | None) -> Trip:
    """Change the stops; a name that was made of the places is made of the new ones."""
    before: list[SettledStop] = settled_stops(drafts_of(known))
    title = "" if trip.title == checked_title("", before) else trip.title
    return change_trip(trip, title=title, stops=drafts, by=by, revision=trip.revision)


def _again(trip: Trip | None) -> Trip | None:
    """The trip as it is now, locked as trips/actions.py locks it; None for one that is not to take place any more."""
    if trip is None:
        return None
    rows = Trip.objects.for_org(trip.organisation_id).select_related("organisation", "user").exclude(state__in=OUT)
    return rows.select_for_update(of=("self",)).filter(pk=trip.pk).first()


def _stops(trip: Trip) -> list[Stop]:
    return list(trip.stops.select_related("place", "to_place").order_by("seq"))


def _trips(seat: Seat) -> list[Trip]:
    stops = Stop.objects.for_org(seat.organisation).select_related("place", "to_place").order_by("seq")
    rows = Trip.objects.for_org(seat.organisation).filter(user=seat.user).exclude(state__in=OUT)
    return list(rows.select_related("organisation").prefetch_related(Prefetch("stops", queryset=stops)))


def _spans(trips: Sequence[Trip], seat: Seat) -> list[Span]:
    rows = Booking.objects.for_org(seat.organisation).filter(user=seat.user, trip__in=trips, state=Booking.State.ENTERED)
    references: dict[int, set[str]] = {}
    for trip_id, text in rows.values_list("trip_id", "reference"):
        if trip_id is not None and (plain := rules.plain(text)):
            references.setdefault(trip_id, set()).add(plain)
    return [
        Span(trip.starts_at, trip.ends_at, frozenset(references.get(trip.pk, ())), has_returned(list(trip.stops.all())))
        for trip in trips
    ]


def _stop_like(said: Said, stops: Sequence[Stop]) -> Stop | None:
    """The stop that the person has entered for the same thing already: places, kind and day are the same."""
    is_leg = bool(said["to_place_id"])
    begins = "depart_local" if is_leg else "arrive_local"
    for stop in stops:
        mine = said_of([stop])[0]
        ends_alike = is_leg or mine["depart_local"][:10] == said["depart_local"][:10]
        if (
            bool(mine["to_place_id"]) == is_leg
            and (mine["place_id"], mine["to_place_id"]) == (said["place_id"], said["to_place_id"])
            and mine[begins][:10] == said[begins][:10]
            and ends_alike
            and (mine["kind"] == said["kind"] or not is_leg)
        ):
            return stop
    return None
