"""What a traveller hears when a source no longer lists a warning, lists it again, or says it under a new name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from safeconduct.alerts.ingest import read_document
from safeconduct.alerts.models import Event
from safeconduct.feeds.actions import keep_document
from safeconduct.feeds.models import Source
from safeconduct.matching.models import Exposure
from safeconduct.notify.actions import subscribe
from safeconduct.places.queries import resolve
from tests.alerts.messages import put, quake, summary, triple
from tests.conftest import World
from tests.matching.conftest import NOW, TripMaker, mails, told, work
from tests.matching.test_telling import STAY, storm

FAR = quake("us9", coordinates=[100.0, -50.0, 10.0])
HERE = quake("us1", coordinates=[125.0, 11.2, 10.0])


def read(source: Source, *features: dict[str, Any], minute: int) -> None:
    at = NOW + timedelta(minutes=minute)
    document = keep_document(summary(*features), origin="test", received_at=at)
    read_document(document, source=source, at=at)
    work(at)


def test_who_was_told_hears_once_that_it_is_no_longer_listed_and_again_when_it_is_back(
    world: World, trip_of: TripMaker
) -> None:
    source = Source.objects.create(key="q", name="Q", format="usgs", lists_all=True)
    trip_of(world.bob, STAY)
    read(source, HERE, FAR, minute=0)
    for minute in (1, 2, 3):
        read(source, FAR, minute=minute)
    assert Event.objects.get(identity_key="us1").state == "vanished"
    assert told() == [("exposure.opened", "bob"), ("exposure.ended", "bob")]
    said = "The source no longer lists the warning, which usually means that it is over."
    assert said in mails()[-1].text
    row = Exposure.objects.for_org(world.northfield).get()
    assert (row.state, row.closed_reason) == ("closed", "vanished")
    read(source, HERE, FAR, minute=4)
    read(source, HERE, FAR, minute=5)
    assert told()[2:] == [("exposure.opened", "bob")]


def test_subscribers_hear_once_that_it_is_no_longer_listed_and_again_when_it_is_back(world: World) -> None:
    source = Source.objects.create(key="q", name="Q", format="usgs", lists_all=True)
    for user, place in ((world.bob, "PH"), (world.dana, "KE")):
        subscribe(world.seat(user), place=resolve(place), from_severity="Moderate")
    read(source, HERE, FAR, minute=0)
    for minute in (1, 2, 3, 4):
        read(source, FAR, minute=minute)
    assert told() == [("subscription", "bob")] * 2
    gone = mails()[-1]
    assert gone.subject.startswith("Over: ")
    assert "The source no longer lists the warning, which usually means that it is over." in gone.text
    assert "withdrawn" not in gone.text
    read(source, HERE, FAR, minute=5)
    read(source, HERE, FAR, minute=6)
    assert told()[2:] == [("subscription", "bob")]
    for minute in (7, 8, 9):
        read(source, FAR, minute=minute)
    assert len(told()) == 4 and mails()[-1].subject.startswith("Over: ")


def test_whose_trip_told_them_hears_of_the_end_by_the_trip_alone(world: World, trip_of: TripMaker) -> None:
    source = Source.objects.create(key="q", name="Q", format="usgs", lists_all=True)
    subscribe(world.seat(world.bob), place=resolve("PH"), from_severity="Moderate")
    trip_of(world.bob, STAY)
    read(source, HERE, FAR, minute=0)
    for minute in (1, 2, 3):
        read(source, FAR, minute=minute)
    assert told() == [("exposure.opened", "bob"), ("exposure.ended", "bob")]


def test_subscribers_do_not_hear_that_a_list_dropped_what_had_passed(world: World) -> None:
    source = Source.objects.create(key="q", name="Q", format="usgs", lists_all=True)
    subscribe(world.seat(world.bob), place=resolve("PH"), from_severity="Moderate")
    read(source, HERE, FAR, minute=0)
    event = Event.objects.get(identity_key="us1")
    assert event.ends_at is not None
    late = event.ends_at + timedelta(minutes=1)
    Event.objects.filter(pk=event.pk).update(state="vanished", ended_reason="vanished", ended_at=late)
    work(late)
    assert told() == [("subscription", "bob")]


def test_subscribers_hear_that_what_was_cancelled_along_with_another_is_over(world: World) -> None:
    subscribe(world.seat(world.bob), place=resolve("PH"), from_severity="Moderate")
    put(storm("S1"))
    put(storm("S2", headline="Second", expires="2026-11-23T10:00:00+00:00"))
    work()
    both = f"{triple('S1')} {triple('S2')}"
    put(
        storm("C", msg_type="Cancel", references=both, sent="2026-11-20T12:30:00+00:00"),
        at=NOW + timedelta(minutes=31),
    )
    work(NOW + timedelta(hours=1))
    work(NOW + timedelta(hours=2))
    assert sorted(mail.subject.partition(":")[0] for mail in mails()) == ["Over", "Over", "Severe", "Severe"]


def test_the_same_words_under_a_new_name_tell_nobody_again(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    put(storm("S1"))
    work()
    put(storm("S2", sent="2026-11-20T11:00:00+00:00"))
    work()
    assert told() == [("exposure.opened", "bob")]
