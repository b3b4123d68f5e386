"""Trips, their stops as typed in, and the stays that matching reads.

A `Stop` is what the traveller said, in local times of the place. `Stay` rows are derived from a trip's stops by
`trips/actions.py` and by nothing else: they are deleted and written anew at every change. No rule is decided here.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from safeconduct.lib import clock
from safeconduct.lib.ids import public_id
from safeconduct.orgs.models import Membership, TenantModel

TITLE_LENGTH = 200
ADDRESS_LENGTH = 300


class Trip(TenantModel):
    """A journey of one person, registered through one membership."""

    class State(models.TextChoices):
        """What has become of it. Whether it is ahead, under way or past is a question of the clock."""

        REGISTERED = "registered", _("Registered")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="trips")
    title = models.CharField(_("name of the trip"), max_length=TITLE_LENGTH)
    state = models.CharField(max_length=12, choices=State.choices, default=State.REGISTERED)
    revision = models.PositiveIntegerField(default=1, help_text="Goes up with every change of the itinerary")
    starts_at = models.DateTimeField(help_text="When the first stop begins; derived from the stops")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="When the last stop ends; empty: open end")
    registered_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now, db_index=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    mail_muted_at = models.DateTimeField(null=True, blank=True)
    form_token = models.CharField(max_length=40, null=True, blank=True, help_text="The form it came from, once")

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "form_token"], name="trip_form_once"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")), name="trip_ends_after_start"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "starts_at"], name="trip_user_start"),
            models.Index(fields=["organisation", "state", "starts_at"], name="trip_org_start"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def audit_label(self) -> str:
        """Return what the log calls this trip: an id, not where somebody goes."""
        return f"trip {self.public_id}"

    @property
    def is_cancelled(self) -> bool:
        """Return whether the trip was called off."""
        return self.state == self.State.CANCELLED

    @property
    def is_mail_muted(self) -> bool:
        """Return whether e-mail about this trip is off; the portal keeps showing it."""
        return self.mail_muted_at is not None


class Stop(TenantModel):
    """A stay at a place, or a leg between two. Local times are what was typed; the instants are derived.

    A stay arrives, then departs (`depart_at` empty: open end). A leg departs from `place`, then arrives at
    `to_place`; `arrive_zone` is the zone of the place of arrival, `depart_zone` that of the departure.
    """

    class Kind(models.TextChoices):
        """What it is. Flights, trains and other journeys have two ends."""

        STAY = "stay", _("Stay")
        LODGING = "lodging", _("Lodging")
        FLIGHT = "flight", _("Flight")
        RAIL = "rail", _("Train")
        OTHER = "other", _("Other journey")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    trip = models.ForeignKey(Trip, on_delete=models.CASCADE, related_name="stops")
    seq = models.PositiveSmallIntegerField()
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.STAY)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, related_name="+")
    to_place = models.ForeignKey("places.Place", on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    address = models.CharField(_("address"), max_length=ADDRESS_LENGTH, blank=True)
    lat = models.FloatField(null=True, blank=True)
    lon = models.FloatField(null=True, blank=True)
    arrive_local = models.CharField(max_length=16, help_text="Wall clock of arrive_zone, 2026-11-22T14:00")
    arrive_zone = models.CharField(max_length=64)
    arrive_at = models.DateTimeField()
    depart_local = models.CharField(max_length=16, blank=True, help_text="Wall clock of depart_zone")
    depart_zone = models.CharField(max_length=64, blank=True)
    depart_at = models.DateTimeField(null=True, blank=True)
    tentative = models.BooleanField(_("tentative"), default=False)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        ordering = ["trip", "seq"]
        indexes = [models.Index(fields=["trip", "seq"], name="stop_order")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_leg(self) -> bool:
        """Return whether this goes from one place to another."""
        return self.to_place_id is not None

    @property
    def arrive_wall(self) -> datetime:
        """Return the arrival as typed: a naive local time."""
        return datetime.fromisoformat(self.arrive_local)

    @property
    def depart_wall(self) -> datetime | None:
        """Return the departure as typed, None for an open end."""
        return datetime.fromisoformat(self.depart_local) if self.depart_local else None


class Stay(TenantModel):
    """Where the itinerary says somebody is, from when to when: one row for matching to read.

    `geometry` is WKB in degrees, cut at 180°; it is empty for a country, whose shape is in places/shapes.py.
    `certain` is false where a gap between two stops is filled with the places on either side of it.
    """

    class ExtentKind(models.TextChoices):
        """How large the place is."""

        ADDRESS = "address", _("address")
        CITY = "city", _("city")
        AIRPORT = "airport", _("airport")
        COUNTRY = "country", _("country")

    trip = models.ForeignKey(Trip, on_delete=models.CASCADE, related_name="stays")
    stop = models.ForeignKey(Stop, on_delete=models.CASCADE, related_name="stays")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    label = models.CharField(max_length=320)
    extent_kind = models.CharField(max_length=10, choices=ExtentKind.choices)
    lon = models.FloatField()
    lat = models.FloatField()
    radius_km = models.FloatField(null=True, blank=True)
    country_code = models.CharField(max_length=2, blank=True)
    zone = models.CharField(max_length=64, default="UTC")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    tentative = models.BooleanField(default=False)
    certain = models.BooleanField(default=True)
    is_open_end = models.BooleanField(default=False)
    west = models.FloatField()
    south = models.FloatField()
    east = models.FloatField()
    north = models.FloatField()
    geometry = models.BinaryField(null=True, blank=True)

    class Meta:
        ordering = ["trip", "from_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(to_at__gte=F("from_at")), name="stay_ends_after_start"),
        ]
        indexes = [
            models.Index(fields=["from_at", "to_at", "west", "east", "south", "north"], name="stay_when_where"),
            models.Index(fields=["country_code", "from_at", "to_at"], name="stay_country_when"),
            models.Index(fields=["user", "from_at"], name="stay_user"),
        ]

    def __str__(self) -> str:
        return self.label
