"""Delegates: who may enter trips for whom, what they reach, and what they do not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.audit.models import Entry
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.notify.models import Notice
from safeconduct.orgs.models import Membership, Programme
from safeconduct.outbox.models import Delivery
from safeconduct.trips.access import access_trip
from safeconduct.trips.actions import cancel_trip, change_trip, register_trip
from safeconduct.trips.attaching import attach_trips
from safeconduct.trips.delegating import (
    access_entered,
    cancel_entered,
    change_entered,
    end_delegation,
    enter_trip,
    entered_trips,
    name_delegate,
)
from safeconduct.trips.models import Delegation, Stay, Trip
from safeconduct.trips.queries import stops_of
from tests.conftest import World
from tests.trips.conftest import Draft, posted, row

ClientOf = Callable[[User | None], Client]
BOB, ALICE = "bob@northfield.example.edu", "alice@northfield.example.edu"


@pytest.fixture
def given(world: World) -> Delegation:
    """Alice's delegate is Bob, who is a plain member."""
    return name_delegate(world.northfield, traveller=world.alice, address=BOB, by=world.alice)


@pytest.fixture
def anybody(world: World) -> Delegation:
    return name_delegate(world.northfield, traveller=None, address=BOB, by=world.alice)


@pytest.fixture
def stop(draft: Draft) -> Any:
    return draft("Nairobi", "2031-03-01T10:00", "2031-03-08T10:00")


def test_the_trip_is_its_travellers_from_the_first_moment(world: World, given: Delegation, stop: Any) -> None:
    bob, alice = world.seat(world.bob), world.seat(world.alice)
    trip = enter_trip(bob, given, title="Field week", stops=[stop], form_token="t1")
    assert (trip.user, trip.entered_by, trip.membership and trip.membership.user) == (world.alice, world.bob, world.alice)
    assert access_trip(alice, trip.public_id) == trip
    assert Stay.objects.for_org(world.northfield).filter(trip=trip, user=world.alice).exists()
    assert enter_trip(bob, given, title="Field week", stops=[stop], form_token="t1") == trip
    told = Notice.objects.for_org(world.northfield).get(kind="trip.by_delegate")
    assert (told.user, told.told) == (world.alice, True)
    entry = Entry.objects.get(action="trip.registered")
    assert entry.actor_id == world.bob.pk and entry.detail["traveller"] == world.alice.public_id


def test_a_delegate_reaches_nothing_else_of_the_traveller(
    world: World, given: Delegation, stop: Any, draft: Draft, client_of: ClientOf
) -> None:
    bob = world.seat(world.bob)
    mine = register_trip(world.seat(world.alice), title="Private", by=world.alice, stops=[draft("Berlin", "2031-05-01", "2031-05-02")])
    trip = enter_trip(bob, given, title="Field week", stops=[stop])
    for public_id in (mine.public_id, trip.public_id):
        with pytest.raises(NotFound):
            access_trip(bob, public_id)
    with pytest.raises(NotFound):
        access_entered(bob, mine.public_id)
    assert list(entered_trips(bob)) == [trip]
    client = client_of(world.bob)
    page = client.get("/trips/delegates/").content.decode()
    assert "Field week" in page and "Private" not in page
    assert client.get(f"/trips/entered/{trip.public_id}/").status_code == 200
    for path in ("", "change/", "export/"):
        assert client.get(f"/trips/{trip.public_id}/{path}").status_code == 404


def test_what_its_traveller_made_of_it_is_not_the_delegates_to_see(
    world: World, given: Delegation, stop: Any, draft: Draft, client_of: ClientOf
) -> None:
    bob = world.seat(world.bob)
    trip = enter_trip(bob, given, title="Field week", stops=[stop])
    change_trip(trip, title="Field week, then Lisbon", by=world.alice, stops=[stop, draft("Lisbon", "2031-03-09", "2031-03-12")])
    page = client_of(world.bob).get(f"/trips/entered/{trip.public_id}/").content.decode()
    assert "Lisbon" not in page and "Nairobi" in page and "has changed this trip since" in page
    assert "Lisbon" not in client_of(world.bob).get("/trips/delegates/").content.decode()
    with pytest.raises(Refused, match="theirs"):
        change_entered(bob, trip, title="Mine again", stops=[stop], revision=None)
    with pytest.raises(Refused, match="theirs"):
        cancel_entered(bob, trip)


