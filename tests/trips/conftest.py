"""What the tests of trips share: places by key, drafts, and the fields of a posted form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from safeconduct.places.models import Place
from safeconduct.places.queries import resolve
from safeconduct.trips.drafts import StopDraft

Draft = Callable[..., StopDraft]


@pytest.fixture
def place(db: None) -> Callable[[str], Place]:
    """Return a function: a name or key → the place."""
    return resolve


@pytest.fixture
def draft(db: None) -> Draft:
    """Return a function: place, arrival, departure (ISO, "" = open) → a stop."""

    def make(where: str, arrive: str, depart: str = "", **more: Any) -> StopDraft:
        if "to" in more:
            more["to_place"] = resolve(more.pop("to"))
        return StopDraft(
            place=resolve(where),
            arrive=datetime.fromisoformat(arrive),
            depart=datetime.fromisoformat(depart) if depart else None,
            **more,
        )

    return make


def row(number: int, **values: str) -> dict[str, str]:
    """Return the fields of one row of the form, with what a browser always sends."""
    kind = values.pop("kind", "stay")
    base = {"kind": kind, "public_id": "", "place_key": "", "leg": "1" if kind in ("flight", "rail", "other") else ""}
    return {f"s{number}-{name}": value for name, value in (base | values).items()}


def posted(*rows: dict[str, str], **values: str) -> dict[str, str]:
    """Return a whole form."""
    data = {"count": str(len(rows)), "do": "save", "token": "form-token-1", "title": ""} | values
    for one in rows:
        data |= one
    return data
