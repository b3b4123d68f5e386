"""What this room asks of the rooms above it. They fill it in their apps.py; empty means: nothing to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from safeconduct.orgs.access import Seat
from safeconduct.trips.models import Trip


@dataclass(frozen=True)
class ConcernLine:
    """An alert that concerns a trip, in the reader's words. `severity` is CAP's word."""

    severity: str
    headline: str
    url: str
    why: str
    is_exercise: bool = False
    also: tuple[str, ...] = ()
    """Names of the other sources that warn of the same."""


Concerns = Callable[[Seat, Trip], list[ConcernLine]]

concerns: Concerns | None = None

rolled: Callable[[list[int]], None] | None = None
"""Called with trips that got search rows for further weeks, in that transaction: they are to be matched again."""

handed_over: Callable[[int, int, int], None] | None = None
"""Called with organisation, old and new person when trips become somebody's, in that transaction: rows go along."""


def concerns_of(seat: Seat, trip: Trip) -> list[ConcernLine]:
    """Return what concerns the trip now, worst first as the upper room orders it."""
    return concerns(seat, trip) if concerns is not None else []


@dataclass(frozen=True)
class BriefingLine:
    """The way to one's own briefing of a trip. `sign` and `words`: how far it is; `at`: when it was acknowledged."""

    url: str
    label: str
    sign: str
    words: str
    note: str = ""
    at: datetime | None = None


own_briefing: Callable[[Seat, Trip], BriefingLine | None] | None = None
"""Called with a person's own trip."""


def own_briefing_of(seat: Seat, trip: Trip) -> BriefingLine | None:
    """Return the way to the briefing of one's own trip, None where there is none."""
    return own_briefing(seat, trip) if own_briefing is not None else None


@dataclass(frozen=True)
class BookingsLine:
    """The bookings that are behind a trip of one's own. `is_all`: every stop came from one of them."""

    url: str
    count: int
    is_all: bool


own_bookings: Callable[[Seat, Trip], BookingsLine | None] | None = None
"""Called with a person's own trip."""


def own_bookings_of(seat: Seat, trip: Trip) -> BookingsLine | None:
    """Return the bookings behind one's own trip, None where there are none."""
    return own_bookings(seat, trip) if own_bookings is not None else None
