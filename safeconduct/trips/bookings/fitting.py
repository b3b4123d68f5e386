"""What does not fit together in a reservation: parts that it cannot be without, ends before starts, places twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from safeconduct.trips.bookings import model
from safeconduct.trips.bookings.model import Problem, Reservation, Spot

LONGEST: Final = {
    model.FLIGHT: timedelta(hours=24),
    model.TRAIN: timedelta(days=9),
    model.BUS: timedelta(days=4),
}
"""The longest flights take 19 hours, the longest train a week: what takes longer has a wrong date."""
LONGEST_STAY: Final = timedelta(days=400)


def missing(made: Reservation, needs: Sequence[str]) -> Iterator[Problem]:
    """What a reservation of this kind cannot be without. A cancellation may name no more than its number."""
    if made.status == model.CANCELLED and made.number:
        return
    for name in needs:
        value = getattr(made, name)
        if not value or (isinstance(value, Spot) and not value.is_known):
            yield Problem("missing", name)


def implausible(made: Reservation) -> Iterator[Problem]:
    """An end before the start, or long after it; a journey from a place to itself."""
    starts, ends = made.starts, made.ends
    if starts and ends:
        if starts.instant and ends.instant:
            lasts, slack = ends.instant - starts.instant, timedelta()
        else:
            # Local times of places that may be a day apart.
            lasts, slack = ends.local - starts.local, timedelta(days=1 if made.kind in model.JOURNEYS else 0)
        is_by_day = not (starts.at and ends.at)
        if lasts < -slack and not (is_by_day and starts.on == ends.on):
            yield Problem("order", "", f"{starts.text}, {ends.text}")
        elif lasts > LONGEST.get(made.kind, LONGEST_STAY) + slack:
            yield Problem("duration", "", f"{starts.text}, {ends.text}")
    if made.kind == model.FLIGHT and made.origin.iata and made.origin.iata == made.destination.iata:
        yield Problem("same.place", "", made.origin.iata)
