"""Reminding approvers of a question that waits: some days after it was asked, and some days before the trip.

The row counts its reminders, and a mail is known by that number: a worker that is killed in between reminds once.
"""

from __future__ import annotations

from django.db import transaction

from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.trips.approvalmail import remind_approvers
from safeconduct.trips.approvalmodels import ApprovalRequest, ApprovalRule
from safeconduct.trips.approving import next_reminder
from safeconduct.trips.models import Trip


def remind(request: ApprovalRequest, rule: ApprovalRule | None, *, lease_by: str) -> int:
    """Write the reminder that is due and set the next one; return 1, or 0 when nothing was to be said any more.

    `lease_by` holds the row; whoever lost it meanwhile says nothing.
    """
    with transaction.atomic():
        trips = Trip.objects.for_org(request.organisation_id).select_related("organisation", "user")
        trip = trips.select_for_update(of=("self",)).get(pk=request.trip_id)
        rows = ApprovalRequest.objects.for_org(request.organisation_id).select_related("organisation")
        kept = rows.select_for_update(of=("self",)).filter(pk=request.pk, lease_by=lease_by).first()
        if kept is None:
            return 0
        now = clock.now()
        is_due = kept.is_open and rule is not None and now < trip.starts_at
        if is_due:
            kept.trip = trip
            kept.reminders += 1
            remind_approvers(kept)
            audit.record(
                "trip.approval_reminded", by=None, subject=trip, organisation=trip.organisation,
                detail={"request": kept.public_id, "number": kept.reminders},
            )  # fmt: skip
        kept.due_at = next_reminder(kept, trip, rule, now) if kept.is_open else None
        kept.lease_until, kept.lease_by = None, ""
        kept.save(update_fields=["reminders", "due_at", "lease_until", "lease_by"])
    return int(is_due)
