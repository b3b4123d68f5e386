"""Regions of the world as the United Nations draw them (M49), by code or by name. Reads a shipped table, no rows.

Names are CLDR's in the reader's language. It refuses to guess: what is neither a code nor a name is None.
"""

from __future__ import annotations

from functools import cache

from babel import Locale
from babel.core import UnknownLocaleError

from safeconduct.places.files import DATA, read_rows


@cache
def _table() -> dict[str, tuple[str, str]]:
    return {row["iso2"]: (row["region"], row["subregion"]) for row in read_rows(DATA / "world_region.csv")}


@cache
def codes() -> tuple[str, ...]:
    """Every region's M49 code: the five large ones first, then their parts."""
    pairs = [pair for pair in _table().values() if pair[0]]
    large = sorted({region for region, _part in pairs})
    return (*large, *sorted({part for _region, part in pairs} - set(large)))


def region_of(country_code: str) -> str:
    """The large region of a country (ISO 3166-1 alpha-2); empty for Antarctica and what is no country."""
    return _table().get(country_code, ("", ""))[0]


def countries_in(region: str) -> frozenset[str]:
    """The countries and territories of a region, by its M49 code; a country's own code is a region of one."""
    if region in _table():
        return frozenset({region})
    return frozenset(code for code, pair in _table().items() if region in pair)


def region_name(region: str, language: str) -> str:
    """The region in a language, else in English; the code itself when nobody names it."""
    english = Locale("en").territories
    try:
        names = Locale.parse(language, sep="-").territories
    except (UnknownLocaleError, ValueError):
        names = english
    return str(names.get(region) or english.get(region) or region)


def region_from(text: str) -> str | None:
    """The region that a person means: “DE”, “150”, “europe”, “Eastern Africa”; None when nothing is called so."""
    wanted = text.strip()
    if wanted.upper() in _table():
        return wanted.upper()
    if wanted in codes():
        return wanted
    folded = wanted.casefold()
    return next((code for code in codes() if region_name(code, "en").casefold() == folded), None)
