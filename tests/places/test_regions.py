"""Regions of the world: every country lies in one, and people may name them by code or word."""

from __future__ import annotations

import pytest

from safeconduct.places import regions
from safeconduct.places.files import DATA, read_rows


def test_every_country_lies_in_one_large_region_but_antarctica() -> None:
    """The five large regions cover all other codes, once each."""
    known = {row["iso2"] for row in read_rows(DATA / "country.csv")}
    large = ("002", "009", "019", "142", "150")
    assert set().union(*(regions.countries_in(code) for code in large)) == known - {"AQ"}
    assert sum(len(regions.countries_in(code)) for code in large) == len(known) - 1


@pytest.mark.parametrize(
    ("text", "code"),
    [("de", "DE"), ("150", "150"), ("Europe", "150"), (" eastern africa ", "014"), ("Atlantis", None), ("", None)],
)
def test_a_region_is_named_by_code_or_word(text: str, code: str | None) -> None:
    """Codes and English names; anything else is nothing."""
    assert regions.region_from(text) == code


def test_a_part_is_smaller_than_its_region() -> None:
    """Western Europe holds Germany and not Poland; a country is a region of one."""
    assert "DE" in regions.countries_in("155") <= regions.countries_in("150")
    assert "PL" not in regions.countries_in("155")
    assert regions.countries_in("KE") == {"KE"}
    assert regions.region_name("150", "fr") == "Europe"
    assert regions.region_name("014", "de") == "Ostafrika"
