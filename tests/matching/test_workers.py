"""Several workers, killed workers, many travellers: nothing lost, nobody told twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from safeconduct.alerts.models import AlertVersion
from safeconduct.lib import clock
from safeconduct.matching import actions, jobs, telling
from safeconduct.matching.models import Exposure, MatchRun, TripMatch
from safeconduct.notify import actions as notify_actions
from safeconduct.notify.models import Notice
from safeconduct.outbox.models import Delivery, Message
from tests.alerts.messages import put, put_quake, quake, triple
from tests.conftest import World, join, make_user
from tests.matching.conftest import NOW, TripMaker, told, work
from tests.matching.test_telling import STAY, storm


class Killed(BaseException):
    """A worker that is no more."""


def everybody_travels(world: World, trip_of: TripMaker, count: int) -> None:
    programme = world.seat(world.bob).membership.programme
    for number in range(count):
        user = make_user(f"t{number}@northfield.example.edu", f"T{number}", "Lee")
        join(user, programme)
        trip_of(user, STAY)


def test_a_second_worker_in_the_middle_of_the_first(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    trip_of(world.bob, STAY)
    put(storm())
    ordinary = actions.match_version
    asked: list[int] = []

    def with_another_meanwhile(version: object, **more: object) -> int:
        asked.append(1)
        if len(asked) == 1:
            jobs.run_due()
            assert MatchRun.objects.get().lease_by != ""
        return ordinary(version, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(actions, "match_version", with_another_meanwhile)
    work()
    assert asked == [1]
    assert told() == [("exposure.opened", "bob")]


def test_a_killed_workers_version_is_taken_over(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    trip_of(world.bob, STAY)
    put(storm())
    ordinary = jobs.tell_subscribers

    def dies(*_args: object, **_more: object) -> int:
        raise Killed

    # After the exposures were written, before the run was marked as done.
    monkeypatch.setattr(jobs, "tell_subscribers", dies)
    with clock.held_at(NOW), pytest.raises(Killed):
        jobs.run_due()
    monkeypatch.setattr(jobs, "tell_subscribers", ordinary)
    work(NOW + timedelta(seconds=5))
    assert MatchRun.objects.get().ran_at is None
    assert told() == [("exposure.opened", "bob")]
    work(NOW + timedelta(seconds=jobs.LEASE_SECONDS + 1))
    assert MatchRun.objects.get().ran_at is not None
    assert told() == [("exposure.opened", "bob")]


def test_killed_between_notice_and_mark_leaves_nothing_half_told(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    trip_of(world.bob, STAY)
    put(storm())
    ordinary = telling._mark

    def dies(*_args: object, **_more: object) -> None:
        assert Delivery.objects.count() == 1
        raise Killed

    monkeypatch.setattr(telling, "_mark", dies)
    with clock.held_at(NOW), pytest.raises(Killed):
        jobs.run_due()
    assert not Delivery.objects.exists()
    assert not Notice.objects.for_org(world.northfield).exists()
    monkeypatch.setattr(telling, "_mark", ordinary)
    work(NOW + timedelta(minutes=1))
    assert told() == [("exposure.opened", "bob")]


def test_a_version_that_fails_is_tried_again_later(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    trip_of(world.bob, STAY)
    put(storm())
    ordinary = actions.match_version

    def fails(*_args: object, **_more: object) -> int:
        raise RuntimeError("the map is torn")

    monkeypatch.setattr(actions, "match_version", fails)
    monkeypatch.setattr(jobs, "_trips", lambda *_args: 0)
    work()
    run = MatchRun.objects.get()
    assert (run.failures, run.last_error) == (1, "RuntimeError")
    monkeypatch.setattr(actions, "match_version", ordinary)
    work(NOW + timedelta(minutes=2))
    run.refresh_from_db()
    assert (run.failures, run.last_error, run.matched) == (0, "", 1)
    assert told() == [("exposure.opened", "bob")]


def test_an_old_version_never_overwrites_a_newer_verdict(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    first = put(storm()).version
    work()
    put(storm("S2", sent="2026-11-20T11:00:00+00:00", msg_type="Update", references=triple("S1"), polygon="38,-10 38,-8 40,-8 40,-10 38,-10"))
    work()
    first.event.refresh_from_db()
    assert actions.match_version(first, everybody=jobs.everybody(), now=NOW) == 0
    row = Exposure.objects.for_org(world.northfield).get()
    assert (row.state, row.closed_reason) == ("closed", "moved_away")


def test_pages_and_batches(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "PAGE", 3)
    monkeypatch.setattr(telling, "MOST_AT_ONCE", 4)
    monkeypatch.setattr(notify_actions, "MOST_AT_ONCE", 4)
    everybody_travels(world, trip_of, 10)
    put(storm())
    work()
    assert len(told()) == 10
    assert MatchRun.objects.get().matched == 10
    assert Message.objects.count() == 1
    put(storm("S2", sent="2026-11-20T11:00:00+00:00", msg_type="Update", references=triple("S1")))
    work()
    assert len(told()) == 20
    put(storm("S3", sent="2026-11-20T11:30:00+00:00", msg_type="Update", references=triple("S2"), polygon="38,-10 38,-8 40,-8 40,-10 38,-10"))
    work()
    assert [kind for kind, _who in told()][20:] == ["exposure.ended"] * 10
    assert len(set(told())) == 30


def test_a_changed_trip_is_matched_again_and_an_unchanged_one_is_not(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    trip = trip_of(world.bob, STAY)
    work()
    seen: list[int] = []
    ordinary = actions.match_trip
    monkeypatch.setattr(
        actions, "match_trip", lambda trip_id, **more: seen.append(trip_id) or ordinary(trip_id, **more)
    )
    work(NOW + timedelta(minutes=1))
    assert seen == []
    type(trip).objects.for_org(world.northfield).filter(pk=trip.pk).update(revision=trip.revision + 1)
    work(NOW + timedelta(minutes=2))
    assert seen == [trip.pk]
    assert TripMatch.objects.for_org(world.northfield).get().revision == trip.revision + 1


def test_a_batch_is_refused_above_its_size() -> None:
    from typing import cast

    from safeconduct.notify.actions import MOST_AT_ONCE, News, Telling, tell_many

    with pytest.raises(ValueError, match="at most"):
        tell_many(cast(News, None), [cast(Telling, None)] * (MOST_AT_ONCE + 1))


def test_what_has_no_area_is_settled_without_asking_and_what_follows_is_not(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    trip_of(world.bob, STAY)
    asked: list[int] = []
    ordinary = actions.match_version

    def counted(version: AlertVersion, **more: Any) -> int:
        asked.append(version.pk)
        return ordinary(version, **more)

    monkeypatch.setattr(actions, "match_version", counted)
    here = [124.9, 11.1, 10.0]
    small = put_quake(quake(mag=2.0, coordinates=here)).version
    assert small.impact_origin == "none"
    work()
    run = MatchRun.objects.get()
    assert (run.ran_at, run.due_at, asked) == (NOW, None, [])
    later = int(NOW.timestamp() * 1000)
    large = put_quake(quake(mag=6.9, coordinates=here, updated=later + 60_000)).version
    work()
    assert asked == [large.pk]
    row = Exposure.objects.for_org(world.northfield).get()
    assert row.state == "open" and told() == [("exposure.opened", "bob")]
    # The same event again without an area: that closes what the one before opened.
    gone = put_quake(quake(mag=2.0, coordinates=here, updated=later + 120_000)).version
    assert gone.impact_origin == "none" and gone.number == 3
    work()
    assert asked[-1] == gone.pk
    row.refresh_from_db()
    assert (row.state, row.closed_reason) == ("closed", "moved_away")


def test_many_without_an_area_are_settled_in_one_round_each(world: World) -> None:
    for number in range(5):
        put_quake(quake(f"us{number}", mag=1.0, coordinates=[-150.0 + number, 60.0, 5.0]))
    with clock.held_at(NOW):
        assert jobs.run_due(limit=3) == 3
        assert jobs.run_due(limit=3) == 2
        assert jobs.run_due(limit=3) == 0
    assert MatchRun.objects.filter(ran_at=NOW, due_at=None, matched=0).count() == 5
