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
from safeconduct.lib import clock, geo
from safeconduct.lib.ids import public_id


class Incident(models.Model):
    """What happens in the world, whoever tells of it: one or more events of one or more sources.

    To a traveller it is one thing. The lead is the event that is shown first (clustering.py has the rule).
    """

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    event_type = models.CharField(max_length=30)
    lead = models.ForeignKey("Event", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.public_id

    @property
    def audit_label(self) -> str:
        """Return what the log calls this incident."""
        return f"{self.event_type} {self.public_id}"


class Event(models.Model):
    """Something that happens, as one source tells it from first alert to end."""

    class State(models.TextChoices):
        """Whether it still matters."""

        ACTIVE = "active", _("active")
        ENDED = "ended", _("ended")
        SUPERSEDED = "superseded", _("superseded")
        CANCELLED = "cancelled", _("cancelled")
        VANISHED = "vanished", _("vanished")

    class EndReason(models.TextChoices):
        """Why it does not."""

        CANCELLED = "cancelled", _("cancelled by the source")
        ALL_CLEAR = "all_clear", _("all clear given by the source")
        EXPIRED = "expired", _("its time has passed")
        REPLACED = "replaced", _("continued in another alert")
        VANISHED = "vanished", _("no longer listed by the source")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="events")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="events")
    is_placed_by_hand = models.BooleanField(
        default=False, help_text="Somebody merged or split it: the rule leaves it"
    )
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
    missing_since = models.DateTimeField(null=True, help_text="The first complete list that did not name it")
    missing_polls = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["state", "ends_at"], name="event_state_end"),
            models.Index(fields=["source", "identity_key"], name="event_identity"),
            models.Index(fields=["event_type", "started_at"], name="event_type_start"),
        ]

    def __str__(self) -> str:
        return self.identity_key

    @property
    def is_active(self) -> bool:
        """Whether nothing has ended it yet; its time may have passed a moment ago."""
        return self.state == self.State.ACTIVE

    @property
    def is_in_force(self) -> bool:
        """Whether it matters now, to the second: a worker that ends what has passed may be late."""
        return self.is_active and (self.ends_at is None or self.ends_at > clock.now())

    @property
    def state_now(self) -> Event.State:
        """Its state to the second."""
        return self.State(self.state) if self.is_in_force or not self.is_active else self.State.ENDED


class EventKey(models.Model):
    """A name under which an event is known: own and referenced identifiers, an earthquake's ids."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="keys")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=10)
    key = models.CharField(max_length=400)
    sender = models.CharField(max_length=200, blank=True, help_text="Lower case; empty: not known")
    repeated_at = models.DateTimeField(
        null=True, help_text="When a message under this name said the event again, word for word"
    )
    gone_at = models.DateTimeField(
        null=True,
        help_text="When another name took its place in the source's list: it holds nothing up any more",
    )
    document = models.ForeignKey(
        Document,
        on_delete=models.PROTECT,
        null=True,
        related_name="repeated_by",
        help_text="That message, when an index names it",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "status", "key", "sender"], name="event_key_once")
        ]
        indexes = [models.Index(fields=["key"], name="event_key_name")]

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
        CODES = "codes", _("named by codes, shapes from a boundary table")
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
    possible_area = models.BinaryField(null=True, help_text="WKB: named only roughly; matches as possible")
    unplaced = models.JSONField(default=list, help_text="Codes that no boundary table holds")
    search_text = models.TextField(blank=True, default="", help_text="Its words in every language, folded")
    impact_origin = models.CharField(max_length=10, choices=ImpactOrigin.choices)
    impact_note = models.CharField(max_length=300, blank=True)
    west = models.FloatField(null=True)
    south = models.FloatField(null=True)
    east = models.FloatField(null=True)
    north = models.FloatField(null=True)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="versions")
    received_at = models.DateTimeField(db_index=True)
    content_sha = models.CharField(max_length=64)
    fingerprint = models.CharField(
        max_length=64, blank=True, db_index=True, help_text="Digest of what it says, whatever it is called"
    )
    is_reissue = models.BooleanField(
        default=False, help_text="Said again under a new identifier: told to nobody"
    )

    is_corrected = False
    """Not stored: set by whoever has read the version together with an operator's correction of its area."""

    objects = VersionQuerySet.as_manager()

    class Meta:
        # Saving a row goes through the base manager: it refuses as well.
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["event", "number"], name="version_number_once")]
        indexes = [
            models.Index(fields=["ends_at"], name="version_end"),
            models.Index(fields=["content_sha"], name="version_content"),
        ]
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

    def possible_geometry(self) -> BaseGeometry | None:
        """Where it may matter, as a shape; None without such an area."""
        return geo.from_wkb(self.possible_area) if self.possible_area else None


class AreaCorrection(models.Model):
    """An operator's area in place of a wrong one, with the reason. The version itself is never changed.

    It holds for the version it was made for and for later ones of the event that repeat the same wrong area.
    """

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="corrections")
    version = models.ForeignKey(AlertVersion, on_delete=models.PROTECT, related_name="corrections")
    wrong_sha = models.CharField(max_length=64, help_text="Digest of the area that it replaces")
    impact_area = models.BinaryField(null=True, help_text="WKB; null: matters nowhere")
    reason = models.CharField(_("reason"), max_length=500)
    made_by = models.CharField(max_length=200, help_text="Who made it, as the log calls them")
    made_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-made_at", "-id"]

    def __str__(self) -> str:
        return f"correction of {self.version_id}"

    @property
    def audit_label(self) -> str:
        """Return what the log calls this correction."""
        return f"area of event {self.event_id}"

    def geometry(self) -> BaseGeometry | None:
        """The corrected area as a shape, None for nowhere."""
        return geo.from_wkb(self.impact_area) if self.impact_area else None
