"""What is asked of TravelAdvisor, as it is kept with a preparation; and a registered trip as such a question.

A change of planes is told from a stop by its hours: whoever goes on within a day, and stays nowhere, only changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from safeconduct.advice.answers import Change
from safeconduct.advice.briefing import Asked, AskedStop
from safeconduct.places.models import Place
from safeconduct.places.queries import localised_name
from safeconduct.trips.models import Stop, Trip

CHANGE_HOURS: Final = 24.0
MOST_NAMES: Final = 3


def as_data(asked: Asked) -> dict[str, Any]:
    """Return what was asked as plain values for a JSON column."""
    return {
        "departure": asked.departure,
        "stops": [
            {
                "country": stop.country, "place": stop.place, "name": stop.name, "arrive": _iso(stop.arrive),
                "leave": _iso(stop.leave), "via": [[change.country, change.hours] for change in stop.via],
            }
            for stop in asked.stops
        ],
        "departs_on": _iso(asked.departs_on),
        "returns_on": _iso(asked.returns_on),
        "way_home": [[change.country, change.hours] for change in asked.way_home],
        **about_data(asked),
    }  # fmt: skip


def about_data(asked: Asked) -> dict[str, Any]:
    """Return what was said of the traveller alone."""
    return {
        "passports": list(asked.passports),
        "purpose": asked.purpose,
        "interests": list(asked.interests),
        "vaccinated": sorted(asked.vaccinated),
        "not_vaccinated": sorted(asked.not_vaccinated),
    }


def asked_of(data: Mapping[str, Any]) -> Asked:
    """Return the question of such values; what is missing was not said."""
    stops = tuple(
        AskedStop(
            one["country"], one.get("place", ""), one.get("name", ""), _day(one.get("arrive")), _day(one.get("leave")),
            tuple(Change(country, hours) for country, hours in one.get("via", ())),
        )
        for one in data.get("stops", ())
    )  # fmt: skip
    asked = Asked(
        data.get("departure", ""), stops, _day(data.get("departs_on")), _day(data.get("returns_on")),
        way_home=tuple(Change(country, hours) for country, hours in data.get("way_home", ())),
    )  # fmt: skip
    return with_person(asked, data)


def with_person(asked: Asked, data: Mapping[str, Any]) -> Asked:
    """Return the question with what was said of the traveller."""
    return replace(
        asked,
        passports=tuple(data.get("passports", ())),
        purpose=data.get("purpose", ""),
        interests=tuple(data.get("interests", ())),
        vaccinated=frozenset(data.get("vaccinated", ())),
        not_vaccinated=frozenset(data.get("not_vaccinated", ())),
    )


@dataclass
class _Presence:
    """Somebody is in a country, in the order of the trip."""

    country: str
    places: list[tuple[Place, float]] = field(default_factory=list)
    arrive: datetime | None = None
    leave: datetime | None = None
    arrive_at: datetime | None = None
    leave_at: datetime | None = None
    is_stay: bool = False

    @property
    def hours(self) -> float | None:
        """How long it is from landing to take-off, None when one of them is not known."""
        if self.arrive_at is None or self.leave_at is None:
            return None
        return round((self.leave_at - self.arrive_at).total_seconds() / 3600, 1)


def asked_of_trip(stops: Sequence[Stop], *, home: str, lang: str = "", departure: str = "") -> Asked:
    """Return a trip's stops as a question. `home`: where its person leaves from if no stop says so; `departure`: what they
    said themselves goes before it; `lang`: of the names, without it there are none. Neighbouring stops in one country are one destination: rules are a country's."""
    presences, origin, departs = _presences(stops)
    start = origin or departure or home
    found: list[AskedStop] = []
    changes: list[Change] = []
    last = len(presences) - 1
    returns: date | None = None
    for n, one in enumerate(presences):
        is_home_again = n == last and n > 0 and not one.is_stay and one.country == start
        if is_home_again:
            returns = _date(one.arrive)
            break
        if one.country == start and not found and not one.is_stay and n < last:
            continue  # on the way out of the country that the journey begins in
        if _is_change(one, is_last=n == last):
            changes.append(Change(one.country, one.hours))
            continue
        place = max(one.places, key=lambda pair: pair[1])[0] if one.places else None
        found.append(
            AskedStop(
                one.country, place.key if place is not None else "", _names(one.places, lang), _date(one.arrive),
                _date(one.leave), tuple(changes),
            )
        )  # fmt: skip
        changes = []
    return Asked(start, tuple(found), _date(departs), returns, way_home=tuple(changes))


