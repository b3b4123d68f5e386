"""What a statement about a country is: its field, where it is shown, how many sources it needs, when it is old.

Pure: no ORM, no clock. The fields themselves stand in `statements/`, one module a topic, and are put together in
`registry.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise

MONTHS_HEALTH: Final = 12
MONTHS_OTHER: Final = 24


@dataclass(frozen=True, slots=True)
class WantedFact:
    """What a row of Fact should say. `checked` (ISO date) when the row itself was looked at; empty: the day its
    source was read."""

    country_code: str
    field: str
    value: Any
    src: str
    src2: str = ""
    checked: str = ""


@dataclass(frozen=True, slots=True)
class FactField:
    """One kind of statement.

    `section` is the key of the part of a guide that shows it. A field that `needs_two` ships only where two
    sources that were opened say the same; after `fresh_months` a statement is marked as in need of a check.
    """

    name: str
    label: str | Promise
    section: str
    needs_two: bool = False
    fresh_months: int = MONTHS_OTHER


@dataclass(frozen=True, slots=True)
class Source:
    """One source: id, who publishes it, where it is, under which licence, when it was read, what for.

    `edition` is the document's own date as far as it tells it, in ISO 8601: `2024`, `2024-05` or `2024-05-03`; empty
    where it tells none. A version in the title (CLDR 48.2) is no date.
    """

    src: str
    publisher: str
    title: str
    url: str
    licence: str
    retrieved: str
    used_for: str
    edition: str = ""
