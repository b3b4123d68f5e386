"""Django's handle on this room."""

from django.apps import AppConfig


class AdviceConfig(AppConfig):
    """Entry rules, and the answers for a journey."""

    name = "safeconduct.advice"
    label = "advice"

    def ready(self) -> None:
        """Say what this room stores about people, and register its kinds of mail."""
        from safeconduct.accounts.hooks import personal_data
        from safeconduct.advice import emails
        from safeconduct.advice.personal import OWN_DATA

        personal_data.add(OWN_DATA)
        assert emails.BRIEFING  # noqa: S101  # imported for its registrations
