"""What this room asks of higher ones: where a member is now, by their itinerary. Filled at start-up."""

from __future__ import annotations

from collections.abc import Callable

from safeconduct.orgs.access import Seat

# Returns (longitude, latitude) of the trip under way, or None.
position_of: list[Callable[[Seat], tuple[float, float] | None]] = []


def position(seat: Seat) -> tuple[float, float] | None:
    """Return the first position that a room knows."""
    for ask in position_of:
        found = ask(seat)
        if found is not None:
            return found
    return None
