"""Who else has a part in trips: calendars that read them, groups that share one, delegates who enter them, companions.

None of them widens what an organisation's managers see. A group holds an itinerary and no people: its people are the
trips that bear its name. A companion is a name on a trip and goes with it. No rule is decided here.
"""

from __future__ import annotations

from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from safeconduct.lib import clock
from safeconduct.lib.ids import public_id
from safeconduct.orgs.models import TenantModel

GROUP_NAME_LENGTH: Final = 60
COMPANION_NAME_LENGTH: Final = 120


class CalendarFeed(models.Model):
    """The secret address under which calendar programs read a person's trips. One a person; the secret is not stored."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True, help_text="lib.ids.token_digest of the secret")
    made_at = models.DateTimeField(default=clock.now)
    read_at = models.DateTimeField(null=True, blank=True, help_text="When it was last read, to the hour")

    def __str__(self) -> str:
        return f"calendar {self.pk}"


class TripGroup(TenantModel):
    """One itinerary for many people, entered once. Its trips have `source_name` = `name`.

    `said` is the itinerary as `trips/writing.py` says stops; `revision` keeps two windows apart.
    """

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    name = models.CharField(_("name of the group"), max_length=GROUP_NAME_LENGTH)
    title = models.CharField(max_length=200)
    said = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=1)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    made_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-changed_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="trip_group_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_label(self) -> str:
        """Return what the log calls this group."""
        return f"trip group {self.public_id}"


class Delegation(TenantModel):
    """Somebody who may enter trips for another member, until it is ended.

    `user` is the traveller; empty: anybody who has no account in the organisation, which only its managers allow.
    """

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", null=True, blank=True,
        help_text="The traveller; empty: whoever has no account",
    )  # fmt: skip
    delegate = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    made_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "user", "delegate"], condition=Q(ended_at__isnull=True), name="delegation_once"
            ),
            models.UniqueConstraint(
                fields=["organisation", "delegate"], condition=Q(ended_at__isnull=True, user__isnull=True),
                name="delegation_without_account_once",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=True) | ~Q(user=models.F("delegate")), name="delegation_is_another"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.public_id

    @property
    def audit_label(self) -> str:
        """Return what the log calls this delegation."""
        return f"delegation {self.public_id}"


class Companion(TenantModel):
    """Somebody who comes along on a trip without an account: a name, and for minors who answers for them.

    `responsible` is an adult companion of the same trip; empty for a minor: the traveller. `address` is where an adult
    is told so, once; it is asked of no one else.
    """

    MOST: ClassVar[int] = 20

    trip = models.ForeignKey("trips.Trip", on_delete=models.CASCADE, related_name="companions")
    seq = models.PositiveSmallIntegerField()
    name = models.CharField(_("name"), max_length=COMPANION_NAME_LENGTH)
    is_minor = models.BooleanField(_("minor"), default=False)
    responsible = models.ForeignKey("self", on_delete=models.SET_NULL, related_name="+", null=True, blank=True)
    address = models.EmailField(max_length=254, blank=True, help_text="In lower case; only of a responsible adult")

    class Meta:
        ordering = ["trip", "seq"]
        constraints = [
            models.CheckConstraint(
                condition=Q(responsible__isnull=True) | Q(is_minor=True), name="companion_minor_has_responsible"
            ),
            models.CheckConstraint(condition=Q(address="") | Q(is_minor=False), name="companion_adult_has_address"),
        ]
        indexes = [models.Index(fields=["trip", "seq"], name="companion_order")]

    def __str__(self) -> str:
        return f"companion {self.pk}"
