"""Django's handle on this room."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Messages, deliveries and attempts."""

    name = "safeconduct.outbox"
    label = "outbox"
