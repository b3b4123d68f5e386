"""The four errors that are expected to happen.

One place at each edge turns them into a page, an exit code or the next delivery state; everything else
rises, is logged once with an id and answers 500.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")


class ExpectedError(Exception):
    """Base of the four; never raised itself."""


class Refused(ExpectedError):
    """The request was understood and declined. `code` is stable, `text` is for the person."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class NotFound(ExpectedError):
    """There is no such row for this person. Also said of rows that belong to another organisation."""

    def __init__(self, what: str = "") -> None:
        super().__init__(what or "not found")


def found(row: T | None, what: str) -> T:
    """Return the row. Raises NotFound when there is none."""
    if row is None:
        raise NotFound(what)
    return row


class Temporary(ExpectedError):
    """It did not work now and may work later."""

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Permanent(ExpectedError):
    """It did not work and trying again will not help."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
