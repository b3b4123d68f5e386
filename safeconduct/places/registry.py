"""Every topic of statements, and every field with where it is shown. Pure: no ORM, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from django.utils.translation import gettext_lazy as _

from safeconduct.places.fields import FactField, Source, WantedFact
from safeconduct.places.statements import climate, contacts, health, people, practical


class Topic(Protocol):
    """What a module of `statements/` offers."""

    @property
    def SOURCES(self) -> tuple[Source, ...]:
        """Who is cited, besides those of `build/sources.py`; every `src` of the rows is one of either."""

    @property
    def FIELDS(self) -> tuple[FactField, ...]:
        """What it states."""

    @property
    def WRITERS(self) -> Mapping[str, Callable[[Any, Any], str]]:
        """Field → (`factwords.Words`, value) → text; empty text for a value that says nothing."""

    def statements(self, data: Path, /) -> Iterator[WantedFact]:
        """Every statement of the shipped files."""

    def problems(self, data: Path, /) -> list[str]:
        """What does not hold in the shipped files."""


def _topics() -> Iterator[Topic]:
    yield practical
    yield climate
    yield health
    yield contacts
    yield people


TOPICS: Final = tuple(_topics())

BASIC: Final = (
    FactField("capital", _("Capital"), "overview"),
    FactField("population", _("Population"), "overview"),
    FactField("area_km2", _("Area"), "overview"),
    FactField("borders", _("Borders"), "overview"),
    FactField("languages", _("Languages"), "language-money"),
    FactField("currency", _("Money"), "language-money"),
    FactField("calling_code", _("Calling code"), "phone-power"),
    FactField("tld", _("Internet domain"), "phone-power"),
    FactField("drive_side", _("Driving"), "around"),
    FactField("speed_unit", _("Speed limits"), "around"),
    FactField("timezones", _("Time"), "geography-weather"),
    FactField("hour_cycle", _("Clock"), "geography-weather"),
    FactField("measure", _("Measures"), "geography-weather"),
    FactField("week_start", _("Week begins on"), "calendar"),
    FactField("weekend", _("Weekend"), "calendar"),
)

FIELDS: Final[Mapping[str, FactField]] = {
    field.name: field for field in (*BASIC, *(field for topic in TOPICS for field in topic.FIELDS))
}

WRITERS: Final[Mapping[str, Callable[[Any, Any], str]]] = {
    name: writer for topic in TOPICS for name, writer in topic.WRITERS.items()
}


def topic_problems(data: Path) -> list[str]:
    """What does not hold in the shipped files of any topic."""
    return [problem for topic in TOPICS for problem in topic.problems(data)]
