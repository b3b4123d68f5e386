"""The only door to a person's subscriptions."""

from __future__ import annotations

from safeconduct.lib.errors import NotFound
from safeconduct.notify.models import Subscription, UnsubscribeLink
from safeconduct.orgs.access import Seat


def access_subscription(seat: Seat, public_id: str) -> Subscription:
    """Return the person's own subscription. Raises NotFound for anybody else's."""
    row = (
        Subscription.objects.for_org(seat.organisation)
        .select_related("place")
        .filter(user_id=seat.user.pk, public_id=public_id)
        .first()
    )
    if row is None:
        raise NotFound("subscription")
    return row


def access_link(token: str) -> UnsubscribeLink:
    """Return the row of an unsubscribe address: whoever holds the address may use it. Raises NotFound."""
    row = UnsubscribeLink.objects.by_token(token)
    if row is None:
        raise NotFound("unsubscribe link")
    return row
