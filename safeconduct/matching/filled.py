"""What this room gives to the hooks of the rooms below it."""

from __future__ import annotations

from safeconduct.matching.queries import concerning_trip
from safeconduct.orgs.access import Seat
from safeconduct.trips.hooks import ConcernLine
from safeconduct.trips.models import Trip


def concerns(seat: Seat, trip: Trip) -> list[ConcernLine]:
    """Return the lines beneath a trip: what concerns it now, worst first."""
    return [
        ConcernLine(found.severity, found.headline, found.url, found.reason, found.is_exercise)
        for found in concerning_trip(seat, trip)
    ]


def fill() -> None:
    """Put this room's functions into the hooks."""
    from safeconduct.matching.switches import TRIP
    from safeconduct.notify.hooks import switches
    from safeconduct.notify.models import UnsubscribeLink
    from safeconduct.trips import hooks as trip_hooks

    trip_hooks.concerns = concerns
    switches[UnsubscribeLink.Purpose.TRIP] = TRIP
