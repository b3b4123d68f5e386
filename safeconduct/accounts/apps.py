"""Django's handle on this room."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People and how they sign in."""

    name = "safeconduct.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Register the room's mails and its personal data."""
        from safeconduct.accounts import emails, hooks  # noqa: F401 - registers the kinds
        from safeconduct.accounts.actions import OWN_DATA

        hooks.personal_data.add(OWN_DATA)
