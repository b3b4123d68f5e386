"""One itinerary for many people: entered once, the same again, changed for all but what somebody changed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from safeconduct.lib.errors import NotFound, Refused
from safeconduct.outbox.models import Delivery
from safeconduct.trips.actions import cancel_trip, change_trip
from safeconduct.trips.groups import (
    add_people,
    change_group,
    make_group,
    settled_of,
    take_off,
    trips_of_group,
)
from safeconduct.trips.importing import import_trips
from safeconduct.trips.imports.people import Person, as_list, people_in
from safeconduct.trips.models import Stay, Trip, TripGroup
from safeconduct.trips.queries import stops_of
from tests.conftest import World
from tests.trips.conftest import Draft

BOB = Person(1, "bob@northfield.example.edu", "Bob", "Okafor")
NEW = Person(2, "new@northfield.example.edu", "Nora", "New")


@pytest.fixture
def group(world: World, draft: Draft) -> TripGroup:
    return make_group(
        world.northfield, name="Field  course", title="Rift Valley", by=world.alice,
        stops=[draft("Nairobi", "2031-03-01T10:00", "2031-03-08T10:00", address="Uhuru Way 1", lat=-1.286, lon=36.817)],
    )  # fmt: skip


def test_everybody_has_the_trip_and_the_same_list_again_changes_nothing(world: World, group: TripGroup) -> None:
    run = add_people(group, [BOB, NEW], by=world.alice)
    assert (run.counts["entered"], run.counts["without_account"], run.problems) == (2, 1, [])
    bobs, stranger = sorted(trips_of_group(group), key=lambda trip: trip.user.is_stand_in)
    assert (bobs.user, bobs.title, bobs.source_name) == (world.bob, "Rift Valley", "Field course")
    assert stranger.user.address == NEW.email and stops_of(stranger)[0].lat == -1.286
    assert Stay.objects.for_org(world.northfield).filter(trip__in=[bobs, stranger]).count() == 2
    mails = Delivery.objects.count()
    again = add_people(group, [BOB, NEW], by=world.alice)
    assert (again.counts["entered"], again.counts["unchanged"]) == (0, 2)
    assert Delivery.objects.count() == mails >= 2
    assert "@" not in bobs.source_id


def test_the_same_form_twice_is_one_group_and_another_itinerary_of_that_name_is_refused(
    world: World, group: TripGroup, draft: Draft
) -> None:
    stop = draft("Nairobi", "2031-03-01T10:00", "2031-03-08T10:00", address="Uhuru Way 1", lat=-1.286, lon=36.817)
    again = make_group(world.northfield, name="Field course", title="Rift Valley", stops=[stop], by=world.alice)
    assert again.pk == group.pk
    with pytest.raises(Refused, match="already"):
        make_group(world.northfield, name="Field course", title="Another", stops=[stop], by=world.alice)
    elsewhere = make_group(world.southgate, name="Field course", title="Another", stops=[stop], by=world.dana)
    assert elsewhere.pk != group.pk


def test_a_change_reaches_all_but_what_somebody_changed_by_hand(world: World, group: TripGroup, draft: Draft) -> None:
    add_people(group, [BOB, NEW], by=world.alice)
    bobs = Trip.objects.for_org(world.northfield).get(user=world.bob)
    own = stops_of(bobs)[0]
    change_trip(
        bobs, title=bobs.title, by=world.bob,
        stops=[draft("Nairobi", "2031-03-01T10:00", "2031-03-08T10:00", address="With my aunt", lat=-1.286, lon=36.817, public_id=own.public_id)],
    )  # fmt: skip
    run = change_group(
        group, title="Rift Valley 2031", by=world.alice, revision=group.revision,
        stops=[draft("Nairobi", "2031-03-02T10:00", "2031-03-08T10:00", address="Uhuru Way 99", lat=-1.286, lon=36.817)],
    )  # fmt: skip
    assert run.counts["changed"] == 2 and [one["field"] for one in run.kept] == ["stop 1: address"]
    for trip in trips_of_group(group):
        (stop,) = stops_of(trip)
        assert (trip.title, stop.arrive_local) == ("Rift Valley 2031", "2031-03-02T10:00")
        assert stop.address == ("With my aunt" if trip.user == world.bob else "Uhuru Way 99")
    with pytest.raises(Refused, match="another window"):
        change_group(group, title="Late", by=world.alice, revision=1, stops=[draft("Nairobi", "2031-03-02", "2031-03-08")])
    late = add_people(group, [Person(1, "late@northfield.example.edu")], by=world.alice)
    assert late.counts["entered"] == 1
    assert settled_of(TripGroup.objects.for_org(world.northfield).get())[0].draft.address == "Uhuru Way 99"


def test_who_is_taken_off_comes_back_and_who_cancelled_does_not(world: World, group: TripGroup) -> None:
    add_people(group, [BOB, NEW], by=world.alice)
    bobs = Trip.objects.for_org(world.northfield).get(user=world.bob)
    assert take_off(group, bobs, by=world.alice).is_cancelled
    assert add_people(group, [BOB], by=world.alice).counts["listed_again"] == 1
    bobs.refresh_from_db()
    assert not bobs.is_cancelled
    cancel_trip(bobs, by=world.bob)
    assert add_people(group, [BOB], by=world.alice).kept[0]["field"] == "state"
    bobs.refresh_from_db()
    assert bobs.is_cancelled


def test_a_group_reaches_no_other_trips(world: World, group: TripGroup, draft: Draft) -> None:
    other = make_group(world.southgate, name="Field course", title="", stops=[draft("Berlin", "2031-01-01", "2031-01-02")], by=None)
    add_people(group, [BOB], by=world.alice)
    add_people(other, [Person(1, "dana@southgate.example.edu")], by=world.dana)
    theirs = trips_of_group(other).get()
    assert trips_of_group(group).count() == 1
    with pytest.raises(NotFound):
        take_off(group, theirs, by=world.alice)


def test_a_group_and_a_file_do_not_share_a_name(world: World, group: TripGroup, draft: Draft) -> None:
    data = b"id,email,place,arrive\nA1,bob@northfield.example.edu,Nairobi,2031-12-01\n"
    with pytest.raises(Refused, match="group"):
        import_trips(world.northfield, data, source="Field course", by=None)
    import_trips(world.northfield, data, source="Agency", by=None)
    with pytest.raises(Refused, match="source"):
        make_group(world.northfield, name="Agency", title="", stops=[draft("Berlin", "2031-01-01", "2031-01-02")], by=None)


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("a@b.example", [("a@b.example", "", "")]),
        ("Ada Lovelace <A@b.example>,\n", [("a@b.example", "Ada", "Lovelace")]),
        ("a@b.example\tAda\tLovelace", [("a@b.example", "Ada", "Lovelace")]),
        ("Ada King Lovelace; a@b.example", [("a@b.example", "Ada King", "Lovelace")]),
        ("E-Mail;given_name;family_name\na@b.example;Ada;Lovelace", [("a@b.example", "Ada", "Lovelace")]),
        ("given_name,email\n'=Ada,a@b.example", [("a@b.example", "=Ada", "")]),
    ],
)
def test_lists_as_people_paste_them(text: str, people: list[tuple[str, str, str]]) -> None:
    read = people_in(text)
    assert [(one.email, one.given_name, one.family_name) for one in read.people] == people and read.refused == ()


def test_what_names_nobody_comes_back_with_its_line() -> None:
    read = people_in("a@b.example\n\nnobody\nA@B.example\nx@y.example, z@y.example\nq@\n")
    assert [one.email for one in read.people] == ["a@b.example"]
    assert [one.number for one in read.refused] == [3, 4, 5, 6] and "line 1" in read.refused[1].why
    with pytest.raises(Refused):
        people_in(" \n ")
    with pytest.raises(Refused):
        people_in("\n".join(f"p{n}@b.example" for n in range(2100)))


def test_a_list_survives_the_form_that_confirms_it() -> None:
    read = people_in('a@b.example;Ad"a;=Love\nb@b.example')
    again = people_in(as_list(read.people).replace("\n", "\r\n").replace("\r\r", "\r"))
    assert [(p.email, p.given_name, p.family_name) for p in again.people] == [
        (p.email, p.given_name, p.family_name) for p in read.people
    ]


def test_the_console_asks_before_it_enters(world: World, group: TripGroup, client_of: Any) -> None:
    alice = client_of(world.alice)
    url = f"/manage/trips/groups/{group.public_id}/people/"
    page = alice.post(url, {"people": "bob@northfield.example.edu\nnobody"}).content.decode()
    assert "1 person will be entered" in page and "nobody" in page and not trips_of_group(group).exists()
    hidden = page.split('name="people" value="')[1].split('"')[0]
    done = alice.post(url, {"people": hidden, "do": "enter"}, follow=True).content.decode()
    assert "1 person entered" in done and trips_of_group(group).get().user == world.bob
    trip = trips_of_group(group).get()
    off = alice.post(f"/manage/trips/groups/{group.public_id}/take-off/", {"trip": trip.public_id}, follow=True)
    assert "no longer in the group" in off.content.decode()
    assert "The list is empty" in alice.post(url, {"people": ""}).content.decode()


def test_the_console_makes_and_changes_a_group_without_script(world: World, client_of: Any) -> None:
    from tests.trips.conftest import posted, row

    alice = client_of(world.alice)
    stay = row(0, place="Nairobi", arrive="2031-03-01T10:00", depart="2031-03-08T10:00")
    assert alice.post("/manage/trips/groups/new/", posted(stay)).status_code == 200
    assert not TripGroup.objects.for_org(world.northfield).exists()
    answer = alice.post("/manage/trips/groups/new/", posted(stay, group="Dig"))
    made = TripGroup.objects.for_org(world.northfield).get()
    assert answer["Location"] == f"/manage/trips/groups/{made.public_id}/"
    assert "Dig" in alice.get("/manage/trips/groups/").content.decode()
    form = alice.get(f"/manage/trips/groups/{made.public_id}/change/").content.decode()
    assert 'value="2031-03-01T10:00"' in form and 'name="revision" value="1"' in form
    add_people(made, [BOB], by=world.alice)
    later = row(0, place="Nairobi", arrive="2031-03-02T10:00", depart="2031-03-08T10:00")
    page = alice.post(f"/manage/trips/groups/{made.public_id}/change/", posted(later, revision="1"), follow=True)
    assert "1 trip changed" in page.content.decode()
