"""Periods in words, as far as a document tells its date."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import translation

from safeconduct.lib.timewords import day_words, period_words


@pytest.mark.parametrize(
    ("language", "iso", "words"),
    [
        ("en", "2024", "2024"),
        ("en", "2023-12", "December 2023"),
        ("en", "2026-05-03", "3 May 2026"),
        ("en", "2026-09-05", "5 September 2026"),
        ("fr", "2023-12", "décembre 2023"),
        ("de", "2026-05-03", "3. Mai 2026"),
    ],
)
def test_a_period_is_as_exact_as_it_is_told(language: str, iso: str, words: str) -> None:
    with translation.override(language):
        assert period_words(iso) == words


@pytest.mark.parametrize("iso", ["", "May 2024", "2024-13", "2024-02-30"])
def test_what_is_no_period_is_refused(iso: str) -> None:
    with pytest.raises(ValueError):
        period_words(iso)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Tue 24 Nov 2026"),
        ("de", "Di, 24. Nov 2026"),
        ("fr", "mar 24 nov 2026"),
        ("es", "mar 24 nov 2026"),
    ],
)
def test_months_have_a_capital_where_the_language_gives_them_one(language: str, words: str) -> None:
    with translation.override(language):
        assert day_words(date(2026, 11, 24), this_year=2027) == words
