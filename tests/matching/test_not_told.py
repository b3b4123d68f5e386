"""Who is not told, and why: mail that is switched off, a membership that ended, and mail that has not left in time."""

from __future__ import annotations

from datetime import datetime

import pytest

from safeconduct.lib import clock
from safeconduct.matching.queries import count_of
from safeconduct.notify.models import Notice
from safeconduct.trips.actions import cancel_trip, mute_mail
from tests.alerts.messages import put, triple
from tests.conftest import World
from tests.matching.conftest import NOW, TripMaker, mails, told, work
from tests.matching.test_telling import DAY, STAY, exposure, storm


def test_a_muted_trip_sends_nothing_and_the_portal_keeps_showing_it(world: World, trip_of: TripMaker) -> None:
    trip = trip_of(world.bob, STAY)
    mute_mail(trip, by=world.bob)
    put(storm())
    work()
    assert told() == []
    notice = Notice.objects.for_org(world.northfield).get()
    assert (notice.told, notice.why_not) == (False, "muted")
    with clock.held_at(NOW):
        assert count_of(world.seat(world.bob)) == 1


@pytest.mark.parametrize(
    ("ends_on", "is_told"), [("2026-11-19", True), ("2026-11-18", False), ("2026-11-25", True)]
)
def test_trips_under_way_when_a_membership_ends_are_still_warned(
    world: World, trip_of: TripMaker, ends_on: str, is_told: bool
) -> None:
    trip = trip_of(world.bob, STAY)
    trip.membership.ends_on = datetime.fromisoformat(ends_on).date()
    trip.membership.save()
    put(storm())
    work()
    assert (told() == [("exposure.opened", "bob")]) == is_told
    if not is_told:
        assert Notice.objects.for_org(world.northfield).get().why_not == "membership_ended"


def test_somebody_without_a_verified_address_is_noted(world: World, trip_of: TripMaker) -> None:
    from allauth.account.models import EmailAddress

    EmailAddress.objects.filter(user=world.bob).update(verified=False)
    trip_of(world.bob, STAY)
    put(storm())
    work()
    assert told() == []
    assert Notice.objects.for_org(world.northfield).get().why_not == "no_address"


def test_mail_that_has_not_left_is_replaced_or_taken_back(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    put(storm())
    work(mail=False)
    put(
        storm(
            "S2",
            sent="2026-11-20T11:00:00+00:00",
            msg_type="Update",
            references=triple("S1"),
            headline="Newer",
        )
    )
    work(mail=False)
    assert [mail.subject for mail in mails()] == ["Severe: Newer"]
    put(storm("S3", sent="2026-11-20T11:30:00+00:00", msg_type="Cancel", references=triple("S2")))
    work()
    assert mails() == []
    assert (exposure(world).told_at, exposure(world).closed_reason) == (None, "cancelled")


def test_waiting_mail_about_a_warning_that_is_over_does_not_leave(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    put(storm(expires="2026-11-21T10:00:00+00:00"))
    work(mail=False)
    assert len(mails()) == 1
    work(NOW + DAY)
    assert mails() == []


def test_waiting_mail_about_a_trip_that_was_cancelled_does_not_leave(
    world: World, trip_of: TripMaker
) -> None:
    trip = trip_of(world.bob, STAY)
    put(storm())
    work(mail=False)
    with clock.held_at(NOW):
        cancel_trip(trip, by=world.bob)
    work()
    assert mails() == []
