"""Django's handle on this room."""

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    """Official sources, read politely."""

    name = "safeconduct.feeds"
    label = "feeds"
