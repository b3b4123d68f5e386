"""Reads documents in a process of its own: `python -m safeconduct.trips.bookings.child`, started by `reading`.

It is kept with its libraries loaded and forks for each document (`lib/children`), so that no document meets another.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from safeconduct.lib.children import serve
from safeconduct.trips.bookings import kitinerary
from safeconduct.trips.bookings.containers import read_document


def answer(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    """The findings of one document. `head`: context (a date or None), kitinerary (a path or empty), its seconds."""
    context = date.fromisoformat(head["context"]) if head["context"] else None
    second = kitinerary.Asked(head["kitinerary"], body, context, head["kitinerary_seconds"])
    findings = read_document(body, context=context)
    second.add_to(findings)
    return findings.as_json()


if __name__ == "__main__":
    serve(answer)
