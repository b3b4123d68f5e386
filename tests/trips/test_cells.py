"""Search rows: written with the stays or not at all, for the weeks of the window, rolled on, dropped when past, erased."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection, transaction

from safeconduct.accounts.actions import erase_user
from safeconduct.lib import cells as keys
from safeconduct.lib import clock
from safeconduct.orgs.tenancy import UnscopedQuery
from safeconduct.places.extents import LARGEST_CITY_KM
from safeconduct.trips import actions, cells, hooks, jobs
from safeconduct.trips.models import Roll, Stay, StayCell, Trip
from tests.conftest import World
from tests.trips.conftest import Draft

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WEEK = keys.week_of(NOW)


@pytest.fixture(autouse=True)
def at_now(db: None) -> Iterator[None]:
    with clock.held_at(NOW):
        Roll.objects.all().delete()
        Roll.objects.create(first_week=WEEK - 1, last_week=WEEK + 26, done_at=NOW)
        yield


def rows(world: World) -> list[StayCell]:
    return list(StayCell.objects.for_org(world.northfield).order_by("key", "stay_id"))


def weeks(world: World) -> list[int]:
    """Weeks of the rows, seen from this one."""
    return sorted({(row.key >> keys.WEEK_SHIFT) - WEEK for row in rows(world)})


def register(world: World, *stops: object) -> Trip:
    return actions.register_trip(world.seat(world.bob), title="Trip", stops=stops, by=world.bob)  # type: ignore[arg-type]


def test_a_stay_has_a_row_for_each_week_with_its_margin(world: World, draft: Draft) -> None:
    trip = register(world, draft("Lisbon", "2026-12-01T10:00", "2026-12-10T10:00"))
    stay = trip.stays.get()
    found = rows(world)
    assert [row.key for row in found] == [
        keys.key_of(WEEK + n, keys.cell_of(stay.lon, stay.lat)) for n in (1, 2)
    ]
    for row in found:
        assert (row.stay_id, row.trip_id, row.user_id) == (stay.pk, trip.pk, world.bob.pk)
        assert (row.lon, row.lat, row.radius_km) == (stay.lon, stay.lat, stay.radius_km)
        assert (row.from_epoch, row.to_epoch) == (stay.from_at.timestamp(), stay.to_at.timestamp())
    # Left on a Sunday: the day of margin reaches into the next week.
    register(world, draft("Lisbon", "2026-12-16T10:00", "2026-12-20T20:00"))
    assert weeks(world) == [1, 2, 3, 4]


def test_only_weeks_of_the_window_have_rows(world: World, draft: Draft) -> None:
    register(world, draft("Lisbon", "2026-06-01T10:00", ""))
    assert weeks(world) == list(range(-1, 27))
    register(world, draft("Lisbon", "2028-01-01T10:00", "2028-01-05T10:00"))
    register(world, draft("Lisbon", "2026-06-01T10:00", "2026-06-05T10:00"))
    assert len(rows(world)) == 28


def test_a_country_is_keyed_by_its_code(world: World, draft: Draft) -> None:
    register(world, draft("iso:FJ", "2026-12-03T10:00", "2026-12-04T10:00"))
    (row,) = rows(world)
    assert row.key == keys.country_key(WEEK + 1, "FJ") < 0
    assert row.radius_km == 0


def test_a_country_without_a_code_has_no_rows() -> None:
    stay = SimpleNamespace(
        extent_kind="country", lon=0.0, lat=0.0, country_code="", from_at=NOW, to_at=NOW + timedelta(days=3)
    )
    assert cells.keys_of(stay, cells.window(NOW)) == []


def test_a_change_writes_them_anew_and_a_cancel_takes_them_away(world: World, draft: Draft) -> None:
    trip = register(world, draft("Lisbon", "2026-12-01T10:00", "2026-12-02T10:00"))
    before = {row.stay_id for row in rows(world)}
    trip = actions.change_trip(
        trip, title="Trip", stops=[draft("Paris", "2027-01-13T10:00", "2027-01-14T10:00")], by=world.bob
    )
    assert weeks(world) == [7]
    assert not before & {row.stay_id for row in rows(world)}
    actions.cancel_trip(trip, by=world.bob)
    assert rows(world) == []


def test_stays_and_rows_are_one_transaction(
    world: World, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_args: object) -> None:
        assert Stay.objects.across_orgs("a test").exists()
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(cells, "write", fails)
    with pytest.raises(RuntimeError), transaction.atomic():
        register(world, draft("Lisbon", "2026-12-01T10:00", "2026-12-02T10:00"))
    assert not Trip.objects.for_org(world.northfield).exists()


def test_erasing_a_person_takes_their_rows(world: World, draft: Draft) -> None:
    register(world, draft("Lisbon", "2026-12-01T10:00", "2026-12-02T10:00"))
    erase_user(world.bob, by=world.bob)
    assert StayCell.objects.across_orgs("a test").count() == 0


def test_no_stay_is_larger_than_the_search_reaches(world: World) -> None:
    assert cells.REACH_KM >= LARGEST_CITY_KM


def test_the_table_is_its_own_index() -> None:
    if connection.vendor == "sqlite":
        sql = "SELECT sql FROM sqlite_master WHERE name = 'trips_staycell'"
    else:
        sql = "SELECT indexdef FROM pg_indexes WHERE indexname = 'trips_staycell_pkey'"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        (made,) = cursor.fetchone()
    assert (
        "WITHOUT ROWID" in made
        or "INCLUDE (trip_id, user_id, lon, lat, radius_km, from_epoch, to_epoch)" in made
    )


def test_raw_rows_needs_the_door_across_organisations(world: World) -> None:
    with pytest.raises(UnscopedQuery):
        StayCell.objects.for_org(world.northfield).raw_rows("SELECT 1")
    with pytest.raises(UnscopedQuery):
        StayCell.objects.all().raw_rows("SELECT 1")
    assert StayCell.objects.across_orgs("a test").raw_rows("SELECT %s", [7]) == [(7,)]


def test_a_week_later_one_more_week_is_taken_in_and_a_past_one_goes(
    world: World, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[list[int]] = []
    monkeypatch.setattr(hooks, "rolled", told.append)
    long = register(world, draft("Lisbon", "2026-06-01T10:00", ""))
    ahead = register(world, draft("Paris", "2027-06-02T10:00", "2027-06-03T10:00"))
    register(world, draft("iso:FR", "2026-11-24T10:00", "2026-11-24T12:00"))
    past = register(world, draft("Paris", "2026-11-17T10:00", "2026-11-18T10:00"))
    assert jobs.run_due() == 0
    with clock.held_at(NOW + timedelta(days=7)):
        assert jobs.run_due() > 0
        assert jobs.run_due() == 0
    lisbon = [row for row in rows(world) if row.trip_id == long.pk]
    assert sorted((row.key >> keys.WEEK_SHIFT) - WEEK for row in lisbon) == list(range(28))
    assert [row.trip_id for row in rows(world) if row.trip_id == ahead.pk] == [ahead.pk]
    assert not [row for row in rows(world) if row.trip_id == past.pk]
    assert told == [[long.pk, ahead.pk]]
    with clock.held_at(NOW + timedelta(days=14)):
        while jobs.run_due():
            pass
    assert not [row for row in rows(world) if row.key < 0], "rows of countries go as well"


def test_an_hour_passes_before_a_week_is_taken_in(world: World) -> None:
    monday = keys.week_begins_at(WEEK + 1)
    with clock.held_at(monday + timedelta(minutes=50)):
        jobs.run_due()
        assert Roll.objects.count() == 1
    with clock.held_at(monday + timedelta(minutes=61)):
        jobs.run_due()
        assert Roll.objects.count() == 2


def test_a_worker_that_was_off_for_weeks_takes_them_in_together(world: World, draft: Draft) -> None:
    register(world, draft("Lisbon", "2026-06-01T10:00", ""))
    later = NOW + timedelta(weeks=5)
    with clock.held_at(later):
        while jobs.run_due():
            pass
    assert weeks(world) == list(range(4, 28)), "an open end reaches one year"
    newest = Roll.objects.latest("first_week")
    assert (newest.first_week, newest.last_week) == (WEEK + 27, WEEK + 31)


def test_a_killed_roll_goes_on_where_it_was(
    world: World, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    monkeypatch.setattr(jobs, "PAGE", 1)
    for _ in range(3):
        register(world, draft("Lisbon", "2027-06-02T10:00", "2027-06-03T10:00"))
    calls: list[list[int]] = []

    def dies(trips: list[int]) -> None:
        calls.append(trips)
        if len(calls) == 2:
            raise Killed

    monkeypatch.setattr(hooks, "rolled", dies)
    later = NOW + timedelta(days=7)
    with clock.held_at(later), pytest.raises(Killed):
        jobs.run_due()
    assert len(rows(world)) == 1
    with clock.held_at(later + timedelta(seconds=1)):
        assert jobs.run_due() == 0, "its lease holds"
    with clock.held_at(later + timedelta(seconds=jobs.LEASE_SECONDS + 1)):
        jobs.run_due()
    assert len(rows(world)) == 3
    assert len(calls) == 4
    assert Roll.objects.latest("first_week").done_at is not None


def test_a_roll_stops_at_its_limit_and_is_free_for_the_next(
    world: World, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PAGE", 1)
    for _ in range(3):
        register(world, draft("Lisbon", "2027-06-02T10:00", "2027-06-03T10:00"))
    with clock.held_at(NOW + timedelta(days=7)):
        assert jobs.run_due(limit=2) == 2
        assert jobs.run_due(limit=2) == 1


def test_what_a_folder_of_before_holds_gets_its_rows(world: World, draft: Draft) -> None:
    register(
        world,
        draft("Lisbon", "2026-12-01T10:00", "2026-12-02T10:00"),
        draft("iso:FJ", "2026-12-08T10:00", ""),
    )
    before = [(row.pk, row.trip_id, row.from_epoch) for row in rows(world)]
    StayCell.objects.across_orgs("a test").delete()
    Roll.objects.all().delete()
    fill = importlib.import_module("safeconduct.trips.migrations.0003_fill_search_rows")
    for _twice in range(2):
        fill.fill(apps, SimpleNamespace(connection=connection))
    assert [(row.pk, row.trip_id, row.from_epoch) for row in rows(world)] == before
    assert Roll.objects.get().last_week == WEEK + 26


def test_a_clock_that_ran_ahead_for_a_moment_costs_nobody_a_warning(world: World, draft: Draft) -> None:
    """Rows dropped as past come back, and weeks that counted as rolled take in trips registered since."""
    register(world, draft("Lisbon", "2026-11-28T10:00", "2026-12-10T10:00"))
    before = [row.key for row in rows(world)]
    with clock.held_at(NOW + timedelta(days=3 * 365)):
        jobs.run_due()
        assert rows(world) == []
    register(world, draft("Porto", "2027-08-01T10:00", "2027-08-04T10:00"))
    jobs.run_due()
    assert [row.key for row in rows(world)] == before
    later = NOW + timedelta(weeks=30)
    with clock.held_at(later):
        jobs.run_due()
        assert {(row.key >> keys.WEEK_SHIFT) - WEEK for row in rows(world)} == {35, 36}


def test_a_clock_a_week_ahead_is_rolled_again_for_that_week(world: World, draft: Draft) -> None:
    """The week that was taken in too early is taken in once more when it comes into reach."""
    with clock.held_at(NOW + timedelta(weeks=1)):
        jobs.run_due()
    register(world, draft("Porto", "2027-06-02T10:00", "2027-06-03T10:00"))
    assert rows(world) == []
    jobs.run_due()
    with clock.held_at(NOW + timedelta(weeks=1)):
        jobs.run_due()
    assert weeks(world)
