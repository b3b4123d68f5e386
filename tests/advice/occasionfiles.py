"""Occasions for tests: invented, each with its source."""

from __future__ import annotations

from datetime import date
from typing import Any

from safeconduct.advice.models import Occasion
from safeconduct.advice.occasions import OccasionDetails, add_occasion

GIVEN: dict[str, Any] = {
    "country": "KE", "kind": "election", "begins_on": date(2027, 1, 12), "ends_on": date(2027, 1, 12),
    "title": "An invented election", "source_name": "Electoral Commission of Example", "source_on": date(2026, 11, 1),
    "why": "Roads may be closed.", "source_url": "https://elections.example.org/",
}  # fmt: skip


def an_occasion(**changes: Any) -> Occasion:
    """Enter one; the one that is there already when it is the same."""
    details = OccasionDetails(**GIVEN | changes)
    found = Occasion.objects.filter(country=details.country, begins_on=details.begins_on, title=details.title).first()
    return found or add_occasion(details, by=None)