def test_a_delegate_changes_and_cancels_what_is_untouched_and_the_traveller_is_told_each_time(
    world: World, given: Delegation, stop: Any, draft: Draft
) -> None:
    bob = world.seat(world.bob)
    trip = enter_trip(bob, given, title="Field week", stops=[stop])
    changed = change_entered(bob, trip, title="Field days", stops=[draft("Nairobi", "2031-03-02", "2031-03-05")], revision=trip.revision)
    assert changed.title == "Field days" and stops_of(changed)[0].arrive_local == "2031-03-02T00:00"
    assert cancel_entered(bob, changed).is_cancelled
    keys = Notice.objects.for_org(world.northfield).filter(kind="trip.by_delegate").values_list("key", flat=True)
    assert sorted(key.split(":")[2] for key in keys) == ["cancelled", "changed", "entered"]


def test_either_side_ends_it_and_the_delegate_sees_nothing_any_more(
    world: World, given: Delegation, stop: Any, client_of: ClientOf
) -> None:
    bob = world.seat(world.bob)
    trip = enter_trip(bob, given, title="Field week", stops=[stop])
    answer = client_of(world.alice).post(f"/trips/delegates/{given.public_id}/end/")
    assert answer.status_code == 302
    with pytest.raises(NotFound):
        access_entered(bob, trip.public_id)
    with pytest.raises(NotFound):
        enter_trip(bob, given, title="Again", stops=[stop])
    assert access_trip(world.seat(world.alice), trip.public_id).entered_by == world.bob
    page = client_of(world.alice).get(f"/trips/{trip.public_id}/").content.decode()
    assert "Entered by Bob Okafor" in page and "Typed in by you" not in page
    again = name_delegate(world.northfield, traveller=world.alice, address=BOB, by=world.alice)
    assert again.pk != given.pk and list(entered_trips(bob)) == [trip]
    end_delegation(again, by=world.bob)
    assert list(entered_trips(bob)) == []
    assert Entry.objects.filter(action="delegation.ended").count() == 2


def test_who_is_no_member_is_no_delegate(world: World, given: Delegation, stop: Any) -> None:
    trip = enter_trip(world.seat(world.bob), given, title="Field week", stops=[stop])
    rows = Membership.objects.for_org(world.northfield).filter(user=world.bob)
    rows.update(ends_on=clock.today() - timedelta(days=2))
    with pytest.raises(NotFound):
        access_entered(world.seat(world.bob), trip.public_id)


