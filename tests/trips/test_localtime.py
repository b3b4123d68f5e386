"""Wall clocks to instants: ordinary days, the skipped hour, the hour that comes twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.trips.localtime import OutOfRange, UnknownZone, end_of_day, local_of, nights_between, settle

ZONES = [
    "Europe/Berlin", "America/New_York", "Africa/Nairobi", "Asia/Kathmandu", "Australia/Lord_Howe",
    "Pacific/Apia", "Pacific/Chatham", "America/St_Johns", "Antarctica/Troll", "UTC",
]  # fmt: skip


def test_an_ordinary_time_is_taken_as_typed() -> None:
    settled = settle(datetime(2026, 11, 22, 14, 0), "Africa/Nairobi")
    assert settled.at == datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
    assert settled.local == datetime(2026, 11, 22, 14, 0)
    assert settled.oddity == ""


def test_a_time_in_the_skipped_hour_moves_forward_by_the_jump() -> None:
    settled = settle(datetime(2026, 3, 29, 2, 30), "Europe/Berlin")
    assert (settled.oddity, settled.local) == ("skipped", datetime(2026, 3, 29, 3, 30))
    assert settled.at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert settled.typed == datetime(2026, 3, 29, 2, 30)


def test_a_skipped_day_moves_forward_by_a_day() -> None:
    """Samoa left out 30 December 2011 when it crossed the date line."""
    settled = settle(datetime(2011, 12, 30, 12, 0), "Pacific/Apia")
    assert (settled.oddity, settled.local) == ("skipped", datetime(2011, 12, 31, 12, 0))


def test_an_hour_that_comes_twice_is_the_first_unless_asked() -> None:
    first = settle(datetime(2026, 10, 25, 2, 30), "Europe/Berlin")
    second = settle(datetime(2026, 10, 25, 2, 30), "Europe/Berlin", second=True)
    assert first.oddity == second.oddity == "twice"
    assert first.at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert second.at - first.at == timedelta(hours=1)
    assert second.is_second and not first.is_second


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "Europe", "europe/berlin "])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        settle(datetime(2026, 1, 1), name)


@pytest.mark.parametrize("year", [1, 1999, 2101, 9999])
def test_years_that_no_trip_is_in_are_refused(year: int) -> None:
    with pytest.raises(OutOfRange):
        settle(datetime(year, 6, 1), "UTC")


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2100, 12, 30)), st.sampled_from(ZONES), st.booleans()
)
def test_the_kept_time_is_what_the_clocks_show_at_the_instant(local: datetime, zone: str, second: bool) -> None:
    settled = settle(local, zone, second=second)
    assert local_of(settled.at, zone) == settled.local
    if settled.oddity == "skipped":
        assert settled.local > settled.typed
    else:
        assert settled.local == settled.typed
    # Settling the kept time again changes nothing.
    again = settle(settled.local, zone, second=second)
    assert (again.at, again.local) == (settled.at, settled.local) or settled.oddity == "skipped"


def test_nights_are_counted_in_the_zone_of_the_place() -> None:
    start = datetime(2026, 11, 27, 11, 0, tzinfo=ZoneInfo("Asia/Manila"))
    end = datetime(2026, 11, 29, 15, 0, tzinfo=ZoneInfo("Asia/Manila"))
    assert nights_between(start, end, "Asia/Manila") == 2
    assert nights_between(end, start, "Asia/Manila") == 0
    assert end_of_day(datetime(2026, 11, 27, 11, 5)) == datetime(2026, 11, 27, 23, 59)
