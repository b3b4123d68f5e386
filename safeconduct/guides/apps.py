"""Django's handle on this room."""

from django.apps import AppConfig


class GuidesConfig(AppConfig):
    """Destination pages."""

    name = "safeconduct.guides"
    label = "guides"
