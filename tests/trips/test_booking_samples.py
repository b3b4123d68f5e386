"""Recorded documents beside the repository: nothing wrong is presented as sure, and what was read stays read."""

from __future__ import annotations

from collections import Counter

import pytest

from safeconduct.trips.bookings.containers import read_document
from safeconduct.trips.bookings.reading import interpreted
from tests.conftest import SAMPLES
from tests.trips.booking_samples import Sample, samples
from tests.trips.booking_table import OURS, judged
from tests.trips.shipped_atlas import shipped_atlas

pytestmark = pytest.mark.skipif(
    not (SAMPLES / "itineraries-kitinerary").is_dir(), reason="the recordings are not here"
)


def outcomes(sample: Sample) -> list[tuple[str, str]]:
    findings = read_document(sample.data, context=sample.context)
    reading = interpreted(findings, atlas=shipped_atlas(), context=sample.context)
    return [
        (row.outcome, f"{sample.name}: {row.detail}") for row in judged(sample, OURS, reading.reservations)
    ]


def test_nothing_wrong_is_presented_as_sure() -> None:
    found = [row for sample in samples(SAMPLES) for row in outcomes(sample)]
    assert [detail for outcome, detail in found if outcome in ("wrong, sure", "more, sure")] == []
    counts = Counter(outcome for outcome, _detail in found)
    # What docs/evidence/bookings.md shows; fewer would be a loss.
    assert counts["right"] >= 14 and counts["right, asks"] >= 73, counts
