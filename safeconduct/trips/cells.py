"""The search rows of stays: which weeks they exist for, how they are written, and how they are read by ranges of keys.

A stay has one row for each week of the window that it lies in with its margin. The window runs from last week to 26
weeks ahead; `jobs.py` rolls it. Rows are written in the transaction that writes the stays, under the lock of the trip:
whoever reads a trip's stays finds exactly its rows. Keyed is the centre; whoever searches grows the area by REACH_KM
(one row a week instead of the 2 to 6 that a box would need, and as few ranges: docs/matching.md).

Reading goes through `StayCell.objects.across_orgs("reason")` and TenantQuerySet.raw_rows, which refuses every other scope.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
from django.db import connections

from safeconduct.lib.cells import (
    WEEKS,
    Cover,
    Ints,
    cell_of,
    country_key,
    first_key,
    key_of,
    week_of,
)
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.places.extents import LARGEST_CITY_KM
from safeconduct.trips.models import Stay, StayCell

WEEKS_BACK: Final = 1
WEEKS_AHEAD: Final = 26
MARGIN: Final = timedelta(hours=24)
"""Not less than the margin of matching (matching/match.py); a test compares them."""
REACH_KM: Final = LARGEST_CITY_KM
"""No stay's disc is larger."""
COUNTRY: Final = Stay.ExtentKind.COUNTRY

Table = npt.NDArray[np.float64]


class Lasting(Protocol):
    """What the weeks of a stay are told from; models.Stay has it, and so has the one that a migration sees."""

    extent_kind: str
    lon: float
    lat: float
    country_code: str
    from_at: datetime
    to_at: datetime


def window(now: datetime) -> range:
    """Return the weeks that have rows."""
    week = week_of(now)
    return range(max(0, week - WEEKS_BACK), min(WEEKS, week + WEEKS_AHEAD + 1))


def weeks_of(stay: Lasting, weeks: range) -> range:
    """Return those of `weeks` that a stay lies in, with its margin."""
    first, last = week_of(stay.from_at - MARGIN), week_of(stay.to_at + MARGIN)
    return range(max(first, weeks.start), min(last + 1, weeks.stop))


def keys_of(stay: Lasting, weeks: range) -> list[int]:
    """Return a stay's keys in `weeks`; none for a country without a code, which no alert names either."""
    if stay.extent_kind == COUNTRY:
        code = stay.country_code
        is_code = len(code) == 2 and code.isascii() and code.isupper()
        return [country_key(week, code) for week in weeks_of(stay, weeks)] if is_code else []
    cell = cell_of(stay.lon, stay.lat)
    return [key_of(week, cell) for week in weeks_of(stay, weeks)]


def columns_of(stay: Any) -> dict[str, Any]:
    """Return what a stay's rows have in common. Seconds are rounded outwards."""
    return {
        "stay_id": stay.pk,
        "organisation_id": stay.organisation_id,
        "trip_id": stay.trip_id,
        "user_id": stay.user_id,
        "lon": stay.lon,
        "lat": stay.lat,
        "radius_km": 0.0 if stay.extent_kind == COUNTRY else stay.radius_km or 0.0,
        "from_epoch": math.floor(stay.from_at.timestamp()),
        "to_epoch": math.ceil(stay.to_at.timestamp()),
    }