def _presences(stops: Iterable[Stop]) -> tuple[list[_Presence], str, datetime | None]:
    """Where somebody is in order, the country that the first journey leaves from, and when it does."""
    found: list[_Presence] = []
    origin, departs = "", None
    for stop in stops:
        if stop.to_place is not None:
            if not found:
                origin, departs = stop.place.country_code, stop.depart_wall
            else:
                # Whoever leaves from another country than the one before was there, since when nobody said.
                if stop.place.country_code and found[-1].country != stop.place.country_code:
                    found.append(_Presence(stop.place.country_code))
                found[-1].leave, found[-1].leave_at = stop.depart_wall, stop.depart_at
            _go_on(found, stop.to_place, arrive=stop.arrive_wall, arrive_at=stop.arrive_at)
            continue
        row = _go_on(found, stop.place, arrive=stop.arrive_wall, arrive_at=stop.arrive_at)
        row.is_stay = True
        row.leave, row.leave_at = stop.depart_wall, stop.depart_at
        seconds = (stop.depart_at - stop.arrive_at).total_seconds() if stop.depart_at else 0.0
        row.places.append((stop.place, seconds))
    return [one for one in found if one.country], origin, departs


def _go_on(found: list[_Presence], place: Place, *, arrive: datetime, arrive_at: datetime) -> _Presence:
    """The presence in this place's country: the one that lasts, or a new one."""
    if not found or found[-1].country != place.country_code:
        found.append(_Presence(place.country_code, arrive=arrive, arrive_at=arrive_at))
    return found[-1]


def _is_change(one: _Presence, *, is_last: bool) -> bool:
    return not one.is_stay and not is_last and one.hours is not None and one.hours <= CHANGE_HOURS


def _names(places: Sequence[tuple[Place, float]], lang: str) -> str:
    """Names of the places in their order, each once; of a whole country none."""
    if not lang:
        return ""
    names = dict.fromkeys(localised_name(place, lang) for place, _seconds in places if not place.is_country)
    return ", ".join(list(names)[:MOST_NAMES])


def digest_of(asked: Asked) -> str:
    """Return a digest of where and when: countries, days and changes of planes; of nothing else."""
    said: list[tuple[Any, ...]] = [
        (s.country, _iso(s.arrive), _iso(s.leave), [c.country for c in s.via]) for s in asked.stops
    ]
    if asked.way_home:
        said.append(tuple(change.country for change in asked.way_home))
    return hashlib.sha256(repr((asked.departure, said)).encode()).hexdigest()


def itinerary_digest(stops: Iterable[Stop]) -> str:
    """Return a digest of the places and days of a trip. Another hour, flight number or hotel changes nothing; another
    town does."""
    said = [
        (
            stop.place_id, stop.to_place_id, (stop.arrive_local or "")[:10], (stop.depart_local or "")[:10],
        )
        for stop in stops
    ]  # fmt: skip
    return hashlib.sha256(repr(said).encode()).hexdigest()


def itinerary_of(trip: Trip) -> str:
    """Return the digest of a stored trip."""
    return itinerary_digest(trip.stops.order_by("seq"))


def _date(at: datetime | None) -> date | None:
    return at.date() if at is not None else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
