"""What time it is. The only place that asks the machine.

Demo and test folders may hold the clock still (`--at T`, `SAFECONDUCT_AT`); `config/cli.py` and the
settings refuse that anywhere else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

ENVIRONMENT_NAME = "SAFECONDUCT_AT"
_held: ContextVar[datetime | None] = ContextVar("held_clock", default=None)


def parse_instant(text: str) -> datetime:
    """Return the aware UTC instant of an ISO 8601 text; without an offset it is read as UTC.

    Raises ValueError when the text is no instant.
    """
    instant = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return instant.astimezone(UTC)


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    held = _held.get()
    if held is not None:
        return held
    fixed = os.environ.get(ENVIRONMENT_NAME)
    if fixed:
        return parse_instant(fixed)
    return datetime.now(UTC)


def today(zone: str = "UTC") -> date:
    """Return the date at `zone` (IANA name)."""
    return now().astimezone(ZoneInfo(zone)).date()


@contextmanager
def held_at(instant: datetime) -> Iterator[None]:
    """Hold the clock of this context still at `instant` (aware)."""
    token = _held.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _held.reset(token)
