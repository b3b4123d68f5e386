"""Mails to operators about the house itself. Nobody prefers or mutes them: they go straight to the outbox."""

from __future__ import annotations

from datetime import timedelta

from safeconduct.outbox.kinds import Kind, register

ROOM = "ops"

SOURCE_LATE = register(Kind(code="ops.source_late", room=ROOM, priority=10, useful_for=timedelta(days=1)))
SOURCES_WEEKLY = register(
    Kind(code="ops.sources_weekly", room=ROOM, priority=90, useful_for=timedelta(days=6))
)
