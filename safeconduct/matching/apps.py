"""Django's handle on this room."""

from django.apps import AppConfig


class MatchingConfig(AppConfig):
    """Which alert concerns whom, and why."""

    name = "safeconduct.matching"
    label = "matching"

    def ready(self) -> None:
        """Register the kinds of mail and fill the hooks of the rooms below."""
        from safeconduct.accounts.hooks import personal_data
        from safeconduct.matching import actions, emails, filled, jobs
        from safeconduct.matching.personal import OWN_DATA
        from safeconduct.trips import hooks as trip_hooks

        personal_data.add(OWN_DATA)
        filled.fill()
        trip_hooks.rolled = jobs.match_again
        trip_hooks.handed_over = actions.hand_over
        assert emails.OPENED  # noqa: S101  # imported for its registrations
