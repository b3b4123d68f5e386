"""A file of trips from elsewhere: read once, again, changed, incomplete, wrong; and for whom its trips are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress

from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.notify.models import Notice
from safeconduct.orgs.access import seat_for
from safeconduct.orgs.actions import associate
from safeconduct.orgs.models import Membership
from safeconduct.outbox.models import Delivery
from safeconduct.places.queries import resolve
from safeconduct.trips.actions import cancel_trip, change_trip, register_trip
from safeconduct.trips.attaching import attach_trips
from safeconduct.trips.drafts import StopDraft
from safeconduct.trips.importing import cancel_held, import_trips
from safeconduct.trips.jobs import attach_due
from safeconduct.trips.jobs import run_due as roll
from safeconduct.trips.models import Addressee, Stay, StayCell, Trip, TripImport
from tests.conftest import PASSWORD, World

HEAD = "id,email,given_name,family_name,title,place,arrive,depart,note\n"
MAYA = "maya@northfield.example.edu"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def held_clock() -> object:
    """Hold the clock before the trips."""
    with clock.held_at(NOW):
        yield


def row(number: int = 1, email: str = MAYA, place: str = "Nairobi", **more: str) -> str:
    said = {"title": "", "arrive": "2026-12-01", "depart": "2026-12-05", "note": ""} | more
    return f"A{number},{email},Maya,Brandt,{said['title']},{place},{said['arrive']},{said['depart']},{said['note']}\n"


def load(world: World, *rows: str, **more: object) -> TripImport:
    return import_trips(world.northfield, (HEAD + "".join(rows)).encode(), source="Agency", by=world.alice, **more)  # type: ignore[arg-type]


def trips(world: World) -> list[Trip]:
    return list(Trip.objects.for_org(world.northfield).select_related("user").order_by("source_id"))


def new_member(world: World, email: str = MAYA) -> User:
    user = User.objects.create_user(email, PASSWORD)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    associate(user, "NFU-26-004417")
    return user


def test_somebody_without_an_account_is_told_and_has_stays(world: World) -> None:
    done = load(world, row(title="Field work"))
    (trip,) = trips(world)
    assert (done.counts["entered"], done.counts["without_account"], done.counts["rejected"]) == (1, 1, 0)
    assert trip.user.is_stand_in and trip.user.name == "Maya Brandt" and trip.membership is None
    assert not trip.user.has_usable_password()
    assert Stay.objects.for_org(world.northfield).filter(trip=trip).count() == 1
    assert StayCell.objects.for_org(world.northfield).filter(trip_id=trip.pk).exists()
    (mail,) = Delivery.objects.filter(message__kind="trip.entered")
    assert mail.address == MAYA
    assert "Nairobi" not in mail.message.subject and "Field work" not in mail.message.subject
    assert mail.slots["title"] == "Field work" and "/account/signup/" in mail.slots["url"]


def test_a_member_gets_it_at_once(world: World) -> None:
    load(world, row(email=world.bob.email.upper()))
    (trip,) = trips(world)
    assert trip.user == world.bob and trip.membership is not None and trip.addressee is None
    assert not Addressee.objects.for_org(world.northfield).exists()


def test_a_member_elsewhere_is_nobody_here(world: World) -> None:
    load(world, row(email=world.dana.email))
    (trip,) = trips(world)
    assert trip.user.is_stand_in
    assert attach_trips(world.dana) == 0 and attach_due() == 0
    assert not Trip.objects.of_user(world.dana).exists()


def test_an_address_that_is_not_verified_is_nobody(world: World) -> None:
    EmailAddress.objects.filter(user=world.bob).update(verified=False)
    load(world, row(email=world.bob.email))
    assert trips(world)[0].user.is_stand_in
    assert attach_trips(world.bob) == 0


def test_the_same_file_again_changes_nothing(world: World) -> None:
    load(world, row(), row(2))
    before = [(trip.pk, trip.revision, trip.changed_at) for trip in trips(world)]
    done = load(world, row(), row(2))
    assert [(trip.pk, trip.revision, trip.changed_at) for trip in trips(world)] == before
    assert (done.counts["unchanged"], done.counts.get("entered", 0)) == (2, 0)
    assert Delivery.objects.filter(message__kind="trip.entered").count() == 2
    assert Addressee.objects.for_org(world.northfield).count() == 1


def test_the_source_changes_its_trip(world: World) -> None:
    load(world, row())
    done = load(world, row(depart="2026-12-09"))
    (trip,) = trips(world)
    assert trip.stops.get().depart_local.startswith("2026-12-09") and trip.revision == 2
    assert done.counts["changed"] == 1


def test_what_was_changed_by_hand_stays_and_is_said(world: World) -> None:
    load(world, row(email=world.bob.email))
    (trip,) = trips(world)
    stop = trip.stops.get()
    own = StopDraft(
        stop.place, datetime(2026, 12, 1), datetime(2026, 12, 7, 10), note="by hand", public_id=stop.public_id
    )
    change_trip(trip, title="Mine", stops=[own], by=world.bob)
    done = load(world, row(email=world.bob.email, arrive="2026-12-02", depart="2026-12-09", title="Theirs"))
    (trip,) = trips(world)
    stop = trip.stops.get()
    assert (trip.title, stop.arrive_local[:10], stop.depart_local, stop.note) == (
        "Mine", "2026-12-02", "2026-12-07T10:00", "by hand",
    )  # fmt: skip
    assert {one["field"] for one in done.kept} == {"title", "stop 1: depart_local"}


def test_a_stop_added_by_hand_keeps_the_whole_itinerary(world: World) -> None:
    load(world, row(email=world.bob.email))
    (trip,) = trips(world)
    stop = trip.stops.get()
    first = StopDraft(stop.place, datetime(2026, 12, 1), datetime(2026, 12, 4), public_id=stop.public_id)
    change_trip(trip, title="", stops=[first, StopDraft(resolve("Berlin"), datetime(2026, 12, 6), datetime(2026, 12, 8))], by=world.bob)
    done = load(world, row(email=world.bob.email, depart="2026-12-20"))
    assert trips(world)[0].stops.count() == 2
    assert [one["field"] for one in done.kept] == ["itinerary"]


def test_bad_rows_come_back_and_stop_nobody(world: World) -> None:
    bad = [
        row(2, place="Nowhere-at-all"), row(3, email="no address"), row(4, arrive="soon"),
        row(5, arrive="2026-12-05", depart="2026-12-01"), ",x@y.example.org,,,,Nairobi,2026-12-01,,\n",
    ]  # fmt: skip
    done = load(world, row(), *bad, row(7, note="=1+1"))
    assert [trip.source_id for trip in trips(world)] == ["A1", "A7"]
    assert [one["row"] for one in done.problems] == [3, 4, 5, 6, 7]
    assert done.rejected_csv.count("\n") == 6 and done.rejected_csv.splitlines()[0].endswith(",problem")
    assert "Nowhere-at-all" in done.rejected_csv


def test_rows_that_come_back_are_no_formulas(world: World) -> None:
    done = load(world, row(place="Nowhere-at-all", note="=HYPERLINK(1)"))
    assert "'=HYPERLINK(1)" in done.rejected_csv
    mended = done.rejected_csv.replace("Nowhere-at-all", "Nairobi")
    import_trips(world.northfield, mended.encode(), source="Agency", by=None)
    assert trips(world)[0].stops.get().note == "=HYPERLINK(1)"


def test_a_trip_of_several_rows_is_whole_or_not_at_all(world: World) -> None:
    done = load(world, row(), row(place="Nowhere-at-all", arrive="2026-12-05", depart="2026-12-08"))
    assert trips(world) == []
    assert [one["code"] for one in done.problems] == ["trip.other_row", "place.unknown"]
    load(world, row(), row(place="Berlin", arrive="2026-12-06", depart="2026-12-08"))
    assert trips(world)[0].stops.count() == 2


def test_only_a_complete_file_cancels(world: World) -> None:
    load(world, row(), row(2), row(3), row(4))
    assert "unlisted" not in load(world, row()).counts
    done = load(world, row(), row(2), row(3), is_complete=True)
    assert done.counts["unlisted"] == 1
    assert [trip.source_id for trip in trips(world) if trip.is_cancelled] == ["A4"]
    load(world, row(), row(2), row(3), row(4), is_complete=True)
    assert not any(trip.is_cancelled for trip in trips(world))
    assert StayCell.objects.for_org(world.northfield).values("trip_id").distinct().count() == 4


def test_a_bad_row_does_not_cancel_its_trip(world: World) -> None:
    load(world, row(), row(2))
    load(world, row(), row(2, place="Nowhere-at-all"), is_complete=True)
    assert not any(trip.is_cancelled for trip in trips(world))


def test_half_a_file_cancels_nothing_until_somebody_says_so(world: World) -> None:
    load(world, *(row(n) for n in range(8)))
    done = load(world, row(0), is_complete=True)
    assert (len(done.held), done.counts["held"]) == (7, 7)
    assert not any(trip.is_cancelled for trip in trips(world))
    assert cancel_held(done, by=world.alice) == 7
    assert sum(trip.is_cancelled for trip in trips(world)) == 7


def test_a_later_file_says_what_is_listed(world: World) -> None:
    load(world, *(row(n) for n in range(8)))
    half = load(world, row(0), is_complete=True)
    load(world, *(row(n) for n in range(8)), is_complete=True)
    assert cancel_held(half, by=world.alice) == 0
    assert not any(trip.is_cancelled for trip in trips(world))


def test_a_date_that_no_clock_shows_is_a_bad_row(world: World) -> None:
    done = load(world, row(arrive="0001-01-01T00:00+00:00"), row(2))
    assert [one["row"] for one in done.problems] == [2]
    assert [trip.source_id for trip in trips(world)] == ["A2"]


def test_a_file_that_breaks_off_does_not_block_its_source(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("safeconduct.trips.importing.write_new", lambda rows: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            load(world, row())
    assert load(world, row()).counts["entered"] == 1


def test_somebody_without_an_account_is_forgotten_a_year_after(world: World) -> None:
    load(world, row(), row(2, email="later@northfield.example.edu", depart="2027-12-20"))
    with clock.held_at(NOW + timedelta(days=400)):
        roll()
    assert [trip.source_id for trip in trips(world)] == ["A2"]
    assert [one.address for one in Addressee.objects.for_org(world.northfield)] == ["later@northfield.example.edu"]
    assert User.objects.exclude(stands_for="").count() == 1


def test_what_was_typed_in_bad_rows_is_forgotten(world: World) -> None:
    load(world, row(email="no address"))
    with clock.held_at(NOW + timedelta(days=31)):
        roll()
    done = TripImport.objects.for_org(world.northfield).get()
    assert (done.rejected_csv, done.problems, done.counts["rejected"]) == ("", [], 1)


def test_what_a_person_cancelled_stays_cancelled(world: World) -> None:
    load(world, row(email=world.bob.email))
    cancel_trip(trips(world)[0], by=world.bob)
    done = load(world, row(email=world.bob.email, depart="2026-12-09"))
    assert trips(world)[0].is_cancelled and done.kept[0]["field"] == "state"


def test_an_id_is_not_given_to_another_person(world: World) -> None:
    load(world, row())
    done = load(world, row(email=world.bob.email))
    assert done.problems[0]["code"] == "trip.other_person"
    assert trips(world)[0].user.address == MAYA


def test_two_sources_may_use_the_same_id(world: World) -> None:
    load(world, row())
    import_trips(world.northfield, (HEAD + row()).encode(), source="Registry", by=None)
    assert len(trips(world)) == 2


def test_a_trip_registered_by_hand_is_the_same_trip(world: World) -> None:
    stops = [StopDraft(resolve("Nairobi"), datetime(2026, 12, 1, 14), datetime(2026, 12, 5, 9))]
    mine = register_trip(world.seat(world.bob), title="Mine", stops=stops, by=world.bob)
    done = load(world, row(email=world.bob.email))
    (trip,) = trips(world)
    assert (trip.pk, trip.title, trip.source_id, done.counts["joined"]) == (mine.pk, "Mine", "A1", 1)
    load(world, row(email=world.bob.email))
    assert trips(world)[0].title == "Mine"


def test_another_of_the_same_source_waits(world: World) -> None:
    TripImport.objects.create(organisation=world.northfield, source_name="Agency", started_at=NOW)
    with pytest.raises(Refused, match="being read"):
        load(world, row())
    TripImport.objects.for_org(world.northfield).update(started_at=NOW - timedelta(hours=1))
    load(world, row())
    assert len(trips(world)) == 1


def test_all_becomes_theirs_when_they_join(world: World) -> None:
    load(world, row(), row(2, arrive="2026-12-10", depart="2026-12-12"))
    stand_in = trips(world)[0].user
    user = new_member(world)
    assert [trip.user for trip in trips(world)] == [user, user]
    membership = Membership.objects.of_user(user).get()
    assert {trip.membership for trip in trips(world)} == {membership}
    for model in (Stay, StayCell, Notice):
        assert set(model.objects.for_org(world.northfield).values_list("user_id", flat=True)) == {user.pk}
    assert not User.objects.filter(pk=stand_in.pk).exists()
    assert User.objects.get(pk=user.pk).name == "Maya Brandt"
    addressee = Addressee.objects.for_org(world.northfield).get()
    assert (addressee.stand_in, addressee.user) == (None, user)
    assert attach_trips(user) == 0 and attach_due() == 0
    load(world, row(3))
    assert {trip.user for trip in trips(world)} == {user}


def test_on_joining_what_was_registered_by_hand_is_one_trip(world: World) -> None:
    other = "bob.second@northfield.example.edu"
    load(world, row(email=other))
    stops = [StopDraft(resolve("Nairobi"), datetime(2026, 12, 1, 14), datetime(2026, 12, 5, 9))]
    mine = register_trip(world.seat(world.bob), title="Mine", stops=stops, by=world.bob)
    EmailAddress.objects.create(user=world.bob, email=other, verified=True)
    assert attach_due() == 0
    (trip,) = trips(world)
    assert (trip.pk, trip.source_id) == (mine.pk, "A1")


def test_nothing_is_attached_after_the_membership(world: World) -> None:
    load(world, row())
    user = User.objects.create_user(MAYA, PASSWORD)
    EmailAddress.objects.create(user=user, email=MAYA, verified=True, primary=True)
    assert attach_trips(user) == 0 and attach_due() == 0
    membership = associate(user, "NFU-26-004417")
    assert trips(world)[0].user == user
    assert seat_for(user, membership).organisation == world.northfield


def test_a_stand_in_cannot_be_logged_in_to(client: object, world: World) -> None:
    load(world, row())
    stand_in = trips(world)[0].user
    for address in (MAYA, stand_in.email):
        client.post("/account/login/", {"login": address, "password": ""})  # type: ignore[attr-defined]
        assert "_auth_user_id" not in client.session  # type: ignore[attr-defined]


def test_three_thousand_rows_of_which_twelve_are_wrong(world: World) -> None:
    towns = ("Nairobi", "Berlin", "Manila", "Lisbon", "Tokyo")
    rows = [row(n, email=f"p{n % 900}@northfield.example.edu", place=towns[n % 5]) for n in range(2988)]
    rows += [row(5000 + n, place="Nowhere-at-all") for n in range(12)]
    done = load(world, *rows)
    assert (done.counts["entered"], done.counts["rejected"]) == (2988, 12)
    assert done.rejected_csv.count("\n") == 13
