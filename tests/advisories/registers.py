"""Small registers of our own, for tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from safeconduct.advisories.actions import Report, apply_register
from safeconduct.advisories.models import Advisory, AdvisoryVersion
from safeconduct.advisories.parsed import ParsedAdvisory, ParsedArea, ParsedRegister, ParsedSection
from safeconduct.feeds.actions import note_handed_in
from safeconduct.feeds.models import Source

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WORDS = {
    1: "Exercise normal safety precautions", 2: "Exercise a high degree of caution",
    3: "Reconsider your need to travel", 4: "Do not travel",
}  # fmt: skip
"""Of Smartraveller: wordings alone decide."""


def source(key: str = "advice", format: str = "smartraveller", **more: Any) -> Source:
    """Return a source of advice that lists all countries."""
    values: dict[str, Any] = {
        "name": "Ministry of Advice", "url": f"https://{key}.example.org/all", "lists_all": True, "poll_seconds": 3600,
        "licence": "CC BY 4.0", "attribution": "Ministry of Advice, CC BY 4.0", **more,
    }  # fmt: skip
    return Source.objects.get_or_create(key=key, defaults={"format": format, **values})[0]


def entry(place: str = "Japan", level: int | None = 1, **more: Any) -> ParsedAdvisory:
    """Return one entry; the identifier is its place."""
    values: dict[str, Any] = {
        "identifier": place.lower(), "place": place, "scheme": "name", "title": f"{place}: travel advice",
        "url": f"https://advice.example.org/{place.lower().replace(' ', '-')}",
        "original_level": WORDS[level] if level else "", **more,
    }  # fmt: skip
    return ParsedAdvisory(**values)


def area(name: str, level: int) -> ParsedArea:
    """Return a part of a country."""
    return ParsedArea(name, WORDS[level])


def section(html: str, key: str = "security", heading: str = "Safety") -> ParsedSection:
    """Return a section in English."""
    return ParsedSection(key, heading, html, "en")


def register(*entries: ParsedAdvisory, is_register: bool = True, more: Iterable[str] = ()) -> ParsedRegister:
    """Return a whole register."""
    return ParsedRegister(
        tuple(entries),
        is_register=is_register,
        listed=frozenset({one.identifier for one in entries} | set(more)),
    )


def put(*entries: ParsedAdvisory, at: datetime = NOW, to: Source | None = None, **more: Any) -> Report:
    """Apply a register of these entries, as one that was handed in then."""
    mine, parsed = to or source(), register(*entries, **more)
    report = apply_register(parsed, source=mine, document=None, at=at)
    if parsed.is_register:
        note_handed_in(mine, "register", at)
    return report


def of(country: str, to: Source | None = None) -> Advisory:
    """Return the one entry of a country."""
    return Advisory.objects.get(country_code=country, source=to or source())


def versions(country: str = "JP") -> list[tuple[str, int | None, int | None, bool]]:
    """Return (change, level, worst level, is told) of each version of a country's entry, oldest first."""
    rows = AdvisoryVersion.objects.filter(advisory=of(country)).order_by("number")
    return [(row.change, row.level, row.level_max, row.is_notable) for row in rows]
