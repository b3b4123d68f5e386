"""Reads of approval: what awaits a decision, and what was asked and decided about a trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from safeconduct.lib import clock
from safeconduct.orgs.models import Organisation
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.trips.approvalmodels import ApprovalRequest
from safeconduct.trips.approvalwords import Line, lines_of
from safeconduct.trips.models import Trip


@dataclass(frozen=True)
class Entry:
    """One question of a trip's history, in words."""

    row: ApprovalRequest
    lines: list[Line]
    before: list[Line]


def queue(organisation: Organisation) -> TenantQuerySet[ApprovalRequest]:
    """Return what awaits a decision, the soonest trip first; a trip that is over asks nobody any more."""
    rows = ApprovalRequest.objects.for_org(organisation).filter(
        Q(trip__ends_at__isnull=True) | Q(trip__ends_at__gte=clock.now()), state=ApprovalRequest.State.OPEN
    )
    return rows.select_related("trip__user", "trip__organisation").order_by("trip__starts_at", "pk")


def history_of(trip: Trip) -> list[Entry]:
    """Return every question about a trip, newest first."""
    rows: Sequence[ApprovalRequest] = list(trip.approvals.select_related("asked_by", "decided_by"))
    return [Entry(row, lines_of(row.reasons), lines_of(row.before)) for row in rows]


def waiting_count(organisation: Organisation) -> int:
    """Return how many trips await a decision."""
    return queue(organisation).count()
