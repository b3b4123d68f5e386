"""Django's handle on this room."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    """What is worth telling a person, and how they want to be told."""

    name = "safeconduct.notify"
    label = "notify"