def test_delegates_are_members_of_the_same_organisation(world: World) -> None:
    for address, code in (
        ("dana@southgate.example.edu", "delegate.unknown"), ("nobody@example.org", "delegate.unknown"), (ALICE, "delegate.self"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refusal:
            name_delegate(world.northfield, traveller=world.alice, address=address, by=world.alice)
        assert refusal.value.code == code
    with pytest.raises(Refused):
        name_delegate(world.northfield, traveller=world.dana, address=BOB, by=world.alice)
    first = name_delegate(world.northfield, traveller=world.alice, address=BOB, by=world.alice)
    assert name_delegate(world.northfield, traveller=world.alice, address=BOB.upper(), by=world.alice) == first


def test_who_is_named_is_told_and_so_is_a_traveller_who_did_not_do_it(world: World) -> None:
    name_delegate(world.northfield, traveller=world.bob, address=ALICE, by=world.alice)
    told = Notice.objects.for_org(world.northfield).filter(kind="trip.delegate").values_list("user__email", flat=True)
    assert sorted(told) == [ALICE, BOB]
    name_delegate(world.northfield, traveller=world.alice, address=BOB, by=world.alice)
    assert Notice.objects.for_org(world.northfield).filter(kind="trip.delegate").count() == 3


def test_an_address_without_account_is_kept_a_place_and_becomes_its_readers(
    world: World, anybody: Delegation, stop: Any
) -> None:
    bob, address = world.seat(world.bob), "guest@northfield.example.edu"
    trip = enter_trip(bob, anybody, title="Guest", stops=[stop], address=address.upper(), given_name="Gwen")
    assert (trip.user.is_stand_in, trip.user.address, trip.membership) == (True, address, None)
    assert Delivery.objects.filter(address=address).exists()
    assert list(entered_trips(bob)) == [trip]
    guest = User.objects.create_user(address, "Correct-horse-7")
    EmailAddress.objects.create(user=guest, email=address, verified=True, primary=True)
    Membership.objects.for_org(world.northfield).create(
        organisation=world.northfield, user=guest, programme=Programme.objects.for_org(world.northfield)[0],
        starts_on=clock.today() - timedelta(days=1),
    )
    assert attach_trips(guest) == 1
    trip.refresh_from_db()
    assert (trip.user, trip.entered_by) == (guest, world.bob)
    assert list(entered_trips(bob)) == [], "they say themselves who enters their trips"
    with pytest.raises(Refused) as refusal:
        enter_trip(bob, anybody, title="Guest", stops=[stop], address=address)
    assert refusal.value.code == "address.member"


def test_only_the_organisation_lets_trips_be_entered_for_addresses(world: World, client_of: ClientOf) -> None:
    assert client_of(world.bob).get("/manage/trips/delegates/").status_code == 404
    alice = client_of(world.alice)
    page = alice.post("/manage/trips/delegates/", {"delegate": BOB, "anybody": "on"}, follow=True).content.decode()
    assert "People without an account" in page
    row_ = Delegation.objects.for_org(world.northfield).get()
    assert (row_.user, row_.delegate, row_.made_by) == (None, world.bob, world.alice)
    assert client_of(world.dana).post(f"/manage/trips/delegates/{row_.public_id}/end/").status_code == 404
    assert "no member" in alice.post("/manage/trips/delegates/", {"delegate": "x@example.org", "anybody": "on"}).content.decode().lower()
    assert alice.post("/manage/trips/delegates/", {"delegate": BOB}).status_code == 200
    assert Delegation.objects.for_org(world.northfield).count() == 1


def test_the_pages_work_without_script(world: World, client_of: ClientOf) -> None:
    alice, bob = client_of(world.alice), client_of(world.bob)
    assert "Bob Okafor" in alice.post("/trips/delegates/", {"address": BOB}, follow=True).content.decode()
    given = Delegation.objects.for_org(world.northfield).get()
    url = f"/trips/delegates/{given.public_id}/new/"
    stay = row(0, place="Nairobi", arrive="2031-03-01T10:00", depart="2031-03-08T10:00")
    assert "Alice Moreau" in bob.get(url).content.decode()
    assert 'name="count" value="2"' in bob.post(url, posted(stay, do="add-leg")).content.decode()
    answer = bob.post(url, posted(stay))
    trip = Trip.objects.for_org(world.northfield).get()
    assert answer["Location"] == f"/trips/entered/{trip.public_id}/"
    later = row(0, place="Nairobi", arrive="2031-03-02T10:00", depart="2031-03-08T10:00")
    bob.post(f"/trips/entered/{trip.public_id}/change/", posted(later, revision=str(trip.revision)))
    assert stops_of(trip)[0].arrive_local == "2031-03-02T10:00"
    bob.post(f"/trips/entered/{trip.public_id}/cancel/")
    trip.refresh_from_db()
    assert trip.is_cancelled and "Entered by Bob Okafor" in alice.get("/trips/").content.decode()
    assert alice.get(f"/trips/entered/{trip.public_id}/").status_code == 404


def test_a_form_for_an_address_says_what_is_wrong_with_it(world: World, anybody: Delegation, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    url = f"/trips/delegates/{anybody.public_id}/new/"
    stay = row(0, place="Nairobi", arrive="2031-03-01T10:00", depart="2031-03-08T10:00")
    assert "has an account" in bob.post(url, posted(stay, address=ALICE)).content.decode()
    assert bob.post(url, posted(stay)).status_code == 200 and not Trip.objects.for_org(world.northfield).exists()
    assert bob.post(url, posted(stay, address="guest@example.org")).status_code == 302


def test_a_cancelled_trip_of_a_traveller_is_not_touched_again(world: World, given: Delegation, stop: Any) -> None:
    trip = enter_trip(world.seat(world.bob), given, title="Field week", stops=[stop])
    revision = cancel_trip(trip, by=world.alice).revision
    assert cancel_entered(world.seat(world.bob), trip).revision == revision
