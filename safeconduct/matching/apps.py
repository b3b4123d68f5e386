"""Django's handle on this room."""

from django.apps import AppConfig


class MatchingConfig(AppConfig):
    """Which alert concerns whom, and why."""

    name = "safeconduct.matching"
    label = "matching"

    def ready(self) -> None:
        """Register the kinds of mail and fill the hooks of the rooms below."""
        from safeconduct.accounts.hooks import personal_data
        from safeconduct.matching import emails, filled
        from safeconduct.matching.personal import OWN_DATA

        personal_data.add(OWN_DATA)
        filled.fill()
        assert emails.OPENED  # noqa: S101  # imported for its registrations
