"""Draws facts to be checked by hand against sources that did not feed them.

    python -m tests.places.fact_sample 20261124 30

Every field has the same chance, each comes once before any comes twice; within a field every country of which something
is known has the same chance. The order of the countries is drawn per field, so that a fact that is added or taken away
moves no other draw. It judges nothing: what the foreign sources say stands in `docs/evidence/facts-sample.md`.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

# The days of the holidays are those of the twelve months from here, and clocks are read here, whenever the module is run.
START: Final = date(2026, 11, 24)
NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOLIDAYS: Final = "holidays"


@dataclass(frozen=True, slots=True)
class Drawn:
    """One fact of the sample: of which country and field, in words, and the sources that fed it."""

    country_code: str
    country: str
    field: str
    text: str
    fed_by: tuple[str, ...]


def sample(seed: int, count: int) -> list[Drawn]:
    """`count` facts; the same seed and the same shipped files give the same."""
    known = _known()
    codes = sorted({code for of_field in known.values() for code in of_field})
    turn = _shuffled(sorted(known), seed, "fields")
    left = {
        field: filter(of_field.__contains__, _shuffled(codes, seed, field))
        for field, of_field in known.items()
    }
    drawn: list[Drawn] = []
    while left and len(drawn) < count:
        for field in turn[: count - len(drawn)]:
            code = next(left[field], None) if field in left else None
            if code is None:
                left.pop(field, None)
                continue
            drawn.append(known[field][code])
    return drawn


def _shuffled(items: list[str], seed: int, salt: str) -> list[str]:
    shuffled = list(items)
    random.Random(f"{seed} {salt}").shuffle(shuffled)
    return shuffled


def _known() -> Mapping[str, Mapping[str, Drawn]]:
    """Field → code → what is shipped, for whatever says something."""
    from safeconduct.places.facts import facts_from
    from safeconduct.places.files import DATA, read_rows
    from safeconduct.places.registry import FIELDS

    names = {row["iso2"]: row["name"] for row in read_rows(DATA / "country.csv")}
    known: dict[str, dict[str, Drawn]] = {}
    for fact in facts_from(DATA):
        text = _words(fact.field, fact.value, names) if fact.field in FIELDS else ""
        if text:
            fed_by = tuple(sorted({fact.src, fact.src2, *_cited(fact.value)} - {""}))
            drawn = Drawn(fact.country_code, names[fact.country_code], fact.field, text, fed_by)
            known.setdefault(fact.field, {})[fact.country_code] = drawn
    known[HOLIDAYS] = {drawn.country_code: drawn for drawn in _holidays(names)}
    return known


def _words(field: str, value: Any, names: Mapping[str, str]) -> str:
    """As a page says it; the three that look into the database there are read from the files here."""
    from safeconduct.places.factwords import Words, offset_words

    if field == "borders":
        return ", ".join(sorted(names[code] for code in value)) or "None on land"
    if field == "capital":
        return ", ".join(f"{seat['name']} ({seat['role']})" for seat in value) or "None"
    if field == "timezones":
        return ", ".join(f"{zone} ({offset_words(NOW.astimezone(ZoneInfo(zone)))})" for zone in value)
    return Words("en").text(field, value)


def _cited(value: Any) -> Iterator[str]:
    """Sources within a value, each number or address having its own."""
    if isinstance(value, Mapping):
        yield from (str(value[column]) for column in ("src", "src2") if column in value)
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _cited(part)


def _holidays(names: Mapping[str, str]) -> Iterator[Drawn]:
    from safeconduct.places.calendar import SOURCE, holidays_of

    for code, country in names.items():
        listed = holidays_of(code, START, "en")
        days = [
            f"{day.on.isoformat()} {day.name}{' (estimated)' if day.is_estimated else ''}"
            for day in listed.days
            if day.is_everywhere
        ]
        if listed.is_known and days:
            yield Drawn(code, country, HOLIDAYS, "; ".join(days), (SOURCE,))


def main(arguments: list[str]) -> None:
    """Print the sample as rows of a table."""
    print("| # | Country | Field | Shipped | Fed by |")
    print("|---|---|---|---|---|")
    for number, fact in enumerate(sample(int(arguments[0]), int(arguments[1])), 1):
        fed_by = ", ".join(fact.fed_by)
        print(
            f"| {number} | {fact.country} ({fact.country_code}) | `{fact.field}` | {fact.text} | {fed_by} |"
        )


if __name__ == "__main__":
    import django

    import tests.environment  # noqa: F401  # a data folder of its own

    django.setup()
    main(sys.argv[1:])
