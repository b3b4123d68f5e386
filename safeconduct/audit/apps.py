"""Django's handle on this room."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Append-only record of who changed what."""

    name = "safeconduct.audit"
    label = "audit"
