"""Facts as they hold: what was shipped, under what an operator corrected. Every reader of facts comes through here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from safeconduct.places.models import Fact, FactOverride


@dataclass(frozen=True, slots=True)
class EffectiveFact:
    """A statement and who says so. An override names its own source; `src` and `src2` are then empty."""

    country_code: str
    field: str
    value: Any
    checked_on: date
    src: str = ""
    src2: str = ""
    is_override: bool = False
    source_title: str = ""
    source_url: str = ""
    reason: str = ""


def effective_facts(
    *, country_code: str = "", country_codes: Collection[str] | None = None, fields: Collection[str] | None = None
) -> list[EffectiveFact]:
    """Facts of one country, of several, or of all; an override to “unknown” takes the fact away."""
    shipped, overrides = Fact.objects.all(), FactOverride.objects.filter(ended_at__isnull=True)
    if country_code:
        shipped = shipped.filter(country_code=country_code)
        overrides = overrides.filter(country_code=country_code)
    if country_codes is not None:
        shipped = shipped.filter(country_code__in=country_codes)
        overrides = overrides.filter(country_code__in=country_codes)
    if fields is not None:
        shipped, overrides = shipped.filter(field__in=fields), overrides.filter(field__in=fields)
    found = {
        (row.country_code, row.field): EffectiveFact(
            row.country_code, row.field, row.value, row.checked_on, row.src, row.src2
        )
        for row in shipped
    }
    for row in overrides:
        key = (row.country_code, row.field)
        if row.value is None:
            found.pop(key, None)
            continue
        found[key] = EffectiveFact(
            *key, row.value, row.checked_on, is_override=True, source_title=row.source_title,
            source_url=row.source_url, reason=row.reason,
        )  # fmt: skip
    return list(found.values())


def correction_of(country_code: str, field: str) -> FactOverride | None:
    """The correction that holds, for what is not shown as a fact of its own."""
    return FactOverride.objects.filter(country_code=country_code, field=field, ended_at__isnull=True).first()


def capital_key(country_code: str) -> str:
    """The key of the first capital (`geonames:184745`); empty for a country without one."""
    seats = [seat for fact in effective_facts(country_code=country_code, fields=["capital"]) for seat in fact.value]
    return str(seats[0]["key"]) if seats else ""
