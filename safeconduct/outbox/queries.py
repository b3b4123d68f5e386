"""What the operator's pages and other rooms ask about the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet

from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound
from safeconduct.outbox import mail_settings
from safeconduct.outbox.models import Attempt, ChannelState, Delivery, MailboxCopy


@dataclass(frozen=True)
class Health:
    """How the outbox stands. Ages are seconds since something was due; None when nothing is."""

    is_configured: bool
    goes_to_mailbox: bool
    held: int
    waiting: int
    sending: int
    failed_last_day: int
    oldest_due_seconds: float | None
    oldest_urgent_due_seconds: float | None
    channel_failures: int
    channel_error: str
    paused_until: datetime | None

    @property
    def is_well(self) -> bool:
        """Nothing is held, the server answers and nothing urgent is five minutes late."""
        late = self.oldest_urgent_due_seconds or 0
        return not self.held and not self.channel_failures and late < 300


def health() -> Health:
    """Count what waits, is held or failed, and how late the oldest is."""
    now = clock.now()
    waiting = Delivery.objects.filter(due_at__isnull=False)
    found = waiting.aggregate(
        waiting=Count("id"),
        sending=Count("id", filter=Q(state=Delivery.State.SENDING)),
        oldest=Min("due_at"),
        urgent=Min("due_at", filter=Q(priority=0)),
    )
    channel = ChannelState.objects.filter(channel="email").first()
    is_configured = mail_settings.current() is not None
    return Health(
        is_configured=is_configured,
        goes_to_mailbox=not is_configured and settings.SAFECONDUCT_FOLDER_KIND != "real",
        held=Delivery.in_trouble().filter(state=Delivery.State.HELD).count(),
        waiting=found["waiting"],
        sending=found["sending"],
        failed_last_day=Delivery.in_trouble()
        .filter(state__in=Delivery.UNDELIVERED, created_at__gte=now - timedelta(days=1))
        .count(),
        oldest_due_seconds=_late(found["oldest"], now),
        oldest_urgent_due_seconds=_late(found["urgent"], now),
        channel_failures=channel.failures if channel else 0,
        channel_error=channel.last_error if channel else "",
        paused_until=channel.paused_until if channel else None,
    )


def _late(due_at: datetime | None, now: datetime) -> float | None:
    return max(0.0, (now - due_at).total_seconds()) if due_at is not None else None


def deliveries() -> QuerySet[Delivery]:
    """Every delivery with its message, newest first: the operator's ledger."""
    return Delivery.objects.select_related("message").order_by("-id")


def delivery_by_key(key: str) -> Delivery | None:
    """Return the delivery that was enqueued with `key`."""
    return Delivery.objects.select_related("message").filter(key=key).first()


def attempts(delivery: Delivery) -> QuerySet[Attempt]:
    """Return the tries of a delivery, first to last."""
    return delivery.attempts.order_by("id")


def mailbox() -> QuerySet[MailboxCopy]:
    """Return the development mailbox, newest first."""
    return MailboxCopy.objects.order_by("-id")


def mailbox_copy(copy_id: int) -> MailboxCopy:
    """Return one kept mail, or NotFound."""
    copy = MailboxCopy.objects.filter(pk=copy_id).first()
    if copy is None:
        raise NotFound("mail")
    return copy
