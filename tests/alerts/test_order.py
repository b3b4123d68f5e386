"""Which of two messages is the newer one, when clocks are wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from safeconduct.alerts.actions import Outcome
from safeconduct.alerts.models import Event

from .messages import NOW, message, put, triple

AHEAD = "2026-11-21T06:00:00+00:00"
"""Eighteen hours ahead of its receipt: within what a wrong time zone may do."""


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["Update", "Cancel"])
def test_what_speaks_of_a_message_is_newer_whatever_that_one_s_clock_said(kind: str) -> None:
    put(message("A", sent=AHEAD))
    later = message(
        "B",
        sent="2026-11-20T13:00:00+00:00",
        msg_type=kind,
        severity="Extreme",
        references=triple("A", AHEAD),
    )
    applied = put(later, at=NOW + timedelta(hours=1))
    assert applied.outcome == (Outcome.UPDATED if kind == "Update" else Outcome.CANCELLED)
    event = Event.objects.get()
    assert event.current_version == applied.version
    assert event.state == ("active" if kind == "Update" else "cancelled")


@pytest.mark.django_db
def test_messages_that_speak_of_each_other_go_by_their_times() -> None:
    put(message("A", sent="2026-11-20T11:00:00+00:00", references=triple("B")))
    applied = put(message("B", references=triple("A")))
    assert applied.outcome == Outcome.UNCHANGED
    current = Event.objects.get().current_version
    assert current is not None and current.identifier == "A"
