"""Django's handle on this room."""

from django.apps import AppConfig


class CentresConfig(AppConfig):
    """Assistance centres."""

    name = "safeconduct.centres"
    label = "centres"
