"""Django's handle on this room."""

from django.apps import AppConfig


class MatchingConfig(AppConfig):
    """Which alert concerns whom, and why."""

    name = "safeconduct.matching"
    label = "matching"

    def ready(self) -> None:
        """Register the kinds of mail and fill the hooks of the rooms below."""
        from safeconduct.matching import emails, filled

        filled.fill()
        assert emails.OPENED  # noqa: S101  # imported for its registrations
