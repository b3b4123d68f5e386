"""Neighbouring districts of one source: who was told that a place is inside one is not told of those around it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from safeconduct.alerts import incidents
from safeconduct.alerts.models import AlertVersion
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.matching import jobs, telling
from safeconduct.matching.models import Exposure
from tests.alerts.messages import message, put
from tests.conftest import World
from tests.matching.conftest import NOW, TripMaker, mails, told, work
from tests.matching.test_incidents import STAY, cancels, not_told, says

HERE = "38,-10 38,-8 39,-8 39,-10 38,-10"
"""Holds Lisbon (38.72 N, 9.14 W)."""
NORTH = "38.77,-10 38.77,-9.3 38.77,-8 40,-8 40,-10 38.77,-10"
"""Begins 5 km north of its centre."""
SOUTH = "37,-10 37,-8 38.66,-8 38.66,-10 37,-10"
ELSEWHERE = ("Porto", "2026-11-27T10:00", "2026-11-29T10:00")


def of_type(key: str, identifier: str, word: str, polygon: str, *, severity: str = "Severe") -> AlertVersion:
    """Let a source warn of something else than a storm."""
    office, _new = Source.objects.get_or_create(key=key, defaults={"name": key.title(), "format": "cap"})
    data = message(identifier, sender=f"{key}@example.org", polygon=polygon, severity=severity)
    version = put(data.replace(b"<event>Storm<", f"<event>{word}<".encode()), source=office).version
    incidents.place_all([version], at=NOW)
    return version


def strengths(world: World) -> list[str]:
    rows = Exposure.objects.for_org(world.northfield).order_by("event_id")
    return list(rows.values_list("strength", flat=True))


def opened() -> int:
    return [kind for kind, _who in told()].count("exposure.opened")


def test_who_is_inside_one_is_not_told_of_those_around_it(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("met", "A", polygon=HERE)
    work()
    says("met", "B", polygon=NORTH)
    says("met", "C", polygon=SOUTH, severity="Moderate")
    work()
    assert strengths(world) == ["inside", "touches", "touches"]
    assert opened() == len(mails()) == 1
    assert not_told(world) == ["neighbour", "neighbour"]
    assert work(NOW + timedelta(minutes=5)) == 0


def test_why_stands_where_people_look(world: World, trip_of: TripMaker, client: Client) -> None:
    trip_of(world.bob, STAY)
    says("met", "A", polygon=HERE)
    near = says("met", "B", polygon=NORTH)
    work()
    client.force_login(world.bob)
    with clock.held_at(NOW):
        page = client.get(f"/alerts/{near.public_id}/").content.decode()
    assert "Told already of a like warning from this source for the same place" in page


def test_of_those_due_at_once_the_one_that_holds_the_place_is_told(world: World, trip_of: TripMaker) -> None:
    says("met", "B", polygon=NORTH)
    says("met", "C", polygon=SOUTH)
    says("met", "A", polygon=HERE, headline="Here")
    trip_of(world.bob, STAY)
    work()
    assert [mail.subject for mail in mails()] == ["Severe: Here"]
    assert not_told(world) == ["neighbour", "neighbour"]


def test_also_where_they_are_due_at_different_times(world: World, trip_of: TripMaker) -> None:
    says("met", "B", polygon=NORTH)
    says("met", "A", polygon=HERE, headline="Here")
    trip_of(world.bob, STAY)
    rows = Exposure.objects.for_org(world.northfield)
    with clock.held_at(NOW), pytest.MonkeyPatch.context() as patch:
        patch.setattr(telling, "tell_due", lambda *_args: 0)
        jobs.run_due()
    rows.filter(strength="touches").update(tell_due_at=NOW - timedelta(minutes=1))
    with clock.held_at(NOW):
        assert telling.tell_due(jobs.everybody(), NOW, 1) == 2
    assert [mail.subject for mail in mails()] == ["Severe: Here"]


def test_of_several_that_merely_touch_one_is_told_and_what_holds_the_place_always(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, STAY)
    says("met", "B", polygon=NORTH)
    says("met", "C", polygon=SOUTH)
    work()
    assert opened() == 1
    says("met", "A", polygon=HERE)
    says("met", "D", polygon="38.5,-10 38.5,-8 39,-8 39,-10 38.5,-10")
    work()
    assert opened() == 3
    assert not_told(world) == ["neighbour"]


@pytest.mark.parametrize(
    ("word", "severity", "source"),
    [("Storm", "Extreme", "met"), ("Flood", "Severe", "met"), ("Storm", "Severe", "other")],
)
def test_worse_another_type_or_another_source_is_told(
    world: World, trip_of: TripMaker, word: str, severity: str, source: str
) -> None:
    trip_of(world.bob, STAY)
    says("met", "A", polygon=HERE)
    work()
    of_type(source, "B", word, NORTH, severity=severity)
    work()
    assert (opened(), not_told(world)) == (2, [])


def test_two_attacks_are_two(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    of_type("police", "A", "Shooting", HERE)
    of_type("police", "B", "Shooting", NORTH)
    work()
    assert (opened(), not_told(world)) == (2, [])


def test_another_time_or_another_stop_is_told(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY, ELSEWHERE)
    says("met", "A", polygon=HERE, expires="2026-11-20T18:00:00+00:00")
    work()
    says("met", "B", polygon=NORTH, sent="2026-11-20T19:00:00+00:00")
    work()
    assert opened() == 2
    says(
        "met",
        "C",
        polygon="38.77,-10 38.77,-8 41.1,-8 41.1,-10 38.77,-10",
        expires="2026-12-01T10:00:00+00:00",
    )
    work()
    assert opened() == 3


@pytest.mark.parametrize("how", ["cancel", "expiry", "milder"])
def test_when_the_told_one_no_longer_holds_one_of_the_rest_is_told(
    world: World, trip_of: TripMaker, how: str
) -> None:
    trip_of(world.bob, STAY)
    says("met", "A", polygon=HERE, expires="2026-11-20T18:00:00+00:00")
    says("met", "B", polygon=NORTH)
    says("met", "C", polygon=SOUTH)
    work()
    assert opened() == 1
    later: Any = NOW + timedelta(minutes=5)
    if how == "cancel":
        cancels("met", "A", at=later)
    elif how == "milder":
        more = {"severity": "Minor", "references": "met@example.org,A,2026-11-20T10:00:00+00:00"}
        says("met", "A2", msg_type="Update", sent="2026-11-20T12:04:00+00:00", polygon=HERE, at=later, **more)
    else:
        later = NOW + timedelta(hours=7)
    work(later)
    assert opened() == 2
    assert not_told(world).count("neighbour") >= 2
    assert work(later + timedelta(minutes=1)) == 0
