"""From a warning to a mail: who is told, when, how often, and in which words."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from safeconduct.alerts.models import AlertVersion
from safeconduct.lib import clock
from safeconduct.matching import jobs, telling
from safeconduct.matching.models import Exposure
from safeconduct.matching.queries import concerning_now, count_of
from safeconduct.places.queries import resolve
from safeconduct.trips.actions import cancel_trip, change_trip
from safeconduct.trips.drafts import StopDraft
from tests.alerts.messages import message, put, put_quake, quake, triple
from tests.conftest import World
from tests.matching.conftest import LEYTE, NOW, TripMaker, mails, told, work

DAY = timedelta(days=1)
STAY = ("Tacloban", "2026-11-19T12:00", "2026-11-27T10:00")


def storm(identifier: str = "S1", **more: str) -> bytes:
    return message(identifier, **{"polygon": LEYTE, **more})  # type: ignore[arg-type]


def exposure(world: World, user: object = None) -> Exposure:
    return Exposure.objects.for_org(world.northfield).get()


def test_the_traveller_is_told_once_with_the_reason(world: World, trip_of: TripMaker) -> None:
    trip = trip_of(world.bob, STAY, title="Leyte field season")
    put(storm(headline="Storm will cross Leyte on Friday"))
    work()
    assert told() == [("exposure.opened", "bob")]
    mail = mails()[0]
    assert mail.subject == "Severe: Storm will cross Leyte on Friday"
    for part in (mail.text, mail.html.replace("&#x27;", "'")):
        assert "Your trip “Leyte field season” says you are in Tacloban Thu 19 to Fri 27 Nov." in part
        assert "Tacloban is inside the warning area “Coast”." in part
        assert "(UTC+8)" in part
        assert "Wind of 120 km/h." in part
        assert "/alerts/" in part
        assert f"/trips/{trip.public_id}/" in part
        assert mail.unsubscribe_url in part
        assert "\ue000" not in part
    row = exposure(world)
    assert (row.strength, row.distance_km, row.told_at, row.state) == ("inside", 0.0, NOW, "open")


def test_the_same_feed_and_the_same_jobs_twice_tell_nobody_twice(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    for at in (NOW, NOW + timedelta(hours=1)):
        put(storm())
        work(at)
    assert told() == [("exposure.opened", "bob")]
    with clock.held_at(NOW):
        assert jobs.run_due() == 0


def test_nobody_elsewhere_is_told_and_another_organisation_gets_its_own(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    trip_of(world.alice, ("Nairobi", "2026-11-19T12:00", "2026-11-27T10:00"))
    trip_of(world.dana, ("PH", "2026-11-19T12:00", "2026-11-27T10:00"))
    put(storm())
    work()
    assert sorted(told()) == [("exposure.opened", "bob"), ("exposure.opened", "dana")]
    dana = next(mail for mail in mails() if mail.to.startswith("dana"))
    assert "Southgate College" in dana.text
    assert "Northfield" not in dana.text
    assert Exposure.objects.for_org(world.southgate).get().strength == "possible"
    with clock.held_at(NOW):
        assert [concern.trip_title for concern in concerning_now(world.seat(world.bob))] == ["Field season"]
        assert concerning_now(world.seat(world.alice)) == []


def test_an_address_one_kilometre_outside_is_told_nothing(world: World, trip_of: TripMaker) -> None:
    # A place 1 km east of the edge at 125.05 E, and one 100 m inside of it.
    out = {"address": "12 Sea Road", "lat": 11.24, "lon": 125.05 + 1 / 109.2}
    near = {"address": "14 Sea Road", "lat": 11.24, "lon": 125.05 - 0.1 / 109.2}
    trip_of(world.bob, (*STAY, out))
    trip_of(world.alice, (*STAY, near))
    put(storm(polygon="10,124 12.5,124 12.5,125.05 10,125.05 10,124"))
    work()
    assert told() == [("exposure.opened", "alice")]


def test_a_city_whose_disc_is_cut_is_touched_with_the_distance(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    place = resolve("Tacloban")
    edge = place.lon + 3 / 109.2
    put(storm(polygon=f"10,{edge} 12.5,{edge} 12.5,127 10,127 10,{edge}"))
    work()
    row = exposure(world)
    assert row.strength == "touches"
    assert row.distance_km == pytest.approx(3, abs=0.1)
    assert "The warning area “Coast” reaches Tacloban, 3 km from its centre." in mails()[0].text


@pytest.mark.parametrize(("severity", "told_"), [("Severe", True), ("Extreme", True), ("Moderate", False)])
def test_a_country_stop_is_possible_from_severe_on(
    world: World, trip_of: TripMaker, severity: str, told_: bool
) -> None:
    trip_of(world.bob, ("PH", "2026-11-19T12:00", "2026-11-27T10:00"))
    put(storm(severity=severity))
    work()
    assert (told() == [("exposure.opened", "bob")]) == told_
    if told_:
        assert exposure(world).strength == "possible"
        assert "in Philippines" in mails()[0].text or "in the Philippines" in mails()[0].text


@pytest.mark.parametrize(("km", "is_told"), [(80, True), (200, False)])
def test_an_earthquake_of_6_4_reaches_150_km(world: World, trip_of: TripMaker, km: int, is_told: bool) -> None:
    trip_of(world.bob, STAY)
    place = resolve("Tacloban")
    put_quake(quake(coordinates=[place.lon, place.lat + km / 111.2, 10.0]))
    work()
    assert (told() == [("exposure.opened", "bob")]) == is_told
    if is_told:
        assert "The area around it is our estimate." in mails()[0].text
        assert "Tacloban is inside the area that we estimate to be affected." in mails()[0].text


def test_a_stay_in_40_days_is_told_on_day_26(world: World, trip_of: TripMaker) -> None:
    # Noon in Manila is 04:00 UTC; NOW is 12:00 UTC.
    trip_of(world.bob, ("Tacloban", "2026-12-30T20:00", "2027-01-05T12:00"))
    put(storm(expires="2027-01-02T00:00:00+00:00"))
    work()
    assert told() == []
    work(NOW + 26 * DAY - timedelta(minutes=1))
    assert told() == []
    with clock.held_at(NOW + 25 * DAY):
        assert concerning_now(world.seat(world.bob)) == []
    work(NOW + 26 * DAY)
    assert told() == [("exposure.opened", "bob")]
    with clock.held_at(NOW + 26 * DAY):
        assert count_of(world.seat(world.bob)) == 1


def test_a_stay_in_40_days_is_not_told_of_a_warning_that_is_over_by_then(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, ("Tacloban", "2026-12-30T20:00", "2027-01-05T12:00"))
    put(storm(expires="2027-01-02T00:00:00+00:00"))
    work()
    put(storm("S2", sent="2026-11-21T10:00:00+00:00", msg_type="Cancel", references=triple("S1")))
    work(NOW + 2 * DAY)
    work(NOW + 27 * DAY)
    assert told() == []


def test_update_one_more_and_cancel_one_no_longer(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    put(storm())
    work()
    put(
        storm("S2", sent="2026-11-20T13:00:00+00:00", msg_type="Update", references=triple("S1"), headline="Stronger"),
        at=NOW + timedelta(hours=1),
    )
    work(NOW + timedelta(hours=1))
    work(NOW + timedelta(hours=2))
    assert told() == [("exposure.opened", "bob"), ("exposure.updated", "bob")]
    assert mails()[1].subject == "Update, Severe: Stronger"
    cancel = storm("S3", sent="2026-11-20T15:00:00+00:00", msg_type="Cancel", references=triple("S2"), headline="")
    for hour in (3, 4):
        put(cancel, at=NOW + timedelta(hours=hour))
        work(NOW + timedelta(hours=hour))
    assert told()[2:] == [("exposure.ended", "bob")]
    assert mails()[2].subject == "No longer concerns you: Stronger"
    assert "The source has withdrawn the warning." in mails()[2].text
    assert (exposure(world).state, exposure(world).closed_reason) == ("closed", "cancelled")


def test_a_revised_earthquake_is_told_when_something_changed_for_the_traveller(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, STAY)
    place = resolve("Tacloban")

    def revise(minutes: int, **changes: object) -> None:
        at = NOW + timedelta(minutes=minutes)
        put_quake(
            quake(coordinates=[place.lon, place.lat, 10.0], updated=int(at.timestamp() * 1000), **changes), at=at
        )
        work(at, mail=minutes != 20)

    revise(0)
    revise(5, felt=12, cdi=4.1)
    revise(10, felt=300, place="12 km S of Somewhere")
    assert told() == [("exposure.opened", "bob")]
    assert AlertVersion.objects.count() == 3
    # The mail about 6.8 has not left when a version that only counts again comes in.
    revise(20, mag=6.8)
    revise(25, mag=6.8, felt=400)
    assert told() == [("exposure.opened", "bob"), ("exposure.updated", "bob")]
    revise(30, mag=6.8, felt=400, alert="red")
    assert told()[2:] == [("exposure.updated", "bob")]
    revise(35, mag=6.8, felt=401, alert="red", status="deleted")
    assert told()[3:] == [("exposure.ended", "bob")]


def test_an_update_that_moves_away_says_so_and_newcomers_are_told_in_full(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    trip_of(world.alice, ("Manila", "2026-11-19T12:00", "2026-11-27T10:00"))
    put(storm())
    work()
    assert told() == [("exposure.opened", "bob")]
    north = "14,120 15.5,120 15.5,122 14,122 14,120"
    put(
        storm("S2", sent="2026-11-20T13:00:00+00:00", msg_type="Update", references=triple("S1"), polygon=north),
        at=NOW + timedelta(hours=1),
    )
    work(NOW + timedelta(hours=1))
    assert sorted(told()[1:]) == [("exposure.ended", "bob"), ("exposure.opened", "alice")]
    ended = next(mail for mail in mails() if mail.kind == "alert.exposure.ended")
    assert "it no longer covers Tacloban at the time of your stay" in ended.text
    put(
        storm("S3", sent="2026-11-20T14:00:00+00:00", msg_type="Update", references=triple("S2")),
        at=NOW + timedelta(hours=2),
    )
    work(NOW + timedelta(hours=2))
    assert sorted(told()[3:]) == [("exposure.ended", "alice"), ("exposure.opened", "bob")]


def test_a_warning_that_ends_as_announced_ends_quietly(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    put(storm(expires="2026-11-21T10:00:00+00:00"))
    work()
    work(NOW + DAY)
    assert told() == [("exposure.opened", "bob")]
    assert (exposure(world).state, exposure(world).closed_reason) == ("closed", "ended")
    with clock.held_at(NOW + DAY):
        assert count_of(world.seat(world.bob)) == 0


def test_an_all_clear_before_its_time_is_told(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    put(storm())
    work()
    put(
        storm("S2", sent="2026-11-20T13:00:00+00:00", msg_type="Update", references=triple("S1"), response="AllClear"),
        at=NOW + timedelta(hours=1),
    )
    work(NOW + timedelta(hours=1))
    assert told()[1:] == [("exposure.ended", "bob")]


def test_a_trip_registered_after_the_alert_is_matched_at_once(world: World, trip_of: TripMaker) -> None:
    put(storm())
    work()
    trip_of(world.bob, STAY, at=NOW + timedelta(hours=1))
    work(NOW + timedelta(hours=1))
    assert told() == [("exposure.opened", "bob")]


def test_a_changed_trip_closes_quietly_and_back_again_is_not_told_twice(world: World, trip_of: TripMaker) -> None:
    trip = trip_of(world.bob, STAY)
    put(storm())
    work()

    def go(where: str) -> None:
        start, end = datetime(2026, 11, 19, 12), datetime(2026, 11, 27, 10)
        with clock.held_at(NOW):
            change_trip(trip, title="Field season", stops=[StopDraft(resolve(where), start, end)], by=world.bob)
        work()

    go("Nairobi")
    assert exposure(world).closed_reason == "trip_changed"
    go("Tacloban")
    assert exposure(world).state == "open"
    assert told() == [("exposure.opened", "bob")]
    with clock.held_at(NOW):
        cancel_trip(trip, by=world.bob)
    work()
    assert exposure(world).closed_reason == "trip_cancelled"
    assert told() == [("exposure.opened", "bob")]


@pytest.mark.parametrize("by_traveller", ["trip_changed", "trip_cancelled"])
def test_an_update_that_comes_with_the_travellers_own_change_does_not_blame_the_warning(
    world: World, trip_of: TripMaker, by_traveller: str
) -> None:
    trip = trip_of(world.bob, STAY)
    put(storm())
    work()
    start, end = datetime(2026, 11, 19, 12), datetime(2026, 11, 27, 10)
    with clock.held_at(NOW):
        if by_traveller == "trip_cancelled":
            cancel_trip(trip, by=world.bob)
        else:
            elsewhere = StopDraft(resolve("Nairobi"), start, end)
            change_trip(trip, title="Field season", stops=[elsewhere], by=world.bob)
    put(storm("S2", sent="2026-11-20T11:00:00+00:00", msg_type="Update", references=triple("S1"), severity="Extreme"))
    work()
    assert told() == [("exposure.opened", "bob")]
    assert exposure(world).closed_reason == by_traveller


@pytest.mark.parametrize("status", ["Test", "Exercise", "System", "Draft"])
def test_tests_and_exercises_reach_nobody(world: World, trip_of: TripMaker, status: str) -> None:
    trip_of(world.bob, STAY)
    put(storm(status=status))
    work()
    assert told() == []
    assert not Exposure.objects.for_org(world.northfield).exists()


def test_one_trip_with_several_stops_is_told_once_by_the_strongest(world: World, trip_of: TripMaker) -> None:
    trip_of(
        world.bob,
        ("PH", "2026-11-18T12:00", "2026-11-20T11:00"),
        ("Tacloban", "2026-11-20T12:00", "2026-11-24T10:00"),
        ("Ormoc", "2026-11-24T12:00", "2026-11-27T10:00"),
    )
    put(storm())
    work()
    row = exposure(world)
    assert (row.strength, row.place_label.split(",")[0]) == ("inside", "Tacloban")
    assert told() == [("exposure.opened", "bob")]
    assert "Also on this trip: " in mails()[0].text


def test_a_stay_that_is_over_hears_of_no_update(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, ("Tacloban", "2026-11-19T12:00", "2026-11-20T22:00"))
    put(storm(expires="2026-11-30T10:00:00+00:00"))
    work()
    put(
        storm(
            "S2", sent="2026-11-23T13:00:00+00:00", msg_type="Update", references=triple("S1"),
            expires="2026-11-30T10:00:00+00:00",
        ),
        at=NOW + 4 * DAY,
    )
    work(NOW + 4 * DAY)
    assert told() == [("exposure.opened", "bob")]
    assert exposure(world).closed_reason == "ended"


def test_versions_that_came_together_are_told_as_one(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    put(storm())
    put(storm("S2", sent="2026-11-20T11:00:00+00:00", msg_type="Update", references=triple("S1"), headline="Newer"))
    work()
    assert [mail.subject for mail in mails()] == ["Severe: Newer"]


def test_a_failing_item_does_not_stop_the_others(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, alice = trip_of(world.bob, STAY), trip_of(world.alice, STAY)
    put(storm())
    from safeconduct.matching import words

    ordinary = words.sentence

    def fails_for_alice(reason: object, **more: object) -> str:
        if more["trip_title"] == "Poison":
            raise ValueError("no words")
        return ordinary(reason, **more)  # type: ignore[arg-type]

    alice.title = "Poison"
    alice.save()
    monkeypatch.setattr(words, "sentence", fails_for_alice)
    work()
    assert told() == [("exposure.opened", "bob")]
    failed = Exposure.objects.for_org(world.northfield).get(trip=alice)
    assert (failed.tell_error, failed.told_at) == ("ValueError", None)
    monkeypatch.setattr(words, "sentence", ordinary)
    work(NOW + timedelta(minutes=6))
    assert told() == [("exposure.opened", "bob"), ("exposure.opened", "alice")]
    assert bob.pk != alice.pk


def test_versions_are_matched_once(world: World, trip_of: TripMaker) -> None:
    from safeconduct.matching.models import MatchRun

    trip_of(world.bob, STAY)
    put(storm())
    work()
    run = MatchRun.objects.get(version=AlertVersion.objects.get())
    assert (run.matched, run.due_at, run.ran_at) == (1, None, NOW)


def test_the_readers_language_and_a_label_when_the_source_has_another(world: World, trip_of: TripMaker) -> None:
    from safeconduct.outbox.models import Message

    world.alice.language = "ar"
    world.alice.save()
    for user in (world.alice, world.bob):
        trip_of(user, STAY)
    put(storm(language="fr", headline="Tempête"))
    work()
    assert Message.objects.count() == 2
    alice, bob = (next(mail for mail in mails() if mail.to.startswith(name)) for name in ("alice", "bob"))
    assert "The source’s text is in French." in bob.text
    assert 'dir="rtl"' in alice.html
    assert 'lang="fr"' in alice.html
    assert "Tempête" in alice.text


def test_the_number_to_call_is_the_nearest_centres(world: World, trip_of: TripMaker) -> None:
    from safeconduct.centres.models import Centre

    for name, lat, lon, phone in (
        ("Sydney centre", -33.9, 151.2, "+61255500142"), ("Denver centre", 39.7, -105.0, "+13035550142"),
    ):
        Centre.objects.create(
            name=name, place_name=name, country_code="AU", lat=lat, lon=lon, is_24_hours=True, zone="UTC", phone=phone
        )
    trip_of(world.bob, STAY)
    put(storm())
    work()
    assert "Help by telephone: Sydney centre\n+61 2 5550 0142" in mails()[0].text
    assert 'href="tel:+61255500142"' in mails()[0].html


def test_nobody_is_told_of_what_has_passed_though_the_worker_has_not_ended_it_yet(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, STAY)
    put(storm(expires="2026-11-20T13:00:00+00:00"))
    with clock.held_at(NOW):
        rows = jobs.everybody()
        jobs._versions(rows, NOW, 10)
        assert rows.exposures.get().tell_due_at is not None
    with clock.held_at(NOW + timedelta(hours=1, seconds=5)):
        telling.tell_due(jobs.everybody(), clock.now(), 100)
        assert AlertVersion.objects.get().event.is_active
        assert count_of(world.seat(world.bob)) == 0
    assert told() == []
