"""Publishes approved texts whose time has come."""

from __future__ import annotations

from safeconduct.guides.actions import publish_due


def run_due(limit: int = 50) -> int:
    """Return how many were published."""
    return publish_due(limit)
