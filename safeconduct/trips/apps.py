"""Django's handle on this room. Tells the centres where a member is now, by their itinerary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from safeconduct.orgs.access import Seat


class TripsConfig(AppConfig):
    """Trips, stops and whereabouts."""

    name = "safeconduct.trips"
    label = "trips"

    def ready(self) -> None:
        """Fill the hooks of lower rooms."""
        from safeconduct.centres import hooks

        if _position not in hooks.position_of:
            hooks.position_of.append(_position)


def _position(seat: Seat) -> tuple[float, float] | None:
    from safeconduct.trips.queries import stay_now

    stay = stay_now(seat.user)
    return (stay.lon, stay.lat) if stay is not None else None
