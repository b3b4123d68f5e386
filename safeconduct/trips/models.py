"""Trips, their stops as typed in, the stays that matching reads, and the rows by which it finds them.

A `Stop` is what the traveller said, in local times of the place. `Stay` rows are derived from a trip's stops by
`trips/actions.py` and by nothing else: they are deleted and written anew at every change. `StayCell` rows are derived
from stays by `trips/cells.py`, in the same transaction. No rule is decided here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from safeconduct.lib import clock
from safeconduct.lib.ids import public_id
from safeconduct.orgs.models import Membership, TenantModel

TITLE_LENGTH = 200
SOURCE_LENGTH = 60
SOURCE_ID_LENGTH = 80
ADDRESS_LENGTH = 300


class Addressee(TenantModel):
    """An e-mail address that an organisation entered trips for, whose reader has no account there yet.

    Until then `stand_in` is the person of those trips. When a member has verified the address the trips become
    theirs (trips/attaching.py), and `user` says whose they became.
    """

    address = models.EmailField(max_length=254, help_text="In lower case")
    stand_in = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    attached_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "address"], name="addressee_once")]

    def __str__(self) -> str:
        return f"addressee {self.pk}"


class TripImport(TenantModel):
    """One file of trips from a source (an agency, a registry, a spreadsheet), and what became of its rows.

    The file is not kept. The rows that did not enter are, so that they can be mended, until `REJECTED_DAYS` later.
    """

    REJECTED_DAYS: ClassVar[int] = 30

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    source_name = models.CharField(max_length=SOURCE_LENGTH)
    file_name = models.CharField(max_length=200, blank=True)
    is_complete = models.BooleanField(default=False, help_text="Trips that are not in it are no longer planned")
    is_approved = models.BooleanField(default=False, help_text="The source says that its trips are approved")
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    started_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict, help_text="How many trips entered, changed, stayed … (trips/importing.py)")
    problems = models.JSONField(default=list, help_text="One entry a row that did not enter: row, code, text")
    kept = models.JSONField(default=list, help_text="What was changed by hand and stays: trip, field")
    held = models.JSONField(default=list, help_text="Trips no longer listed that were too many to cancel unasked")
    rejected_csv = models.TextField(blank=True, help_text="The rows that did not enter, with their reasons")

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "source_name"], condition=Q(finished_at__isnull=True), name="trip_import_one_runs"
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def audit_label(self) -> str:
        """Return what the log calls this import."""
        return f"trip import {self.public_id}"


class Trip(TenantModel):
    """A journey of one person, registered through one membership, or entered for an address without one.

    `source_name` and `source_id` name it in the file it came from; `came_as` is what that file said last, so that a
    change by hand can be told from a change of the file.
    """

    DRAFT_DAYS: ClassVar[int] = 60
    """A draft that nobody has touched for so long is deleted; its page says when."""

    class State(models.TextChoices):
        """What has become of it. Whether it is ahead, under way or past is a question of the clock."""

        DRAFT = "draft", _("Draft")
        REGISTERED = "registered", _("Registered")
        AWAITING = "awaiting", _("Awaiting approval")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", pgettext_lazy("state of a trip", "Refused")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="trips", null=True, blank=True,
        help_text="Empty: entered for somebody who is no member yet",
    )  # fmt: skip
    addressee = models.ForeignKey(
        Addressee, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="+", null=True, blank=True,
        help_text="The delegate who entered it; empty: its traveller, or a file",
    )  # fmt: skip
    source_name = models.CharField(max_length=SOURCE_LENGTH, blank=True)
    source_id = models.CharField(max_length=SOURCE_ID_LENGTH, blank=True)
    came_as = models.JSONField(default=dict, blank=True)
    is_gone_at_source = models.BooleanField(default=False, help_text="Cancelled because the source no longer lists it")
    title = models.CharField(_("name of the trip"), max_length=TITLE_LENGTH)
    state = models.CharField(max_length=12, choices=State.choices, default=State.REGISTERED)
    revision = models.PositiveIntegerField(default=1, help_text="Goes up with every change of the itinerary")
    weighed = models.JSONField(
        default=dict, blank=True, help_text="What the rule of approval found last (trips/weighing.py)"
    )
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
            models.UniqueConstraint(
                fields=["organisation", "source_name", "source_id"], condition=~Q(source_id=""), name="trip_source_once"
            ),
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
    def is_draft(self) -> bool:
        """Return whether it is its traveller's alone so far: nobody else sees it, nothing is matched against it."""
        return self.state == self.State.DRAFT

    @property
    def draft_until(self) -> datetime:
        """Return when an untouched draft is deleted."""
        return self.changed_at + timedelta(days=self.DRAFT_DAYS)

    @property
    def is_watched(self) -> bool:
        """Return whether warnings are matched against it. Approval decides about leave, not about care: who travels
        without it is warned like everybody else."""
        return self.state in WATCHED

    @property
    def is_mail_muted(self) -> bool:
        """Return whether e-mail about this trip is off; the portal keeps showing it."""
        return self.mail_muted_at is not None


WATCHED: Final = (Trip.State.REGISTERED, Trip.State.AWAITING, Trip.State.APPROVED, Trip.State.REFUSED)
"""Trips that somebody makes, or may make. Ask for these, never for one state, where it is about warning or counting."""


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


class StayCell(TenantModel):
    """A stay in one week, found by place: the search row of matching (key: lib/cells.py).

    It carries what the exact test and the counting of people need, so that a search reads nothing else. It goes with
    its stay; trip, person and organisation are copies without constraints of their own. Weeks ahead of the window of
    trips/cells.py have no rows yet. The table is its own index: WITHOUT ROWID on SQLite, INCLUDE on PostgreSQL
    (migration 0002; whoever alters it must keep that).
    """

    pk = models.CompositePrimaryKey("key", "stay_id")
    key = models.BigIntegerField(help_text="Week and cell; below zero: week and country")
    stay = models.ForeignKey(Stay, on_delete=models.CASCADE, related_name="cells")
    organisation = models.ForeignKey(
        "orgs.Organisation", on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    trip_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    lon = models.FloatField()
    lat = models.FloatField()
    radius_km = models.FloatField(help_text="0: only the country is known")
    from_epoch = models.BigIntegerField(help_text="Seconds since 1970, without the margin")
    to_epoch = models.BigIntegerField()

    def __str__(self) -> str:
        return f"stay {self.stay_id} under {self.key}"


class Roll(models.Model):
    """Weeks that were, or are being, taken into the window of the search rows. The columns of lib/leases.py."""

    first_week = models.IntegerField(unique=True)
    last_week = models.IntegerField()
    after_stay = models.BigIntegerField(default=0, help_text="Stays up to this key have their rows")
    done_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_by = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        ordering = ["first_week"]

    def __str__(self) -> str:
        return f"weeks {self.first_week} to {self.last_week}"


# Django looks for a room's tables here.
from safeconduct.trips.approvalmodels import ApprovalRequest, ApprovalRule, Deputy  # noqa: E402
from safeconduct.trips.companymodels import CalendarFeed, Companion, Delegation, TripGroup  # noqa: E402

__all__ = [
    "ADDRESS_LENGTH", "SOURCE_ID_LENGTH", "SOURCE_LENGTH", "TITLE_LENGTH", "WATCHED", "Addressee", "ApprovalRequest",
    "ApprovalRule", "CalendarFeed", "Companion", "Delegation", "Deputy", "Roll", "Stay", "StayCell", "Stop", "Trip",
    "TripGroup", "TripImport",
]  # fmt: skip
