"""The kinds of mail of this room."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from safeconduct.outbox.kinds import Kind, register

ENTERED: Final = register(
    Kind(code="trip.entered", room="trips", unsubscribable=True, priority=40, useful_for=timedelta(days=5))
)
