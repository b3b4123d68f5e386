"""Django's handle on this room."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    """What is worth telling a person, and how they want to be told."""

    name = "safeconduct.notify"
    label = "notify"

    def ready(self) -> None:
        """Say what the links of subscriptions switch off, and what is stored about a person."""
        from safeconduct.accounts.hooks import personal_data
        from safeconduct.notify.hooks import switches
        from safeconduct.notify.models import UnsubscribeLink
        from safeconduct.notify.personal import OWN_DATA
        from safeconduct.notify.switches import SUBSCRIPTION

        personal_data.add(OWN_DATA)
        switches[UnsubscribeLink.Purpose.SUBSCRIPTION] = SUBSCRIPTION
