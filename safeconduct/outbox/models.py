"""What is to be told, to which address, and every try: Message, Delivery, Attempt.

A message is rendered once per content and language; a delivery is one address and one channel; an attempt is
one try. Rows are written before and after the effect, never instead of it. This room knows addresses, not
people: organisation and recipient are plain values, and nothing here reads another room.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Message(models.Model):
    """Subject, text and HTML, rendered; the marks of `rendering.py` stand where each person's words go."""

    content_key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=80, db_index=True)
    language = models.CharField(max_length=12, default="en")
    subject = models.CharField(max_length=1000)
    text = models.TextField()
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict, blank=True)
    from_name = models.CharField(max_length=120, blank=True)
    organisation_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} [{self.language}]"


class Delivery(models.Model):
    """One message to one address by one channel. `key` makes the same telling the same row."""

    class State(models.TextChoices):
        """Where a delivery stands; `sending` means it may have been written to the line already."""

        QUEUED = "queued", _("queued")
        HELD = "held", _("held: no mail settings")
        SENDING = "sending", _("being sent")
        RETRYING = "retrying", _("to be tried again")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed for good")
        UNKNOWN = "unknown", _("outcome unknown, given up")
        CANCELLED = "cancelled", _("cancelled")

    OPEN: ClassVar[tuple[str, ...]] = (State.QUEUED, State.RETRYING)
    CANCELLABLE: ClassVar[tuple[str, ...]] = (State.QUEUED, State.RETRYING, State.HELD)
    UNDELIVERED: ClassVar[tuple[str, ...]] = (State.FAILED, State.UNKNOWN)

    key = models.CharField(max_length=200, unique=True)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=20, default="email")
    address = models.CharField(max_length=320, db_index=True)
    slots = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    urgent = models.BooleanField(default=False)
    # 0 for urgent mail and for nothing else: the worker's index begins with it.
    priority = models.PositiveSmallIntegerField(default=50)
    due_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_by = models.CharField(max_length=80, blank=True, default="")
    attempts_made = models.PositiveSmallIntegerField(default=0)
    rfc_message_id = models.CharField(max_length=200)
    unsubscribe_url = models.CharField(max_length=500, blank=True, default="")
    started_at = models.DateTimeField(null=True, blank=True)
    interrupted_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=400, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        """Indexes hold only what is still to be done, so a year of sent mail costs the worker nothing."""

        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["priority", "due_at"],
                name="outbox_delivery_due",
                condition=Q(due_at__isnull=False),
            ),
            models.Index(
                fields=["state", "id"],
                name="outbox_delivery_trouble",
                condition=Q(state__in=["held", "failed", "unknown"]),
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk} ({self.state})"

    @classmethod
    def in_trouble(cls) -> models.QuerySet[Delivery]:
        """Return what is held, failed or given up, by the partial index."""
        # Spelt out, because SQLite proves a partial index from constants only, never from parameters.
        return cls.objects.extra(where=["outbox_delivery.state IN ('held', 'failed', 'unknown')"])

    @property
    def is_over(self) -> bool:
        """Nothing more will happen to it by itself."""
        return self.state in (self.State.SENT, self.State.CANCELLED, *self.UNDELIVERED)


class Attempt(models.Model):
    """One try and what the other side answered. Never holds body text, codes or links."""

    class Outcome(models.TextChoices):
        """`unknown`: written to the line, no answer stored; the recipient may or may not have it."""

        ACCEPTED = "accepted", _("accepted")
        REFUSED_TEMPORARILY = "refused_temporarily", _("refused for now")
        REFUSED_FOR_GOOD = "refused_for_good", _("refused for good")
        UNKNOWN = "unknown", _("unknown")
        NO_CONNECTION = "no_connection", _("no connection")

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    channel = models.CharField(max_length=20, default="email")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=Outcome)
    smtp_code = models.PositiveSmallIntegerField(null=True, blank=True)
    reply = models.CharField(max_length=300, blank=True, default="")

    def __str__(self) -> str:
        return f"attempt {self.pk} ({self.outcome})"


class MailSettings(models.Model):
    """How mail leaves, as the operator entered it. One row; the password is a file (mail_settings.py)."""

    class Tls(models.TextChoices):
        """How the line is protected."""

        OPPORTUNISTIC = "auto", _("STARTTLS when the server offers it")
        STARTTLS = "starttls", _("STARTTLS, required")
        IMPLICIT = "tls", _("TLS from the first byte")
        NONE = "none", _("no protection")

    only = models.PositiveSmallIntegerField(primary_key=True, default=1)
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField(default=587)
    tls = models.CharField(max_length=10, choices=Tls, default=Tls.STARTTLS)
    user = models.CharField(max_length=254, blank=True, default="")
    from_address = models.CharField(max_length=320)
    from_name = models.CharField(max_length=120, blank=True, default="")
    sender_line = models.CharField(max_length=300, blank=True, default="")
    changed_at = models.DateTimeField()

    class Meta:
        """There is one way out."""

        verbose_name_plural = "mail settings"
        constraints = [models.CheckConstraint(condition=Q(only=1), name="outbox_one_mail_settings")]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class ChannelState(models.Model):
    """Whether a channel's other end answers; a broken one is tried again at `paused_until`, not per row."""

    channel = models.CharField(max_length=20, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=400, blank=True, default="")
    paused_until = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    worked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.channel}: {self.failures} failures"


class MailboxCopy(models.Model):
    """A whole mail kept for the development mailbox; written in demo and test folders only."""

    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, related_name="mailbox_copy")
    kind = models.CharField(max_length=80)
    to = models.CharField(max_length=320, db_index=True)
    subject = models.CharField(max_length=1000)
    text = models.TextField()
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    sent_at = models.DateTimeField()

    class Meta:
        """Newest mail first, as a mailbox is read."""

        verbose_name_plural = "mailbox copies"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"mailbox copy {self.pk}"
