"""The tables of benchmarks/match.py: the product's search table, and the two peers with what they do to find people."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from shapely.geometry.base import BaseGeometry

from benchmarks.crowd import Crowd, Warned, keys
from safeconduct.lib.geo import from_wkb, to_wkb
from safeconduct.matching.candidates import discs_meet
from safeconduct.matching.match import MARGIN
from safeconduct.trips import cells as search
from safeconduct.trips.models import Stay

UP = 0.2706
"""30 km in degrees, with what the corners of a disc lie outside of it."""
COLUMNS = (
    "key", "stay_id", "organisation_id", "trip_id", "user_id", "lon", "lat", "radius_km", "from_epoch", "to_epoch",
)  # fmt: skip
PART = 200_000


@dataclass(frozen=True)
class Filled:
    """How large the search table has become."""

    rows: int
    bytes: int


def missing(name: str) -> str:
    """Why a side cannot be measured, or nothing."""
    if name != "postgres":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'")
        if not cursor.fetchone()[0]:
            return "no PostGIS on the server"
        cursor.execute("CREATE EXTENSION postgis")
    return ""


def fill_search(stays: Crowd) -> Filled:
    """Fill the product's search table as the product would, in bulk. Foreign keys are not looked at: there are no stays."""
    which, key = keys(stays)
    _check_keys(stays, which, key)
    _let_go()
    size = _size()
    # The index that takes the rows away with their stay is not read here; it is made at the end, in order.
    aside = [row for row in _rows(*_indexes()) if "stay_id" in row[1] and "UNIQUE" not in row[1]]
    for name, _sql in aside:
        _execute(f'DROP INDEX "{name}"')
    for start in range(0, len(which), PART):
        part = which[start : start + PART]
        ones = np.ones(len(part), dtype=np.int64)
        columns = (
            key[start : start + PART], part + 1, ones, stays.trip[part], stays.user[part], stays.lon[part],
            stays.lat[part], stays.km[part], stays.begin[part], stays.end[part],
        )  # fmt: skip
        _copy("trips_staycell", COLUMNS, columns)
    for _name, sql in aside:
        _execute(sql)
    if connection.vendor == "postgresql":
        _execute("VACUUM ANALYZE trips_staycell")
    return Filled(len(which), _size() - size)


def _indexes() -> tuple[str, list[Any]]:
    if connection.vendor == "postgresql":
        return "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s", ["trips_staycell"]
    return "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = %s", [
        "trips_staycell"
    ]


def _check_keys(stays: Crowd, which: Any, key: Any) -> None:
    """The keys made in bulk are those that the product makes one by one."""
    from datetime import UTC, datetime

    from benchmarks.crowd import NOW

    for number in np.random.default_rng(3).integers(0, len(stays), 300).tolist():
        stay = Stay(
            extent_kind="country" if not stays.km[number] else "city", lon=stays.lon[number], lat=stays.lat[number],
            country_code=str(stays.code[number]), from_at=datetime.fromtimestamp(int(stays.begin[number]), UTC),
            to_at=datetime.fromtimestamp(int(stays.end[number]), UTC),
        )  # fmt: skip
        assert search.keys_of(stay, search.window(NOW)) == key[which == number].tolist()


def fill_peer(stays: Crowd) -> None:
    """Fill the peer's table with all stays."""
    number = np.arange(len(stays)) + 1
    names = ("id", "traveller", "lon", "lat", "radius", "country", "arr", "dep")
    columns = (
        number, stays.user, stays.lon, stays.lat, stays.km, np.where(stays.km > 0, "", stays.code), stays.begin, stays.end,
    )  # fmt: skip
    kinds = "id bigint, traveller bigint, lon float8, lat float8, radius float8, country text, arr bigint, dep bigint"
    if connection.vendor == "postgresql":
        _execute(f"CREATE TABLE plain ({kinds})")
    else:
        _execute(
            f"CREATE TABLE plain ({kinds.replace('id bigint', 'id integer primary key').replace('float8', 'real')})"
        )
    for start in range(0, len(stays), PART):
        _copy("plain", names, tuple(column[start : start + PART] for column in columns))
    _execute("CREATE INDEX plain_country ON plain (country) WHERE radius = 0")
    if connection.vendor == "postgresql":
        _execute(
            "CREATE TABLE gis AS SELECT traveller, lon, lat, radius, ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS geom,"
            " int8range(arr, dep, '[]') AS stay FROM plain WHERE radius > 0"
        )
        _execute("CREATE INDEX gis_where ON gis USING gist (geom, stay)")
        # As in ours: machine code takes longer to make than to run.
        _execute("SET jit = off")
        _execute("VACUUM ANALYZE gis")
        _execute("VACUUM ANALYZE plain")
    else:
        _execute("CREATE INDEX plain_where ON plain (lat, lon)")
        _execute("ANALYZE plain")


def peer_people(alert: Warned) -> set[int]:
    """The people whom a warning concerns, found the peer's way."""
    area = from_wkb(to_wkb(alert.area))
    begin = math.floor((alert.onset_at - MARGIN).timestamp())
    end = math.ceil((alert.ends_at + MARGIN).timestamp())
    found, rows = (_gis if connection.vendor == "postgresql" else _plain)(area, begin, end)
    if rows:
        users, lon, lat, km = (np.array(column) for column in zip(*rows, strict=True))
        found |= set(users[discs_meet(area, lon, lat, km)].tolist())
    codes = ", ".join(["%s"] * len(alert.countries))
    found |= {
        row[0]
        for row in _rows(
            f"SELECT traveller FROM plain WHERE radius = 0 AND country IN ({codes}) AND arr <= %s AND dep >= %s",
            [*alert.countries, end, begin],
        )
    }
    return found


