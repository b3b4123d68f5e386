"""Django's handle on this room."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Events and immutable alert versions."""

    name = "safeconduct.alerts"
    label = "alerts"
