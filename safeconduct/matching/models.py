"""Exposures, and which versions and trips have been matched already. No rule is decided here.

An exposure is also the queue of what is still to be said about it: `tell_due_at` is empty when nothing is.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from safeconduct.lib import clock
from safeconduct.orgs.models import TenantModel


class Exposure(TenantModel):
    """A warning's event concerns one trip. Exposures are closed, not deleted."""

    class Strength(models.TextChoices):
        """How surely."""

        INSIDE = "inside", pgettext_lazy("exposure", "Inside the area")
        TOUCHES = "touches", pgettext_lazy("exposure", "Touches the area")
        POSSIBLE = "possible", pgettext_lazy("exposure", "Possible")

    class State(models.TextChoices):
        """Whether it still holds."""

        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    class Closed(models.TextChoices):
        """Why it no longer holds. People are told of the first five."""

        CANCELLED = "cancelled", _("The warning was cancelled")
        VANISHED = "vanished", _("The source no longer lists the warning")
        MOVED_AWAY = "moved_away", _("The warning no longer covers the place or the time")
        RESTRICTED = "restricted", _("The source no longer warns of it in public")
        EASED = "eased", _("The warning has become milder than what is told")
        ENDED = "ended", _("The warning or the stay is over")
        TRIP_CHANGED = "trip_changed", _("The trip was changed")
        TRIP_CANCELLED = "trip_cancelled", _("The trip was cancelled")

    TOLD_AT_THE_END: ClassVar[tuple[str, ...]] = (
        Closed.CANCELLED, Closed.VANISHED, Closed.MOVED_AWAY, Closed.RESTRICTED, Closed.EASED,
    )  # fmt: skip

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    trip = models.ForeignKey("trips.Trip", on_delete=models.CASCADE, related_name="exposures")
    stop = models.ForeignKey("trips.Stop", on_delete=models.SET_NULL, null=True, related_name="exposures")
    event = models.ForeignKey("alerts.Event", on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey("alerts.AlertVersion", on_delete=models.PROTECT, related_name="+")
    strength = models.CharField(max_length=10, choices=Strength.choices)
    distance_km = models.FloatField(null=True)
    place_label = models.CharField(max_length=320)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    reason = models.JSONField(default=dict, help_text="Code and parameters; words.py makes a sentence of them")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField(default=clock.now)
    tell_due_at = models.DateTimeField(null=True, help_text="When something is to be said; empty: nothing is")
    told_at = models.DateTimeField(null=True)
    told_version = models.ForeignKey("alerts.AlertVersion", on_delete=models.PROTECT, null=True, related_name="+")
    told_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="+",
        help_text="The trip was told of the same event by this one: there is nothing to add while it holds",
    )
    times_over = models.PositiveSmallIntegerField(
        default=0, help_text="How often its end was told before it began anew"
    )
    tell_error = models.CharField(max_length=200, blank=True, default="")
    closed_at = models.DateTimeField(null=True)
    closed_reason = models.CharField(max_length=16, choices=Closed.choices, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["event", "trip"], name="exposure_once")]
        indexes = [
            models.Index(fields=["tell_due_at", "id"], name="exposure_to_tell", condition=Q(tell_due_at__isnull=False)),
            models.Index(fields=["user", "state"], name="exposure_of_user"),
            models.Index(fields=["state", "to_at"], name="exposure_over"),
            models.Index(fields=["id"], name="exposure_told_by", condition=Q(told_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"exposure {self.pk} ({self.strength})"


class Leased(models.Model):
    """The columns of lib/leases.py."""

    due_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_by = models.CharField(max_length=80, blank=True, default="")
    failures = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        abstract = True


class MatchRun(Leased):
    """A version was, or is to be, matched against all stays and subscriptions."""

    version = models.OneToOneField("alerts.AlertVersion", on_delete=models.CASCADE, related_name="+")
    ran_at = models.DateTimeField(null=True)
    matched = models.PositiveIntegerField(default=0, help_text="People, not stops")
    cover = models.BinaryField(default=bytes, help_text="The areas as ranges of cells (candidates.py)")
    cover_sha = models.CharField(
        max_length=64, blank=True, default="", help_text="Digest of the areas that it covers"
    )

    class Meta:
        ordering = ["version_id"]
        indexes = [models.Index(fields=["due_at"], name="matchrun_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"match of version {self.version_id}"


class TripMatch(Leased, TenantModel):
    """A trip was, or is to be, matched against the active warnings; `revision` is the one that was."""

    trip = models.OneToOneField("trips.Trip", on_delete=models.CASCADE, related_name="match")
    revision = models.PositiveIntegerField(default=0)
    ran_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["due_at"], name="tripmatch_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"match of trip {self.trip_id}"
