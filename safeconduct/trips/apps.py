"""Django's handle on this room; fills what lower rooms ask: where a member is now, what is stored about a person."""

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
        from safeconduct.accounts.hooks import address_verified, personal_data
        from safeconduct.alerts import hooks as alert_hooks
        from safeconduct.centres.hooks import position_of
        from safeconduct.orgs import hooks as org_hooks
        from safeconduct.trips import emails
        from safeconduct.trips.attaching import attach_trips
        from safeconduct.trips.mapping import own_points
        from safeconduct.trips.personal import OWN_DATA

        alert_hooks.own_points = own_points
        address_verified.fill(attach_trips)
        org_hooks.joined = attach_trips
        assert emails.ENTERED  # noqa: S101  # imported for its registration

        personal_data.add(OWN_DATA)
        if _position not in position_of:
            position_of.append(_position)


def _position(seat: Seat) -> tuple[float, float] | None:
    from safeconduct.trips.queries import stay_now

    stay = stay_now(seat.user)
    return (stay.lon, stay.lat) if stay is not None else None
