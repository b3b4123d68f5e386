"""Two at once on PostgreSQL: one decision, one reminder, and no approval of an itinerary that is being changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.permissions import MANAGER
from safeconduct.outbox.models import Delivery
from safeconduct.places.actions import load_facts
from safeconduct.places.models import Place
from safeconduct.trips import jobs
from safeconduct.trips.actions import change_trip, register_trip
from safeconduct.trips.approving import decide
from safeconduct.trips.models import ApprovalRequest, Trip
from safeconduct.trips.ruling import change_rule
from tests.conftest import World, join, make_user
from tests.matching.conftest import NOW
from tests.matching.test_incident_workers import at_once
from tests.permissions.scene import RULE
from tests.trips.conftest import Draft

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time anyway"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def places(transactional_db: None) -> None:
    """Load the places again: a test before this one may have emptied all tables."""
    if not Place.objects.exists():
        load_facts(only={"PT", "KE"})


def asked(world: World, draft: Draft) -> ApprovalRequest:
    with clock.held_at(NOW):
        change_rule(world.northfield, RULE | {"is_on": True, "always": True}, by=world.alice, asks_known=False)
        stop = draft("Lisbon", "2027-03-10T14:00", "2027-03-14T10:00")
        trip = register_trip(world.seat(world.bob), title="", stops=[stop], by=world.bob)
        return ApprovalRequest.objects.for_org(world.northfield).get(trip=trip)


@pytest.mark.usefixtures("places")
def test_two_approvers_decide_once(world: World, draft: Draft) -> None:
    row = asked(world, draft)
    eve = make_user("eve@northfield.example.edu", "Eve", "Lind")
    join(eve, world.seat(world.bob).membership.programme, role=MANAGER)
    told: list[str] = []

    def approve() -> None:
        _try(True, world.alice)

    def refuse() -> None:
        _try(False, eve)

    def _try(is_approved: bool, by: object) -> None:
        try:
            decide(row, is_approved=is_approved, note="So it is.", seen=row.seen, by=by)  # type: ignore[arg-type]
        except Refused as refused:
            told.append(refused.code)

    at_once(approve, refuse)
    assert told == ["approval.decided"]
    assert Delivery.objects.filter(key__startswith="trip.decided:").count() == 1
    kept = ApprovalRequest.objects.for_org(world.northfield).get()
    assert Trip.objects.for_org(world.northfield).get().state == kept.state


@pytest.mark.usefixtures("places")
def test_a_change_and_an_approval_at_once_never_approve_what_was_not_seen(world: World, draft: Draft) -> None:
    row = asked(world, draft)
    longer = draft("Lisbon", "2027-03-10T14:00", "2027-03-24T10:00")
    told: list[str] = []

    def approve() -> None:
        try:
            decide(row, is_approved=True, note="", seen=row.seen, by=world.alice)
        except Refused as refused:
            told.append(refused.code)

    at_once(approve, lambda: change_trip(row.trip, title="", stops=[longer], by=world.bob))
    # Whoever was first: the longer trip is not approved.
    assert Trip.objects.for_org(world.northfield).get().state == "awaiting"
    assert told in ([], ["approval.changed"])
    assert ApprovalRequest.objects.for_org(world.northfield).filter(state="open").count() == 1


@pytest.mark.usefixtures("places")
def test_two_workers_remind_once(world: World, draft: Draft) -> None:
    row = asked(world, draft)
    ApprovalRequest.objects.for_org(world.northfield).filter(pk=row.pk).update(due_at=NOW - timedelta(minutes=1))
    at_once(jobs.approve_due, jobs.approve_due)
    assert Delivery.objects.filter(key__startswith="trip.approval_reminder:").count() == 1
    assert ApprovalRequest.objects.for_org(world.northfield).get().reminders == 1
