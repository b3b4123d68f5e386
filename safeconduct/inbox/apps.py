"""Django's handle on this room; fills what lower rooms ask: what is stored about a person."""

from __future__ import annotations

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """Documents handed in, and the bookings in them."""

    name = "safeconduct.inbox"
    label = "inbox"

    def ready(self) -> None:
        """Register kinds of mail and the provider of personal data."""
        from safeconduct.accounts.hooks import personal_data
        from safeconduct.inbox import emails
        from safeconduct.inbox.personal import OWN_DATA

        assert emails.ANSWER  # noqa: S101  # imported for its registration
        personal_data.add(OWN_DATA)
