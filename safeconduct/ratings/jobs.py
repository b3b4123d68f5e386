"""Reckons all ratings anew from time to time; countries whose inputs are the same are not written."""

from __future__ import annotations

from safeconduct.ratings.actions import reckon_all


def run_due(limit: int = 1) -> int:
    """Return how many ratings have another value than before."""
    return reckon_all()
