"""The unsubscribe switch that this room owns: a subscription. Trips bring theirs from `matching`."""

from __future__ import annotations

from django.utils.translation import gettext as _

from safeconduct.lib.errors import NotFound
from safeconduct.notify.actions import end_subscription
from safeconduct.notify.hooks import Stopping, Switch
from safeconduct.notify.models import Subscription, UnsubscribeLink
from safeconduct.notify.places import name_of


def _subscription(link: UnsubscribeLink) -> Subscription:
    row = (
        Subscription.objects.for_org(link.organisation_id)
        .select_related("place", "organisation", "user")
        .filter(public_id=link.target, user_id=link.user_id)
        .first()
    )
    if row is None:
        raise NotFound("subscription")
    return row


def _show(link: UnsubscribeLink) -> Stopping:
    row = _subscription(link)
    return Stopping(
        title=_("E-mail alerts for %(place)s") % {"place": name_of(row.place)},
        text=_("This ends your subscription. Alerts that concern a trip of yours still reach you."),
        is_off=row.ended_at is not None,
    )


def _switch_off(link: UnsubscribeLink) -> None:
    row = _subscription(link)
    end_subscription(row, by=row.user)


SUBSCRIPTION = Switch(show=_show, switch_off=_switch_off)
