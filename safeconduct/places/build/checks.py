"""What must hold of the shipped data, whoever made it. Run by `build_facts`, by `--check` and by a test.

It refuses nothing itself: it lists problems in words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import available_timezones

from shapely.geometry import Point, box, shape

from safeconduct.lib import clock
from safeconduct.lib.timewords import period_words
from safeconduct.places.boundaries import unpack
from safeconduct.places.files import read_json, read_rows
from safeconduct.places.registry import topic_problems

COUNTRIES = 250
LEAST_CITIES = 34_000
LEAST_AIRPORTS = 800
MOST_BYTES = 6_000_000
LEAST_BOUNDARIES = {"EMMA_ID": 2200, "FIPS6": 3200}
# No inhabited place or no scheduled airport; anything else without one is a mistake.
WITHOUT_CAPITAL = frozenset({"AQ", "BV", "HM", "IO", "TK", "UM"})
WITHOUT_ZONE = frozenset({"BV", "HM"})
WITHOUT_CURRENCY = frozenset({"AQ"})
# Drawn by nobody at this scale; the map shows a dot.
WITHOUT_DRAWING = frozenset({"CC", "TK"})
# Capitals that lie on disputed ground, by code.
DISPUTED_CAPITALS = frozenset({"EH"})


def problems_of(data: Path) -> list[str]:
    """Every broken invariant, in words."""
    return [
        *_codes(data),
        *_sources(data),
        *_capitals(data),
        *_lists(data),
        *_shapes(data),
        *_size(data),
        *topic_problems(data),
    ]


def _codes(data: Path) -> Iterator[str]:
    rows = list(read_rows(data / "country.csv"))
    codes = [row["iso2"] for row in rows]
    if len(set(codes)) != COUNTRIES or len(codes) != COUNTRIES:
        yield f"{len(codes)} countries, not {COUNTRIES}"
    if sum(row["kind"] == "member" for row in rows) != 193:
        yield "not 193 members of the United Nations"
    yield from (f"{row['iso2']} has no name" for row in rows if not row["name"])
    yield from (
        f"{row['iso2']} has parent {row['parent']}"
        for row in rows
        if row["parent"] and row["parent"] not in codes
    )
    yield from (
        f"{row['iso2']} drives on {row['drive_side']}"
        for row in rows
        if row["drive_side"] not in ("left", "right", "")
    )


def _sources(data: Path) -> Iterator[str]:
    known = {row["src"]: row for row in read_rows(data / "sources.csv")}
    today = clock.today().isoformat()
    for src, row in known.items():
        yield from (
            f"source {src} has no {column}" for column in ("licence", "url", "retrieved") if not row[column]
        )
        if row["retrieved"] > today:
            yield f"source {src} was read in the future"
        if row["edition"]:
            try:
                period_words(row["edition"])
            except ValueError:
                yield f"source {src} has the edition {row['edition']}, which is no date"
            if row["edition"] > row["retrieved"]:
                yield f"source {src} is of a later day than that on which it was read"
    for name in ("field_source", "capital", "currency", "calling", "timezone", "emergency", "airport"):
        for row in read_rows(data / f"{name}.csv"):
            for column in ("src", "src2"):
                if row.get(column) and row[column] not in known:
                    yield f"{name}.csv names unknown source {row[column]}"


def _capitals(data: Path) -> Iterator[str]:
    areas = defaultdict(list)
    for area in read_json(data / "map" / "match.json.gz"):
        areas[area["code"]].append(shape(area["geometry"]))
    seen = set()
    for row in read_rows(data / "capital.csv"):
        code = row["iso2"]
        if row["role"] == "none":
            continue
        if not row["geonameid"]:
            yield f"capital {row['name']} of {code} is no known city"
            continue
        seen.add(code)
        here = Point(float(row["lon"]), float(row["lat"]))
        if code not in DISPUTED_CAPITALS and not any(area.intersects(here) for area in areas[code]):
            yield f"capital {row['name']} lies outside {code}"
    missing = {row["iso2"] for row in read_rows(data / "country.csv")} - seen - WITHOUT_CAPITAL
    yield from (f"{code} has no capital" for code in sorted(missing))


def _lists(data: Path) -> Iterator[str]:
    codes = {row["iso2"] for row in read_rows(data / "country.csv")}
    zones = available_timezones()
    for name, without in (("timezone", WITHOUT_ZONE), ("currency", WITHOUT_CURRENCY), ("calling", set())):
        found = {row["iso2"] for row in read_rows(data / f"{name}.csv")}
        yield from (f"{code} has no {name}" for code in sorted(codes - found - without))
        yield from (f"{name}.csv has unknown {code}" for code in sorted(found - codes))
    borders = {(row["iso2"], row["other"]) for row in read_rows(data / "border.csv")}
    yield from (
        f"border {one}-{other} is one-sided" for one, other in sorted(borders) if (other, one) not in borders
    )
    cities = list(read_rows(data / "city.csv.gz"))
    airports = list(read_rows(data / "airport.csv"))
    if len(cities) < LEAST_CITIES or len(airports) < LEAST_AIRPORTS:
        yield f"only {len(cities)} cities, {len(airports)} airports"
    for row in (*cities, *airports, *read_rows(data / "timezone.csv")):
        if row["iso2"] not in codes or row["zone"] not in zones:
            yield f"unknown code or zone: {row}"


def _shapes(data: Path) -> Iterator[str]:
    codes = {row["iso2"] for row in read_rows(data / "country.csv")}
    matched = {area["code"] for area in read_json(data / "map" / "match.json.gz")}
    yield from (f"{code} has no shape for matching" for code in sorted(codes - matched))
    drawn = set(read_json(data / "map" / "world.json.gz"))
    yield from (f"{code} has no shape for drawing" for code in sorted(codes - drawn - WITHOUT_DRAWING))
    tables = read_json(data / "map" / "boundaries.json.gz")
    for scheme, least in LEAST_BOUNDARIES.items():
        if len(tables["shapes"][scheme]) < least:
            yield f"only {len(tables['shapes'][scheme])} shapes of {scheme}"
        for code, packed in tables["shapes"][scheme].items():
            shaped = unpack(packed)
            if shaped.is_empty or not shaped.is_valid or not box(-180, -90, 180, 90).covers(shaped):
                yield f"the shape of {scheme} {code} is not sound"
    emma = set(tables["shapes"]["EMMA_ID"])
    for scheme, aliases in tables["aliases"].items():
        yield from (
            f"{scheme} {code} has no shape" for code, targets in aliases.items() if not {*targets} <= emma
        )


def _size(data: Path) -> Iterator[str]:
    total = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
    if total > MOST_BYTES:
        yield f"{total} bytes, more than {MOST_BYTES}"
