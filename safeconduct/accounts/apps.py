"""Django's handle on this room."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People and how they sign in."""

    name = "safeconduct.accounts"
    label = "accounts"
