"""Severity as a number that grows with it, in Python and for the database. It holds no rule of telling."""

from __future__ import annotations

from typing import Final

from django.db.models import Case, IntegerField, Value, When

from safeconduct.alerts.clustering import STEPS

RANK: Final = {**STEPS, "Unknown": 1}
"""Severity that is not known counts like a minor one: it is no reason to tell twice, and the least step is."""


def rank(severity: str) -> int:
    """Return a severity as a number that grows with it."""
    return RANK.get(severity, 1)


def rank_of(severity: str) -> Case:
    """Return `rank` of a column, for the database."""
    whens = [When(**{severity: word}, then=Value(step)) for word, step in RANK.items()]
    return Case(*whens, default=Value(1), output_field=IntegerField())
