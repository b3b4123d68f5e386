"""How much is known: for each field, of how many countries by two sources, by one, by none; corrected; old.

It counts what holds, corrections included, and judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from safeconduct.places.effective import EffectiveFact, effective_facts
from safeconduct.places.fields import FactField
from safeconduct.places.models import FactOverride, Place
from safeconduct.places.registry import FIELDS

DAYS_A_MONTH: Final = 30.44
STANDINGS: Final = ("two", "one", "none", "overridden", "stale")


@dataclass(frozen=True, slots=True)
class FieldCoverage:
    """Codes of countries by how well one field is known. The first three make all countries; a correction counts as
    one source."""

    field: FactField
    two: tuple[str, ...]
    one: tuple[str, ...]
    none: tuple[str, ...]
    overridden: tuple[str, ...]
    stale: tuple[str, ...]

    def countries(self, standing: str) -> tuple[str, ...]:
        """Those of one of STANDINGS."""
        return {
            "two": self.two,
            "one": self.one,
            "none": self.none,
            "overridden": self.overridden,
            "stale": self.stale,
        }[standing]

    @property
    def figures(self) -> dict[str, int]:
        """How many of each."""
        return {standing: len(self.countries(standing)) for standing in STANDINGS}


def is_stale(fact: EffectiveFact, field: FactField, today: date) -> bool:
    """Whether it was looked at so long ago that somebody should look again."""
    return is_older(fact.checked_on, field, today)


def is_older(checked_on: date, field: FactField, today: date) -> bool:
    """Whether a value of this field that was looked at on that day should be looked at again."""
    return (today - checked_on).days > field.fresh_months * DAYS_A_MONTH


def coverage(today: date) -> list[FieldCoverage]:
    """Every field in the order of the registry."""
    kinds = (Place.Kind.COUNTRY, Place.Kind.TERRITORY)
    codes = sorted(
        Place.objects.filter(kind__in=kinds, state=Place.State.ACTIVE).values_list("code", flat=True)
    )
    known: dict[str, dict[str, EffectiveFact]] = {}
    for fact in effective_facts():
        known.setdefault(fact.field, {})[fact.country_code] = fact
    corrected: dict[str, set[str]] = {}
    for code, name in FactOverride.objects.filter(ended_at=None).values_list("country_code", "field"):
        corrected.setdefault(name, set()).add(code)
    return [
        _of_field(field, codes, known.get(name, {}), corrected.get(name, set()), today)
        for name, field in FIELDS.items()
    ]


def _of_field(
    field: FactField,
    codes: Iterable[str],
    known: Mapping[str, EffectiveFact],
    corrected: set[str],
    today: date,
) -> FieldCoverage:
    by_standing: dict[str, list[str]] = {standing: [] for standing in STANDINGS}
    for code in codes:
        fact = known.get(code)
        if fact is None:
            by_standing["none"].append(code)
        else:
            by_standing["two" if fact.src and fact.src2 else "one"].append(code)
            if is_stale(fact, field, today):
                by_standing["stale"].append(code)
        if code in corrected:
            by_standing["overridden"].append(code)
    return FieldCoverage(field, *(tuple(by_standing[standing]) for standing in STANDINGS))
