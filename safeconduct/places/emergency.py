"""The emergency numbers of a country as a page shows them: by service, each number with its own sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from safeconduct.places.effective import EffectiveFact, effective_facts
from safeconduct.places.models import FactSource
from safeconduct.places.statements.contacts import SERVICE_LABELS, by_service, number_of

# Shown as unknown when nobody says; the others are left out.
ALWAYS: Final = ("police", "ambulance", "fire")


@dataclass(frozen=True)
class EmergencyNumber:
    """One number, who says so and the day on which they were read."""

    number: str
    sources: tuple[FactSource, ...]
    checked_on: date | None


@dataclass(frozen=True)
class EmergencyLine:
    """The numbers of one service on which two sources agree; empty when they do not agree on any."""

    service: str
    label: str
    numbers: tuple[EmergencyNumber, ...]

    @property
    def sources(self) -> tuple[FactSource, ...]:
        """Everybody who says one of the numbers, once."""
        return tuple({source.src: source for number in self.numbers for source in number.sources}.values())

    @property
    def checked_on(self) -> date | None:
        """The oldest day on which a number of this service was looked at."""
        return min((number.checked_on for number in self.numbers if number.checked_on), default=None)


@dataclass(frozen=True)
class Emergency:
    """Emergency numbers of a country by service. With a number for any emergency, services without one of their
    own are left out; without one, they are shown as unknown. `source_title`: an operator's, in place of ours.
    """

    lines: tuple[EmergencyLine, ...]
    checked_on: date | None = None
    is_override: bool = False
    source_title: str = ""
    source_url: str = ""

    @property
    def is_known(self) -> bool:
        """Whether a number is known for any service."""
        return any(line.numbers for line in self.lines)


def emergency_of(iso2: str) -> Emergency:
    """Emergency numbers on which two sources agree, or what the operator says instead."""
    found = effective_facts(country_code=iso2, fields=["emergency"])
    return emergency_from(found[0]) if found else Emergency(_lines({}, None, {}))


def cited_by(fact: EffectiveFact) -> set[str]:
    """The keys of the sources that the numbers of a statement name."""
    return {
        entry[column]
        for entries in fact.value.values()
        for entry in entries
        if isinstance(entry, dict)
        for column in ("src", "src2")
    }


def emergency_from(fact: EffectiveFact, sources: dict[str, FactSource] | None = None) -> Emergency:
    """A stored statement for a page. `sources`: those that it cites, where somebody has looked them up already."""
    if sources is None:
        sources = {source.src: source for source in FactSource.objects.filter(src__in=cited_by(fact))}
    return Emergency(
        _lines(fact.value, fact.checked_on, sources),
        fact.checked_on,
        fact.is_override,
        fact.source_title,
        fact.source_url,
    )


def _lines(
    value: dict[str, Any], checked_on: date | None, sources: dict[str, FactSource]
) -> tuple[EmergencyLine, ...]:
    wanted = by_service(value)
    lines = []
    for service, label in SERVICE_LABELS.items():
        if not wanted[service] and (wanted["general"] or service not in ALWAYS):
            continue
        numbers = tuple(
            _number(entry, checked_on, sources)
            for entry in value.get(service, ())
            if number_of(entry) in wanted[service]
        )
        lines.append(EmergencyLine(service, str(label), numbers))
    return tuple(lines)


def _number(entry: Any, checked_on: date | None, sources: dict[str, FactSource]) -> EmergencyNumber:
    if not isinstance(entry, dict):
        return EmergencyNumber(number_of(entry), (), checked_on)
    cited = tuple(sources[entry[column]] for column in ("src", "src2") if entry[column] in sources)
    return EmergencyNumber(entry["number"], cited, date.fromisoformat(entry["checked"]))
