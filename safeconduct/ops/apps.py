"""Django's handle on this room."""

from django.apps import AppConfig


class OpsConfig(AppConfig):
    """Running the house."""

    name = "safeconduct.ops"
    label = "ops"
