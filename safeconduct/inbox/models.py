"""Documents as they were handed in, the bookings found in them, and the road of mail. No rule is decided here.

A `Letter` belongs to a person, or to nobody: before it is known whose it is, and of which organisation, it is a row of the
deployment, so its organisation is a plain id. A `Booking` is a tenant's row.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from safeconduct.lib import clock
from safeconduct.lib.ids import public_id
from safeconduct.orgs.models import TenantModel
from safeconduct.trips.models import Stop, Trip


class Letter(models.Model):
    """One document that came in, and what became of it. The columns of lib/leases.py.

    `raw` is the document, compressed by zlib, until `SAFECONDUCT_BOOKINGS_DAYS` later; a stranger's is dropped when it has
    been looked at. `key` makes the same document of the same road the same row.
    """

    class Road(models.TextChoices):
        """How it came."""

        IMAP = "imap", _("mailbox")
        HTTP = "http", _("mail server")
        UPLOAD = "upload", _("file")
        PASTE = "paste", _("pasted text")
        COMMAND = "command", _("operator’s folder")

    class State(models.TextChoices):
        """`ignored`: of a stranger or a machine, nothing was done with it."""

        WAITING = "waiting", _("Waiting to be read")
        READ = "read", _("Read")
        NEEDS_YOU = "needs_you", _("Needs you")
        FAILED = "failed", _("Could not be read")
        IGNORED = "ignored", _("Ignored")

    MAILS: ClassVar[tuple[str, ...]] = (Road.IMAP, Road.HTTP)

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    key = models.CharField(max_length=120, unique=True, help_text="Road, person and digest")
    sha256 = models.CharField(max_length=64)
    road = models.CharField(max_length=8, choices=Road.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", null=True, blank=True
    )
    organisation_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    is_proved = models.BooleanField(default=False, help_text="Known to come from its person, not only said to")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=40, blank=True, help_text="Why it was ignored or failed: a code of inbox/words.py")
    problems = models.JSONField(default=list, help_text="Of the document: code, field, detail")
    found_count = models.PositiveSmallIntegerField(default=0, help_text="Reservations in it")
    changes = models.JSONField(default=list, help_text="What it did: code, booking (inbox/words.py)")
    size = models.PositiveIntegerField(default=0, help_text="Bytes, before compression")
    raw = models.BinaryField(null=True, blank=True)
    received_at = models.DateTimeField(default=clock.now)
    done_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_by = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        ordering = ["-received_at", "-id"]
        indexes = [
            models.Index(fields=["due_at"], name="inbox_letter_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["user", "-received_at"], name="inbox_letter_user"),
            models.Index(fields=["received_at"], name="inbox_letter_at"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def audit_label(self) -> str:
        """Return what the log calls this document."""
        return f"letter {self.public_id}"

    @property
    def is_mail(self) -> bool:
        """Return whether it came as mail, to which an answer goes."""
        return self.road in self.MAILS


class Booking(TenantModel):
    """One reservation of a person, whatever number of documents told of it.

    `said` is the reservation as it was entered last (inbox/keeping.py); `came_as` what that made of its stop, so that a
    change by hand is told from a change of the booking. `offered` is what waits for the person: a first entering, a change
    or a cancellation, with why it waits.
    """

    class State(models.TextChoices):
        """What has become of it."""

        WAITING = "waiting", _("Needs you")
        ENTERED = "entered", _("In a trip")
        NOTED = "noted", _("Kept")
        OVER = "over", _("Over already")
        CANCELLED = "cancelled", _("Called off")
        DISMISSED = "dismissed", _("Left out")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    letter = models.ForeignKey(Letter, on_delete=models.SET_NULL, related_name="+", null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    kind = models.CharField(max_length=40, help_text="A type of schema.org")
    reference = models.CharField(max_length=80, blank=True)
    carrier = models.CharField(max_length=120, blank=True)
    number = models.CharField(max_length=40, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    said = models.JSONField(default=dict)
    seen = models.JSONField(default=list, help_text="Digests of what documents said of it, oldest first")
    came_as = models.JSONField(default=dict)
    offered = models.JSONField(default=dict)
    trip = models.ForeignKey(Trip, on_delete=models.SET_NULL, related_name="+", null=True, blank=True)
    stop = models.ForeignKey(Stop, on_delete=models.SET_NULL, related_name="+", null=True, blank=True)
    made_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["starts_on", "id"]
        indexes = [models.Index(fields=["user", "organisation", "starts_on"], name="inbox_booking_user")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def audit_label(self) -> str:
        """Return what the log calls this booking: an id, not where somebody goes."""
        return f"booking {self.public_id}"

    @property
    def needs_person(self) -> bool:
        """Return whether something of it waits for its person."""
        return bool(self.offered)


class Mailbox(models.Model):
    """The one mailbox that is polled, and how it answered last. The columns of lib/leases.py."""

    only = models.PositiveSmallIntegerField(primary_key=True, default=1)
    polled_at = models.DateTimeField(null=True, blank=True)
    worked_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=40, blank=True, help_text="A code of inbox/imap.py")
    detail = models.CharField(max_length=200, blank=True, help_text="What the server answered")
    taken_count = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_by = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        verbose_name_plural = "mailboxes"
        constraints = [models.CheckConstraint(condition=Q(only=1), name="inbox_one_mailbox")]

    def __str__(self) -> str:
        return "mailbox"


class RoadSettings(models.Model):
    """What the operator set at the desk. One row; of the hand-in's secret the digest alone is kept."""

    only = models.PositiveSmallIntegerField(primary_key=True, default=1)
    address = models.CharField(max_length=254, blank=True, help_text="Where people forward their mails to")
    authserv = models.CharField(max_length=253, blank=True, help_text="Whose Authentication-Results are believed")
    authserv_seen = models.CharField(max_length=253, blank=True, help_text="Named first in the last mail")
    secret_digest = models.CharField(max_length=64, blank=True)
    secret_made_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "road settings"
        constraints = [models.CheckConstraint(condition=Q(only=1), name="inbox_one_settings")]

    def __str__(self) -> str:
        return "road of mail"

    @property
    def audit_label(self) -> str:
        """Return what the log calls these settings."""
        return "bookings by mail"
