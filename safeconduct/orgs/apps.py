"""Django's handle on this room."""

from django.apps import AppConfig


class OrgsConfig(AppConfig):
    """Organisations, programmes, memberships and rights."""

    name = "safeconduct.orgs"
    label = "orgs"
