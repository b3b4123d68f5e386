"""Django's handle on this room."""

from django.apps import AppConfig


class MatchingConfig(AppConfig):
    """Which alert concerns whom, and why."""

    name = "safeconduct.matching"
    label = "matching"
