"""Django's handle on this room; fills what lower rooms ask: what is stored about a person, what is behind a trip."""

from __future__ import annotations

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """Documents handed in, and the bookings in them."""

    name = "safeconduct.inbox"
    label = "inbox"

    def ready(self) -> None:
        """Register kinds of mail, the provider of personal data, and who tells what is behind a trip."""
        from safeconduct.accounts.hooks import personal_data
        from safeconduct.inbox import emails
        from safeconduct.inbox.personal import OWN_DATA
        from safeconduct.inbox.queries import bookings_behind
        from safeconduct.trips import hooks

        assert emails.ANSWER  # noqa: S101  # imported for its registration
        personal_data.add(OWN_DATA)
        hooks.own_bookings = bookings_behind
