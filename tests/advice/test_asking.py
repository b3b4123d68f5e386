"""A registered trip as a question: where somebody is entered, changed in, leaves from, and comes home through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from safeconduct.advice.actions import add_rule
from safeconduct.advice.asking import as_data, asked_of, asked_of_trip, digest_of
from safeconduct.advice.briefing import Asked
from safeconduct.advice.gathering import briefing_of
from safeconduct.places.queries import resolve
from safeconduct.trips.actions import register_trip
from safeconduct.trips.drafts import StopDraft
from safeconduct.trips.queries import stops_of
from tests.advice.rulefiles import NOW, rule_details
from tests.conftest import World

pytestmark = pytest.mark.django_db


def at(day: int, hour: int) -> datetime:
    return datetime(2027, 1, day, hour)


def flight(origin: str, to: str, leaves: datetime, hours: int) -> StopDraft:
    return StopDraft(
        place=resolve(origin), to_place=resolve(to), depart=leaves, arrive=leaves + timedelta(hours=hours), kind="flight"
    )


def asked_for(world: World, drafts: Sequence[StopDraft], **more: Any) -> Asked:
    trip = register_trip(world.seat(world.bob), title="T", stops=list(drafts), by=world.bob)
    asked = asked_of_trip(stops_of(trip), home="DE", **more)
    assert asked_of(as_data(asked)) == asked
    return asked


def there(*, depart: datetime | None = None) -> tuple[StopDraft, StopDraft]:
    """Out to Nairobi and a stay there."""
    return (
        flight("JFK", "NBO", at(11, 8), 22),
        StopDraft(place=resolve("Nairobi"), arrive=at(12, 18), depart=depart or at(20, 9)),
    )


def test_whoever_flies_home_from_another_country_was_there(world: World) -> None:
    asked = asked_for(world, [*there(), flight("CDG", "JFK", at(24, 12), 10)])
    assert [stop.country for stop in asked.stops] == ["KE", "FR"]
    assert asked.stops[1].leave == date(2027, 1, 24) and asked.stops[1].arrive is None
    assert asked.window(1) == (date(2027, 1, 20), date(2027, 1, 24))
    assert asked.returns_on is not None and asked.way_home == ()


def test_a_change_of_planes_on_the_way_home_is_one_and_its_visa_is_answered(world: World) -> None:
    asked = asked_for(world, [*there(), flight("NBO", "PEK", at(20, 12), 16), flight("PEK", "JFK", at(21, 16), 10)])
    assert [stop.country for stop in asked.stops] == ["KE"] and asked.returns_on is not None
    ((country, hours),) = [(change.country, change.hours) for change in asked.way_home]
    assert country == "CN" and hours is not None and 0 < hours <= 24
    add_rule(rule_details(destination="CN", kind="transit"), by=None)
    keys = {line.key: line for line in briefing_of(asked, lang="en", now=NOW).lines()}
    assert keys["entry.transit.CN.via"].sources and "China" in keys["trip.home.CN"].text
    assert "entry.visa.CN" not in keys and not [key for key in keys if key.startswith("contacts.embassy.CN")]
    direct = asked_for(world, [*there(), flight("NBO", "JFK", at(20, 12), 16)])
    assert direct.way_home == () and digest_of(direct) != digest_of(asked)


def test_a_feeder_inside_the_country_of_departure_is_no_change_of_planes_abroad(world: World) -> None:
    feeder = flight("BOS", "JFK", at(11, 3), 1)
    asked = asked_for(world, [feeder, *there(), flight("NBO", "JFK", at(20, 12), 16), flight("JFK", "BOS", at(21, 12), 1)])
    assert asked.departure == "US" and asked.departs_on == date(2027, 1, 11) and asked.returns_on is not None
    assert [(stop.country, stop.via) for stop in asked.stops] == [("KE", ())] and asked.way_home == ()
    inside = asked_for(world, [feeder])
    assert [stop.country for stop in inside.stops] == ["US"], "a journey inside the country stays one"
