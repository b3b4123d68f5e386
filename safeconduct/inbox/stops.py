"""From a reservation to the stop that it makes, and from stored stops to drafts. Guesses no place: reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from safeconduct.lib.errors import Refused
from safeconduct.places.models import Place
from safeconduct.places.queries import PlaceHit, place_by_key, search
from safeconduct.trips.bookings.model import JOURNEYS, Problem, Reading, Reservation, Spot
from safeconduct.trips.drafts import SettledStop, StopDraft, settled_stops
from safeconduct.trips.forms import LocalTimeField
from safeconduct.trips.frombooking import Row, offer_of
from safeconduct.trips.localtime import settle
from safeconduct.trips.models import Stop
from safeconduct.trips.placing import Answer, placed
from safeconduct.trips.writing import Said, said_by

DOMINANT: Final = 10
"""As trips/placing.py: so many times the people of its namesakes make a city the one that is meant."""


@dataclass(frozen=True)
class Made:
    """A stop as its reservation has it, or why there is none."""

    draft: StopDraft | None = None
    settled: SettledStop | None = None
    problems: tuple[Problem, ...] = ()
    said: Said = field(default_factory=dict)


def row_of(one: Reservation) -> Row | None:
    """Return the row of the itinerary form; None for what has no day, or was called off."""
    rows = offer_of(Reading((one,))).rows
    return rows[0] if rows else None


def blank_row_of(one: Reservation) -> Row | None:
    """Return the row of what says a day and lacks times, these left to the person; else what `row_of` returns."""
    if one.kind not in JOURNEYS or one.starts is None or one.ends is not None:
        return row_of(one)
    row = row_of(replace(one, ends=one.starts))
    if row is None:
        return None
    blank = {"arrive": ""} | ({} if one.starts.at else {"depart": ""})
    return Row({**row.values, **blank}, row.is_leg, row.doubts)


def stop_of(one: Reservation) -> Made:
    """Return the stop of a reservation, as far as there is one without a guess."""
    row = row_of(one)
    if row is None:
        return Made(problems=(Problem("missing", "starts"),))
    if one.kind in JOURNEYS and not (one.starts and one.starts.at and one.ends and one.ends.at):
        # A day is enough for a night in a house, not for when somebody is on the way.
        return Made(problems=(Problem("missing", "ends" if one.starts and one.starts.at else "starts"),))
    place = _place(one.origin, is_end=one.kind in JOURNEYS)
    to_place = _place(one.destination, is_end=True) if row.is_leg else None
    problems = [
        Problem("place.unknown", name, spot.city or spot.name or spot.iata)
        for name, spot, found, is_wanted in (
            ("origin", one.origin, place, True), ("destination", one.destination, to_place, row.is_leg),
        )
        if is_wanted and found is None
    ]  # fmt: skip
    if problems or place is None:
        return Made(problems=tuple(problems))
    values: dict[str, Any] = dict(row.values)
    times = LocalTimeField(required=False)
    draft = StopDraft(
        place=place,
        to_place=to_place,
        kind=values["kind"],
        arrive=times.clean(values["arrive"]),
        depart=times.clean(values["depart"]),
        address=values.get("address", ""),
        lat=values.get("lat") if values.get("lat") != "" else None,
        lon=values.get("lon") if values.get("lon") != "" else None,
        tentative=bool(values.get("tentative")),
        note=values["note"],
    )
    try:
        settled = settled_stops([draft])[0]
    except Refused as refusal:
        return Made(problems=(Problem("stop.refused", "", refusal.text),))
    return Made(draft, settled, (), said_by([settled])[0])


def _place(spot: Spot, *, is_end: bool) -> Place | None:
    """The one place that a spot can be: an airport by its code, a city by its name in the country that is named."""
    if spot.iata and is_end:
        found = Place.objects.filter(kind=Place.Kind.AIRPORT, code=spot.iata, state=Place.State.ACTIVE).first()
        return found if found is not None and spot.country in ("", found.country_code) else None
    name = spot.city or ("" if spot.street else spot.name)
    if not name:
        return None
    answer = placed(name)
    if answer.place is None or (spot.country and answer.place.country_code != spot.country):
        answer = _within(name, spot.country)
    place = answer.place
    if place is None or place.kind != Place.Kind.CITY or (spot.country and place.country_code != spot.country):
        return None
    return place


def _within(name: str, country: str) -> Answer:
    """The city of this name in a country, when there is one or one of them is far the largest."""
    if not country:
        return Answer()
    folded = name.strip().casefold()
    hits = [hit for hit in search(name, limit=30) if hit.kind == "city" and hit.country == country and _is_called(hit, folded)]
    if len(hits) == 1:
        return Answer(place_by_key(hits[0].key))
    people = dict(Place.objects.filter(key__in=[hit.key for hit in hits]).values_list("key", "population"))
    ordered = sorted(hits, key=lambda hit: people.get(hit.key) or 0, reverse=True)
    if len(ordered) > 1:
        first, second = (people.get(hit.key) or 0 for hit in ordered[:2])
        if first >= DOMINANT * max(second, 1):
            return Answer(place_by_key(ordered[0].key))
    return Answer()


def _is_called(hit: PlaceHit, folded: str) -> bool:
    return folded in {text.casefold() for text in (hit.name, *hit.names)}


def drafts_of(stops: Iterable[Stop]) -> list[StopDraft]:
    """Return stored stops as drafts that change nothing: each names itself, the second of two equal hours included."""
    return [
        StopDraft(
            place=stop.place,
            to_place=stop.to_place,
            kind=stop.kind,
            arrive=stop.arrive_wall,
            depart=stop.depart_wall,
            address=stop.address,
            lat=stop.lat,
            lon=stop.lon,
            tentative=stop.tentative,
            note=stop.note,
            arrive_second=_is_second(stop, "arrive"),
            depart_second=_is_second(stop, "depart"),
            public_id=stop.public_id,
        )
        for stop in stops
    ]


def _is_second(stop: Stop, name: str) -> bool:
    local, zone, at = (
        (stop.arrive_wall, stop.arrive_zone, stop.arrive_at)
        if name == "arrive"
        else (stop.depart_wall, stop.depart_zone, stop.depart_at)
    )
    if local is None:
        return False
    settled = settle(local, zone)
    return settled.oddity == "twice" and settled.at != at


def has_returned(stops: Sequence[Stop]) -> bool:
    """Return whether an itinerary comes back to where it set out: its last journey leads to where its first began."""
    legs = [stop for stop in stops if stop.to_place_id is not None]
    if len(legs) < 2 or legs[-1] is not stops[-1]:
        return False
    return legs[0].place_id == legs[-1].to_place_id
