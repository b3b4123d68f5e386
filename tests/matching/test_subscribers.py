"""Mail about destinations that somebody asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from safeconduct.notify.actions import end_subscription, subscribe
from safeconduct.notify.models import Notice, Subscription
from safeconduct.places.queries import resolve
from safeconduct.trips.actions import mute_mail
from tests.alerts.messages import put, put_quake, quake, triple
from tests.conftest import World
from tests.matching.conftest import NOW, TripMaker, mails, told, work
from tests.matching.test_telling import STAY, storm

HOUR = timedelta(hours=1)


def ask(world: World, user: object, place: str, severity: str = "Severe") -> Subscription:
    return subscribe(world.seat(user), place=resolve(place), from_severity=severity)  # type: ignore[arg-type]


def update(identifier: str, before: str, hour: int, **more: str) -> bytes:
    sent = f"2026-11-20T{12 + hour}:00:00+00:00"
    return storm(identifier, sent=sent, references=triple(before), **{"msg_type": "Update", **more})


@pytest.mark.parametrize(
    ("place", "from_severity", "severity", "is_told"),
    [
        ("PH", "Severe", "Severe", True),
        ("PH", "Moderate", "Severe", True),
        ("PH", "Moderate", "Moderate", True),
        ("PH", "Severe", "Moderate", False),
        ("PH", "Extreme", "Severe", False),
        ("KE", "Minor", "Extreme", False),
        ("Tacloban", "Moderate", "Moderate", True),
        ("Manila", "Minor", "Extreme", False),
    ],
)
def test_the_destination_and_the_severity_decide(
    world: World, place: str, from_severity: str, severity: str, is_told: bool
) -> None:
    ask(world, world.bob, place, from_severity)
    put(storm(severity=severity))
    work()
    work(NOW + HOUR)
    assert (told() == [("subscription", "bob")]) == is_told


def test_the_mail_says_which_destination_and_how_to_stop(world: World) -> None:
    ask(world, world.bob, "Tacloban")
    put(storm())
    work()
    mail = mails()[0]
    assert mail.subject == "Severe: Storm over the coast"
    assert "You asked for e-mail about Tacloban, from “Severe” on." in mail.text
    assert "End this subscription" in mail.text
    assert "trip" not in mail.text.lower()


def test_update_and_cancel_once_each(world: World) -> None:
    ask(world, world.bob, "PH")
    put(storm())
    work()
    put(update("S2", "S1", 1, headline="Stronger"), at=NOW + HOUR)
    work(NOW + HOUR)
    put(update("S3", "S2", 2, msg_type="Cancel"), at=NOW + 2 * HOUR)
    work(NOW + 2 * HOUR)
    work(NOW + 3 * HOUR)
    assert [mail.subject for mail in mails()] == [
        "Severe: Storm over the coast", "Update, Severe: Stronger", "Over: Stronger",
    ]


def test_a_revised_earthquake_is_told_when_something_changed(world: World) -> None:
    ask(world, world.bob, "Tacloban", "Minor")
    place = resolve("Tacloban")
    for minutes, changes in ((0, {}), (5, {"felt": 12}), (10, {"felt": 30, "mag": 6.9})):
        at = NOW + timedelta(minutes=minutes)
        updated = int(at.timestamp() * 1000)
        put_quake(quake(coordinates=[place.lon, place.lat, 10.0], updated=updated, **changes), at=at)
        work(at)
        assert len(told()) == (2 if "mag" in changes else 1)


def test_an_update_below_the_severity_or_elsewhere_is_an_end(world: World) -> None:
    ask(world, world.bob, "PH")
    put(storm())
    work()
    put(update("S2", "S1", 1, severity="Minor"), at=NOW + HOUR)
    work(NOW + HOUR)
    put(update("S3", "S2", 2, severity="Minor"), at=NOW + 2 * HOUR)
    work(NOW + 2 * HOUR)
    assert [mail.subject for mail in mails()] == ["Severe: Storm over the coast", "Over: Storm over the coast"]
    put(update("S4", "S3", 3), at=NOW + 3 * HOUR)
    work(NOW + 3 * HOUR)
    assert [mail.subject for mail in mails()][2:] == ["Severe: Storm over the coast"]


def test_a_trip_that_tells_wins(world: World, trip_of: TripMaker) -> None:
    ask(world, world.bob, "PH")
    trip_of(world.bob, STAY)
    put(storm())
    work()
    put(update("S2", "S1", 1), at=NOW + HOUR)
    work(NOW + HOUR)
    assert told() == [("exposure.opened", "bob"), ("exposure.updated", "bob")]


def test_a_muted_trip_and_one_far_ahead_leave_the_subscription_its_say(world: World, trip_of: TripMaker) -> None:
    for user in (world.alice, world.bob):
        ask(world, user, "PH")
    mute_mail(trip_of(world.bob, STAY), by=world.bob)
    trip_of(world.alice, ("Tacloban", "2026-12-30T20:00", "2027-01-05T12:00"))
    put(storm(expires="2027-01-02T00:00:00+00:00"))
    work()
    assert sorted(told()) == [("subscription", "alice"), ("subscription", "bob")]


def test_two_subscriptions_of_one_person_are_one_mail(world: World) -> None:
    ask(world, world.bob, "PH")
    ask(world, world.bob, "Tacloban")
    put(storm())
    work()
    assert told() == [("subscription", "bob")]


def test_an_ended_subscription_and_an_ended_membership_hear_nothing(world: World) -> None:
    end_subscription(ask(world, world.alice, "PH"), by=world.alice)
    ask(world, world.bob, "PH")
    membership = world.seat(world.bob).membership
    membership.ends_on = NOW.date() - timedelta(days=1)
    membership.save()
    put(storm())
    work()
    assert told() == []
    assert Notice.objects.for_org(world.northfield).get().why_not == "membership_ended"


def test_a_warning_for_a_whole_country_reaches_its_subscribers(world: World) -> None:
    from safeconduct.feeds.actions import by_hand

    source = by_hand("cap")
    source.country_code = "PH"
    source.save()
    ask(world, world.bob, "PH", "Moderate")
    ask(world, world.alice, "Tacloban", "Moderate")
    put(storm(polygon="", severity="Moderate"), source=source)
    work()
    assert told() == [("subscription", "bob")]
    put(storm("S9", polygon="", severity="Severe"), source=source)
    work(NOW + HOUR)
    assert sorted(told()[1:]) == [("subscription", "alice"), ("subscription", "bob")]
