"""Events and their immutable versions, read from official sources. Shared rows of no organisation.

A version is written once and never changed: what was told can be shown for ever. What changes is the event:
which version is current and whether it is over. Refuses to judge; normalise.py and impact.py did.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _
from shapely.geometry.base import BaseGeometry

from safeconduct.feeds.models import Document, Source
from safeconduct.lib import geo
from safeconduct.lib.ids import public_id


class Event(models.Model):
    """Something that happens, as one source tells it from first alert to end."""

    class State(models.TextChoices):
        """Whether it still matters."""

        ACTIVE = "active", _("active")
        ENDED = "ended", _("ended")
        CANCELLED = "cancelled", _("cancelled")

    class EndReason(models.TextChoices):
        """Why it does not."""

        CANCELLED = "cancelled", _("cancelled by the source")
        ALL_CLEAR = "all_clear", _("all clear given by the source")
        EXPIRED = "expired", _("its time has passed")
        REPLACED = "replaced", _("continued in another alert")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="events")
    identity_key = models.CharField(max_length=400, help_text="The first message's identifier")
    status = models.CharField(max_length=10, help_text="CAP status; a test never joins an actual event")
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    current_version = models.ForeignKey(
        "AlertVersion", on_delete=models.PROTECT, null=True, related_name="current_of"
    )
    event_type = models.CharField(max_length=30)
    countries = models.JSONField(default=list)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, help_text="When the current version stops mattering")
    ended_at = models.DateTimeField(null=True)
    ended_reason = models.CharField(max_length=10, choices=EndReason.choices, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "ends_at"], name="event_state_end"),
            models.Index(fields=["source", "identity_key"], name="event_identity"),
        ]

    def __str__(self) -> str:
        return self.identity_key

    @property
    def is_active(self) -> bool:
        """Whether it still matters."""
        return self.state == self.State.ACTIVE


class EventKey(models.Model):
    """A name under which an event is known: own and referenced identifiers, an earthquake's ids."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="keys")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=10)
    key = models.CharField(max_length=400)
    sender = models.CharField(max_length=200, blank=True, help_text="Lower case; empty: not known")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "status", "key", "sender"], name="event_key_once")
        ]

    def __str__(self) -> str:
        return self.key


class VersionQuerySet(models.QuerySet["AlertVersion"]):
    """Reads and inserts; there is no changing of what was told."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise TypeError("an alert version is never changed")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise TypeError("an alert version is never changed")

    def _update(self, values: Any) -> NoReturn:
        """Refuse: this is the way that saving a stored row takes."""
        raise TypeError("an alert version is never changed")

    def delete(self) -> NoReturn:
        """Refuse."""
        raise TypeError("an alert version is never deleted")


class AlertVersion(models.Model):
    """One message as it was read: CAP's words, our codes, and the area where it matters."""

    class ImpactOrigin(models.TextChoices):
        """Where the impact area comes from."""

        GIVEN = "given", _("given by the source")
        DERIVED = "derived", _("our estimate")
        COUNTRY = "country", _("somewhere in the country")
        NONE = "none", _("no area")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(help_text="1, 2, … in the order in which we read them")
    identifier = models.CharField(max_length=400)
    sender = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField()
    msg_type = models.CharField(max_length=10)
    status = models.CharField(max_length=10)
    scope = models.CharField(max_length=10)
    references = models.JSONField(default=list)
    infos = models.JSONField(default=list)
    notes = models.JSONField(default=list, help_text="What was read with patience")
    event_type = models.CharField(max_length=30)
    urgency = models.CharField(max_length=10)
    severity = models.CharField(max_length=10)
    certainty = models.CharField(max_length=10)
    effective_at = models.DateTimeField(null=True)
    onset_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(help_text="When it stops mattering")
    countries = models.JSONField(default=list)
    area_names = models.JSONField(default=list)
    impact_area = models.BinaryField(null=True, help_text="WKB, longitudes in [-180, 180]")
    impact_origin = models.CharField(max_length=10, choices=ImpactOrigin.choices)
    impact_note = models.CharField(max_length=300, blank=True)
    west = models.FloatField(null=True)
    south = models.FloatField(null=True)
    east = models.FloatField(null=True)
    north = models.FloatField(null=True)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="versions")
    received_at = models.DateTimeField(db_index=True)
    content_sha = models.CharField(max_length=64)

    objects = VersionQuerySet.as_manager()

    class Meta:
        # Saving a row goes through the base manager: it refuses as well.
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["event", "number"], name="version_number_once")]
        indexes = [models.Index(fields=["ends_at"], name="version_end")]
        ordering = ["event", "number"]

    def __str__(self) -> str:
        return f"{self.identifier} ({self.msg_type}, version {self.number})"

    @property
    def audit_label(self) -> str:
        """Return what the log calls this version."""
        return str(self)

    @property
    def begins_at(self) -> datetime:
        """When it begins to matter: onset, else effective, else sent. India writes an onset before the rest."""
        return self.onset_at or self.effective_at or self.sent_at

    @property
    def is_current(self) -> bool:
        """Whether the event's current version is this one."""
        return self.event.current_version_id == self.pk

    def geometry(self) -> BaseGeometry | None:
        """The impact area as a shape, None without one."""
        return geo.from_wkb(self.impact_area) if self.impact_area else None
