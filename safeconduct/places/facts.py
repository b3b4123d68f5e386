"""The shipped files as statements about a country: field, value, who says so. Pure: no ORM, no clock.

A field that no source states is left out, and the page says that it is unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from safeconduct.places.fields import WantedFact
from safeconduct.places.files import read_rows
from safeconduct.places.registry import TOPICS
from safeconduct.places.statements.people import counted

PLAIN = ("drive_side", "speed_unit", "week_start", "hour_cycle", "measure", "tld", "parent")
NUMBERS = ("area_km2", "population")


def facts_from(data: Path, only: frozenset[str] | None = None) -> Iterator[WantedFact]:
    """Every statement of the data files; `only` limits to countries by code."""
    sources = {row["field"]: row["src"] for row in read_rows(data / "field_source.csv")}
    topics = (fact for topic in TOPICS for fact in topic.statements(data))
    for fact in (*_columns(data, sources), *_lists(data, sources), *topics):
        if only is None or fact.country_code in only:
            yield fact


def _columns(data: Path, sources: dict[str, str]) -> Iterator[WantedFact]:
    known_better = counted(data)
    for row in read_rows(data / "country.csv"):
        for field in PLAIN:
            if row[field]:
                yield WantedFact(row["iso2"], field, row[field], sources[field])
        for field in NUMBERS:
            if row[field] and not (field == "population" and row["iso2"] in known_better):
                yield WantedFact(row["iso2"], field, round(float(row[field])), sources[field])
        yield WantedFact(row["iso2"], "weekend", row["weekend"].split(";"), sources["weekend"])


def _grouped(path: Path) -> Iterator[tuple[str, list[dict[str, str]]]]:
    groups: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read_rows(path):
        groups[row["iso2"]].append(row)
    yield from groups.items()


def _lists(data: Path, sources: dict[str, str]) -> Iterator[WantedFact]:
    for code, rows in _grouped(data / "capital.csv"):
        seats = [
            {
                "name": row["name"],
                "role": row["role"],
                "key": f"geonames:{row['geonameid']}",
                "note": row["note"],
            }
            for row in rows
            if row["role"] != "none"
        ]
        yield WantedFact(code, "capital", seats, rows[0]["src"], "geonames")
    for code, rows in _grouped(data / "language.csv"):
        spoken = [{"lang": row["lang"], "status": row["status"], "pct": float(row["pct"])} for row in rows]
        yield WantedFact(code, "languages", spoken, sources["languages"])
    for code, rows in _grouped(data / "currency.csv"):
        money = [{"code": row["code"], "from": row["from"], "to": row["to"]} for row in rows]
        yield WantedFact(code, "currency", money, rows[0]["src"])
    for code, rows in _grouped(data / "calling.csv"):
        yield WantedFact(code, "calling_code", rows[0]["code"], rows[0]["src"])
    borders = dict(_grouped(data / "border.csv"))
    for country in read_rows(data / "country.csv"):
        # GeoNames lists the neighbours of every code: none listed means none.
        others = [row["other"] for row in borders.get(country["iso2"], ())]
        yield WantedFact(country["iso2"], "borders", others, sources["borders"])
    for code, rows in _grouped(data / "timezone.csv"):
        yield WantedFact(code, "timezones", [row["zone"] for row in rows], rows[0]["src"])
