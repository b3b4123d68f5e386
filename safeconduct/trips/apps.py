"""Django's handle on this room."""

from django.apps import AppConfig


class TripsConfig(AppConfig):
    """Trips, stops and whereabouts."""

    name = "safeconduct.trips"
    label = "trips"
