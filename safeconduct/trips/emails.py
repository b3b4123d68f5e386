"""The kinds of mail of this room."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from safeconduct.outbox.kinds import Kind, register

ENTERED: Final = register(
    Kind(code="trip.entered", room="trips", unsubscribable=True, priority=40, useful_for=timedelta(days=5))
)
BY_DELEGATE: Final = register(
    Kind(code="trip.by_delegate", room="trips", unsubscribable=True, priority=40, useful_for=timedelta(days=5))
)
DELEGATE: Final = register(Kind(code="trip.delegate", room="trips", priority=40, useful_for=timedelta(days=5)))
"""To a traveller, and to whom may enter trips for them from now on."""
RESPONSIBLE: Final = register(
    Kind(code="trip.responsible", room="trips", secret=True, priority=35, useful_for=timedelta(days=5))
)
"""To an adult who answers for a minor on a trip. A child's name stays in the outbox no longer than it takes to send."""
APPROVAL: Final = register(Kind(code="trip.approval", room="trips", priority=30, useful_for=timedelta(days=5)))
"""To whoever decides about a trip."""
REMINDER: Final = register(Kind(code="trip.approval_reminder", room="trips", priority=30, useful_for=timedelta(days=2)))
ASKED: Final = register(Kind(code="trip.asked", room="trips", priority=30, useful_for=timedelta(days=5)))
"""To the traveller whose trip was put before an approver by something else than their own doing."""
DECIDED: Final = register(Kind(code="trip.decided", room="trips", priority=25, useful_for=timedelta(days=5)))
