"""Django's handle on this room."""

from django.apps import AppConfig


class AdviceConfig(AppConfig):
    """Entry rules, and the answers for a journey."""

    name = "safeconduct.advice"
    label = "advice"
