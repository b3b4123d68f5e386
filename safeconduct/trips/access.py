"""The only door to somebody's trip. Another person's, and another organisation's, is NotFound."""

from __future__ import annotations

from safeconduct.lib.errors import NotFound
from safeconduct.orgs.access import Seat
from safeconduct.trips.approvers import may_approve
from safeconduct.trips.models import ApprovalRequest, Deputy, Stop, Trip

OWN = "trips.own"
VIEW = "trips.view"


def access_trip(seat: Seat, public_id: str, right: str = OWN) -> Trip:
    """Return a trip of the seat's organisation.

    With "trips.own" only the traveller's own; with "trips.view", which managers hold, any of the organisation but
    drafts, which are nobody's business yet.
    """
    rows = Trip.objects.for_org(seat.organisation).select_related("user", "organisation", "membership")
    trip = rows.filter(public_id=public_id).first()
    if trip is None or not seat.may(right) or right not in (OWN, VIEW):
        raise NotFound("trip")
    if trip.user_id != seat.user.pk and (right == OWN or trip.is_draft):
        raise NotFound("trip")
    return trip


def access_stop(seat: Seat, public_id: str, right: str = OWN) -> Stop:
    """Return a stop of a trip that the seat may reach."""
    rows = Stop.objects.for_org(seat.organisation).select_related("trip", "place", "to_place")
    stop = rows.filter(public_id=public_id).first()
    if stop is None:
        raise NotFound("stop")
    access_trip(seat, stop.trip.public_id, right)
    return stop


def access_approval(seat: Seat, public_id: str) -> ApprovalRequest:
    """Return a question about a trip of the seat's organisation, for whoever may decide there today."""
    rows = ApprovalRequest.objects.for_org(seat.organisation).select_related(
        "organisation", "trip__user", "trip__organisation", "trip__membership", "asked_by", "decided_by"
    )
    row = rows.filter(public_id=public_id).first()
    if row is None or not may_approve(seat):
        raise NotFound("approval request")
    return row


def access_deputy(seat: Seat, public_id: str) -> Deputy:
    """Return a deputy that the seat's person named."""
    row = Deputy.objects.for_org(seat.organisation).filter(public_id=public_id, approver=seat.user).first()
    if row is None:
        raise NotFound("deputy")
    return row
