"""Trips ahead compared with the levels of now: once for each change of a level, and never by a rule that is another by now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from safeconduct.lib import clock
from safeconduct.trips import jobs
from safeconduct.trips.comparing import compare
from safeconduct.trips.models import ApprovalRule, Trip
from tests.advisories import registers
from tests.conftest import World
from tests.trips.conftest import Draft
from tests.trips.test_approval import NOW, State, approve, bobs, nairobi, rule, state_of


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with clock.held_at(NOW):
        yield


def the_rule(world: World) -> ApprovalRule:
    return ApprovalRule.objects.for_org(world.northfield).select_related("organisation").get()


def level(number: int, day: int) -> None:
    registers.put(registers.entry("Kenya", number), at=registers.NOW + day * registers.DAY)


def locked(captured: CaptureQueriesContext) -> list[str]:
    """What was read of stops: only trips that are looked at closely."""
    return [one["sql"] for one in captured if 'FROM "trips_stop"' in one["sql"]]


@pytest.mark.parametrize("is_decided", [True, False])
def test_levels_that_fell_are_looked_at_once(
    world: World, draft: Draft, is_decided: bool
) -> None:
    registers.put(registers.entry("Kenya", 4))
    rule(world, advisory_from=2)
    trip = bobs(world, nairobi(draft))
    if is_decided:
        approve(world, trip)
    for number, day in ((3, 1), (1, 2), (4, 3)):
        level(number, day)
        with CaptureQueriesContext(connection) as first:
            assert compare(the_rule(world)) == 0
        with CaptureQueriesContext(connection) as second:
            assert compare(the_rule(world)) == 0
        assert not locked(second) and (locked(first) or number == 4), number
    assert state_of(trip) == (State.APPROVED if is_decided else State.AWAITING)


def test_what_fell_and_rises_beyond_what_was_approved_asks_again(world: World, draft: Draft) -> None:
    registers.put(registers.entry("Kenya", 3))
    rule(world, advisory_from=2)
    trip = bobs(world, nairobi(draft))
    approve(world, trip)
    for number, day, asked in ((2, 1, 0), (3, 2, 0), (4, 3, 1)):
        level(number, day)
        assert compare(the_rule(world)) == asked, number
    assert state_of(trip) == State.AWAITING
    assert "compared" not in Trip.objects.for_org(world.northfield).get(pk=trip.pk).weighed


def test_stops_of_many_trips_are_read_at_once(world: World, draft: Draft) -> None:
    registers.put(registers.entry("Kenya", 2))
    rule(world, advisory_from=3)
    for _number in range(3):
        bobs(world, nairobi(draft))
    level(1, 1)
    rule(world, advisory_from=2)
    with CaptureQueriesContext(connection) as captured:
        compare(the_rule(world))
    assert len(locked(captured)) == 1


def test_a_rule_switched_off_meanwhile_asks_nothing(world: World, draft: Draft) -> None:
    registers.put(registers.entry("Kenya", 2))
    rule(world, advisory_from=3)
    trip = bobs(world, nairobi(draft))
    level(4, 1)
    stale = the_rule(world)
    rule(world, advisory_from=3, is_on=False)
    assert compare(stale) == 0 and state_of(trip) == State.REGISTERED
    rule(world, advisory_from=4)
    assert compare(stale) == 0 and state_of(trip) == State.REGISTERED, "another rule, by another version"
    rule(world, advisory_from=4, asks_known=True)
    assert compare(the_rule(world)) == 1 and state_of(trip) == State.AWAITING


@pytest.mark.parametrize("is_on", [True, False])
def test_a_change_while_it_is_compared_stays_due(world: World, monkeypatch: pytest.MonkeyPatch, is_on: bool) -> None:
    rule(world, always=True)
    held: list[str] = []

    def changes(row: ApprovalRule) -> int:
        with clock.held_at(NOW + timedelta(seconds=20)):
            rule(world, countries=["KE"], is_on=is_on)
        held.append(the_rule(world).lease_by)
        return 0

    monkeypatch.setattr(jobs, "compare", changes)
    jobs.approve_due()
    kept = the_rule(world)
    assert kept.due_at == (NOW + timedelta(seconds=20) if is_on else None)
    assert held[0] and (kept.lease_by, kept.lease_until) == ("", None), "the lease was the worker\u2019s until it was done"
    monkeypatch.setattr(jobs, "compare", lambda _row: 0)
    with clock.held_at(NOW + timedelta(seconds=30)):
        jobs.approve_due()
    assert the_rule(world).due_at == (NOW + timedelta(seconds=330) if is_on else None)
