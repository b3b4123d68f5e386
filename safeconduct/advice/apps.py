"""Django's handle on this room."""

from django.apps import AppConfig


class AdviceConfig(AppConfig):
    """Entry rules, and the answers for a journey."""

    name = "safeconduct.advice"
    label = "advice"

    def ready(self) -> None:
        """Say what this room stores about people, register its kinds of mail, fill the hooks of trips."""
        from safeconduct.accounts.hooks import personal_data
        from safeconduct.advice import emails, fortrips
        from safeconduct.advice.personal import OWN_DATA
        from safeconduct.trips import hooks as trip_hooks

        personal_data.add(OWN_DATA)
        trip_hooks.own_briefing = fortrips.own_line
        assert emails.BRIEFING  # noqa: S101  # imported for its registrations
