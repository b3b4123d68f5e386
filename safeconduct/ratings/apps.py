"""Django's handle on this room."""

from django.apps import AppConfig


class RatingsConfig(AppConfig):
    """Medical and security ratings per destination."""

    name = "safeconduct.ratings"
    label = "ratings"