def write(stays: Iterable[Stay], weeks: range) -> None:
    """Write the rows of stays in `weeks`; rows that there are stay. The caller holds the lock of their trips."""
    rows = [StayCell(key=key, **columns_of(stay)) for stay in stays for key in keys_of(stay, weeks)]
    StayCell.objects.bulk_create(rows, ignore_conflicts=True)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a search found, a row may come once for each week: trip and person, and where their disc is."""

    trips: Ints
    users: Ints
    lon: Table
    lat: Table
    radius_km: Table


RANGES_AT_ONCE: Final = 4000
"""SQLite takes 32,766 values in a statement, three for a range."""
FEW_RANGES: Final = 150
"""Up to here one statement for all costs less than two; beyond, the places of those who need no test would be read as well."""
PLACED: Final = "c.trip_id, c.user_id, c.lon, c.lat, c.radius_km"
Ranges = tuple[Ints, Ints]
"""Lower and upper ends of ranges of keys, both included."""
NO_RANGES: Final[Ranges] = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def place_keys(cover: Cover, weeks: range, *, inside: bool) -> tuple[Ints, Ints]:
    """Return the ranges of keys of a cover in weeks: those that need no exact test, or the others."""
    chosen = cover.inside if inside else ~cover.inside
    starts = np.array([first_key(week) for week in weeks], dtype=np.int64)[:, None]
    return (starts | cover.low[chosen]).ravel(), (starts | cover.high[chosen]).ravel()


def country_keys(codes: Iterable[str], weeks: range) -> Ints:
    """Return the keys of stays of which only the country is known."""
    return np.array([country_key(week, code) for week in weeks for code in sorted(codes)], dtype=np.int64)


def people_at(
    cells: TenantQuerySet[StayCell], low: Ints, high: Ints, begin: int, end: int
) -> tuple[Ints, Ints]:
    """Return (trips, people) of the stays under ranges of keys that touch a time in seconds, without margin."""
    return _pairs(_read(cells, "c.trip_id, c.user_id", (low, high), NO_RANGES, begin, end))


def rows_at(cells: TenantQuerySet[StayCell], low: Ints, high: Ints, begin: int, end: int) -> Rows:
    """Return the same with where they are, for the exact test."""
    return _table(_read(cells, PLACED, NO_RANGES, (low, high), begin, end))


def found_at(
    cells: TenantQuerySet[StayCell], sure: Ranges, unsure: Ranges, begin: int, end: int
) -> tuple[tuple[Ints, Ints], Rows]:
    """Return `people_at` of the sure ranges and `rows_at` of the others; few ranges are read at once."""
    if len(sure[0]) + len(unsure[0]) > FEW_RANGES:
        return people_at(cells, *sure, begin, end), rows_at(cells, *unsure, begin, end)
    rows = _read(cells, f"{PLACED}, r.sure", sure, unsure, begin, end)
    return _pairs([row[:2] for row in rows if row[5]]), _table([row[:5] for row in rows if not row[5]])


def _pairs(rows: list[tuple[Any, ...]]) -> tuple[Ints, Ints]:
    table = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=2 * len(rows)).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _table(rows: list[tuple[Any, ...]]) -> Rows:
    trips, users, lon, lat, radius = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return Rows(
        np.array(trips, dtype=np.int64),
        np.array(users, dtype=np.int64),
        np.array(lon, dtype=np.float64),
        np.array(lat, dtype=np.float64),
        np.array(radius, dtype=np.float64),
    )


def _read(
    cells: TenantQuerySet[StayCell], columns: str, sure: Ranges, unsure: Ranges, begin: int, end: int
) -> list[tuple[Any, ...]]:
    """Ranges in, rows out. Both statements walk the ranges and step into the table's own order for each."""
    low, high = (np.concatenate(ends).tolist() for ends in zip(sure, unsure, strict=True))
    flags = [1] * len(sure[0]) + [0] * len(unsure[0])
    if connections[cells.db].vendor == "postgresql":
        # OFFSET 0 keeps the planner from turning the walk into a join over the whole table. It takes a range of unknown
        # ends for one row in two hundred; machine code for so many rows would take longer to make than to run.
        sql = (
            f"SET jit = off; SELECT {columns} FROM unnest(%s::bigint[], %s::bigint[], %s::int[]) AS r(low, high, sure)"  # noqa: S608
            " CROSS JOIN LATERAL (SELECT * FROM trips_staycell WHERE key BETWEEN r.low AND r.high"
            " AND from_epoch <= %s AND to_epoch >= %s OFFSET 0) AS c"
        )
        arrays = ["{" + ",".join(map(str, values)) + "}" for values in (low, high, flags)]
        return cells.raw_rows(sql, [*arrays, end, begin]) if low else []
    found: list[tuple[Any, ...]] = []
    ranges = list(zip(low, high, flags, strict=True))
    for start in range(0, len(ranges), RANGES_AT_ONCE):
        part = ranges[start : start + RANGES_AT_ONCE]
        sql = (
            f"WITH r(low, high, sure) AS (VALUES {', '.join(['(%s, %s, %s)'] * len(part))}) SELECT {columns}"  # noqa: S608
            " FROM r CROSS JOIN trips_staycell AS c ON c.key BETWEEN r.low AND r.high"
            " WHERE c.from_epoch <= %s AND c.to_epoch >= %s"
        )
        found += cells.raw_rows(sql, [*chain.from_iterable(part), end, begin])
    return found
