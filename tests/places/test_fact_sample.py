"""The sample of facts is drawn from the shipped files alone, and the same seed gives the same."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.places import fact_sample

SEED = 20261124
WRITTEN_DOWN = [
    ("NL", "capital"),
    ("DZ", "timezones"),
    ("AZ", "tld"),
    ("JP", "plugs"),
    ("KR", "visa_authority"),
    ("LI", "drive_side"),
]


def test_drawn_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of `docs/evidence/facts-sample.md`, in its order; each field comes before any comes twice."""
    # Reckoning the days off of 250 countries takes seconds and reads no database either.
    day = fact_sample.Drawn("AM", "Armenia", fact_sample.HOLIDAYS, "2027-01-28 Army Day", ("holidays",))
    monkeypatch.setattr(fact_sample, "_holidays", lambda names: iter([day]))
    drawn = fact_sample.sample(SEED, 30)
    assert [(fact.country_code, fact.field) for fact in drawn[: len(WRITTEN_DOWN)]] == WRITTEN_DOWN
    assert all(fact.text and fact.fed_by for fact in drawn)
    assert sorted(Counter(fact.field for fact in drawn).values()) == [1] * 24 + [2] * 3
    assert day in drawn