def _plain(area: BaseGeometry, begin: int, end: int) -> tuple[set[int], list[tuple[Any, ...]]]:
    """The box of the area, grown by the largest disc, in SQL."""
    rows: list[tuple[Any, ...]] = []
    for west, south, east, north in _boxes(area):
        rows += _rows(
            "SELECT traveller, lon, lat, radius FROM plain WHERE lat BETWEEN %s AND %s AND lon BETWEEN %s AND %s"
            " AND arr <= %s AND dep >= %s AND radius > 0",
            [south, north, west, east, end, begin],
        )
    return set(), rows


def _boxes(area: BaseGeometry) -> list[tuple[float, float, float, float]]:
    """One box, or one on either side of 180 degrees; each grown, and what that pushes over 180 on the other side."""
    west, _, east, _ = area.bounds
    halves = [area]
    if west == -180 and east == 180:
        parts = list(getattr(area, "geoms", [area]))
        halves = [
            _bounds(part for part in parts if part.centroid.x < 0),
            _bounds(part for part in parts if part.centroid.x >= 0),
        ]
    found: list[tuple[float, float, float, float]] = []
    for half in halves:
        if half is None:
            continue
        west, south, east, north = half.bounds
        aside = _aside(max(abs(south), abs(north)))
        box = (west - aside, max(-90.0, south - UP), east + aside, min(90.0, north + UP))
        found.append(box)
        if box[0] < -180:
            found.append((box[0] + 360, box[1], 180.0, box[3]))
        if box[2] > 180:
            found.append((-180.0, box[1], box[2] - 360, box[3]))
    return found


def _bounds(parts: Iterable[BaseGeometry]) -> Any:
    from shapely.geometry import MultiPolygon

    kept = list(parts)
    return MultiPolygon(kept) if kept else None


def _aside(lat: float) -> float:
    nearest = min(89.9, lat + UP)
    return math.degrees(math.asin(min(1.0, math.sin(math.radians(UP)) / math.cos(math.radians(nearest)))))


def _gis(area: BaseGeometry, begin: int, end: int) -> tuple[set[int], list[tuple[Any, ...]]]:
    """Pieces of the area, also beyond 180 degrees, against the index over place and time."""
    rows = _rows(
        "WITH cut AS MATERIALIZED (SELECT ST_Subdivide(ST_GeomFromWKB(%s, 4326), 128) AS g),"
        " pieces AS MATERIALIZED (SELECT g, least(10, degrees(asin(least(1, sin(radians(%s)) / cos(radians(least(89.7,"
        " greatest(abs(ST_YMin(g)), abs(ST_YMax(g))) + %s))))))) AS aside FROM (SELECT g FROM cut"
        " UNION ALL SELECT ST_Translate(g, -360, 0) FROM cut WHERE ST_XMax(g) > 179"
        " UNION ALL SELECT ST_Translate(g, 360, 0) FROM cut WHERE ST_XMin(g) < -179) AS wound)"
        " SELECT s.traveller, s.lon, s.lat, s.radius, ST_Intersects(p.g, s.geom) FROM pieces p"
        " JOIN gis s ON s.geom && ST_Expand(p.g, p.aside, %s) AND s.stay && int8range(%s, %s, '[]')",
        [to_wkb(area), UP, UP, UP, begin, end],
    )
    return {row[0] for row in rows if row[4]}, [row[:4] for row in rows if not row[4]]


def _rows(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _let_go() -> None:
    """No foreign keys, and for the filling no wait for the disk; the table is read afterwards, never written."""
    if connection.vendor == "postgresql":
        _execute("SET session_replication_role = replica")
        return
    for setting in ("foreign_keys=OFF", "synchronous=OFF", "journal_mode=OFF", "cache_size=-400000"):
        _execute(f"PRAGMA {setting}")


def hold_again() -> None:
    """SQLite as the product has it, for measuring."""
    if connection.vendor == "sqlite":
        connection.close()
        assert [row[0] for row in _rows("PRAGMA cache_size", [])] == [-2000]
        assert [row[0] for row in _rows("PRAGMA journal_mode", [])] == ["wal"]


def _copy(table: str, names: tuple[str, ...], columns: tuple[Any, ...]) -> None:
    lists = [column.tolist() for column in columns]
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        with (
            connection.connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy,
        ):
            text = io.StringIO()
            for row in zip(*lists, strict=True):
                text.write("\t".join(map(str, row)) + "\n")
            copy.write(text.getvalue())
        return
    marks = ", ".join(["?"] * len(names))
    connection.ensure_connection()
    raw = connection.connection
    raw.execute("BEGIN")
    raw.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", zip(*lists, strict=True))
    raw.execute("COMMIT")


def _size() -> int:
    if connection.vendor == "postgresql":
        return int(_rows("SELECT pg_total_relation_size('trips_staycell')", [])[0][0])
    return int(_rows("PRAGMA page_count", [])[0][0]) * int(_rows("PRAGMA page_size", [])[0][0])
