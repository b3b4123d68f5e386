"""Django's handle on this room."""

from django.apps import AppConfig


class AdvisoriesConfig(AppConfig):
    """Official advice: levels, wording, sections, history."""

    name = "safeconduct.advisories"
    label = "advisories"
