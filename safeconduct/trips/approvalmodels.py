"""Approval of trips: an organisation's rule, who stands in for its approvers, and what was asked and decided.

An `ApprovalRequest` is one question about one itinerary: its reasons are those of the day it was asked, and stay what
they were when levels change. A trip has one open request at most. No rule is decided here.
"""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from safeconduct.lib import clock
from safeconduct.lib.ids import public_id
from safeconduct.orgs.models import TenantModel

NOTE_LENGTH = 1000


class ApprovalRule(TenantModel):
    """When trips of an organisation need approval. One row an organisation; switched off without one.

    `version` goes up with every change of what the rule says; trips remember under which they were weighed. The lease
    columns are those of the job that compares trips with the levels of now.
    """

    is_on = models.BooleanField(_("trips need approval by a rule"), default=False)
    always = models.BooleanField(_("every trip"), default=False)
    security_from = models.CharField(max_length=8, blank=True, help_text="Value of ratings.Value; empty: not asked")
    medical_from = models.CharField(max_length=8, blank=True)
    advisory_from = models.PositiveSmallIntegerField(null=True, blank=True, help_text="1–4; empty: not asked")
    advisory_source = models.CharField(max_length=80, blank=True, help_text="Key of the source; empty: any")
    countries = models.JSONField(default=list, blank=True, help_text="ISO 3166-1 codes")
    remind_after_days = models.PositiveSmallIntegerField(default=2)
    remind_before_days = models.PositiveSmallIntegerField(default=5)
    asks_known = models.BooleanField(default=False, help_text="Trips registered before the last change are asked too")
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_by = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation"], name="approval_rule_once"),
            models.CheckConstraint(
                condition=Q(advisory_from__isnull=True) | Q(advisory_from__range=(1, 4)), name="approval_rule_level"
            ),
        ]

    def __str__(self) -> str:
        return f"approval rule {self.pk}"

    @property
    def audit_label(self) -> str:
        """Return what the log calls this row."""
        return f"approval rule of {self.organisation_id}"

    @property
    def says_anything(self) -> bool:
        """Return whether the rule can be met at all."""
        return bool(
            self.always or self.security_from or self.medical_from or self.advisory_from or self.countries
        )


class ApprovalRequest(TenantModel):
    """One question whether a trip may be made, with its reasons, and the answer.

    `revision` is the itinerary that an answer is about; it follows small changes while the request is open. `spans`
    are the days in each country that were asked for: less than that needs no new approval.
    """

    class State(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("awaiting a decision")
        APPROVED = "approved", pgettext_lazy("state of a request", "approved")
        REFUSED = "refused", pgettext_lazy("state of a request", "refused")
        WITHDRAWN = "withdrawn", _("no longer asked")

    class Cause(models.TextChoices):
        """Why it was asked."""

        REGISTERED = "registered", _("the trip was registered")
        CHANGED = "changed", _("the itinerary was changed")
        LEVEL = "level", _("a level changed")
        RULE = "rule", _("the rule was changed")
        SOURCE = "source", _("entered from a file")
        AGAIN = "again", _("the traveller asked again")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    trip = models.ForeignKey("trips.Trip", on_delete=models.CASCADE, related_name="approvals")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    cause = models.CharField(max_length=10, choices=Cause.choices)
    revision = models.PositiveIntegerField()
    spans = models.JSONField(default=dict, help_text="Country code: [[first day, last day or empty], …]")
    reasons = models.JSONField(default=list, help_text="trips/weighing.py")
    before = models.JSONField(default=list, help_text="The reasons that held before, when a level changed")
    asked_at = models.DateTimeField(default=clock.now)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    note = models.CharField(_("note"), max_length=NOTE_LENGTH, blank=True)
    reminders = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True, help_text="When approvers are reminded next")
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_by = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["trip"], condition=Q(state="open"), name="approval_request_one_open"),
        ]
        indexes = [
            models.Index(fields=["organisation", "state", "asked_at"], name="approval_request_queue"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="approval_request_due"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def audit_label(self) -> str:
        """Return what the log calls this request."""
        return f"approval request {self.public_id}"

    @property
    def seen(self) -> str:
        """Return what names the itinerary and the levels as this row shows them: a decision is about no others."""
        levels = sorted((one["kind"], one["country"], one["source"], one["rank"]) for one in self.reasons)
        return hashlib.sha256(f"{self.revision} {levels}".encode()).hexdigest()[:16]

    @property
    def is_open(self) -> bool:
        """Return whether nobody has decided yet."""
        return self.state == self.State.OPEN


class Deputy(TenantModel):
    """Who decides in an approver's place on some days: a member of the organisation, whatever their role."""

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", help_text="Who decides instead"
    )
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    first_on = models.DateField()
    last_on = models.DateField()
    made_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["first_on", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(last_on__gte=F("first_on")), name="deputy_ends_after_start"),
            models.CheckConstraint(condition=~Q(user=F("approver")), name="deputy_is_another"),
        ]
        indexes = [models.Index(fields=["organisation", "last_on"], name="deputy_days")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def audit_label(self) -> str:
        """Return what the log calls this row."""
        return f"deputy {self.public_id}"
