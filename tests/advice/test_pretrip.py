"""Mails before a trip: once after it settled and once a week before, until acknowledged; they know nothing of its person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.advice import jobs, pretrip
from safeconduct.advice.actions import add_rule
from safeconduct.advice.asking import asked_of_trip
from safeconduct.advice.gathering import briefing_of
from safeconduct.advice.models import PreTripMail
from safeconduct.advice.preparing import acknowledge, begin, set_pre_trip_mail
from safeconduct.audit.models import Entry
from safeconduct.lib import clock
from safeconduct.notify.models import Notice
from safeconduct.outbox.models import Delivery
from safeconduct.outbox.rendering import fill
from safeconduct.places.queries import resolve
from safeconduct.trips.actions import cancel_trip, change_trip, mute_mail, register_trip
from safeconduct.trips.drafts import StopDraft
from safeconduct.trips.importing import import_trips
from safeconduct.trips.models import Trip
from safeconduct.trips.queries import stops_of
from tests.advice.rulefiles import NOW, rule_details
from tests.conftest import World

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User | None], Client]
BEGINS = datetime(2026, 12, 24, 10)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def trip_of(world: World, *, begins: datetime = BEGINS) -> Trip:
    stops = [StopDraft(place=resolve("Nairobi"), arrive=begins, depart=begins + 9 * DAY)]
    return register_trip(world.seat(world.bob), title="Field course", stops=stops, by=world.bob)


def work(at: datetime) -> None:
    """What the worker does until it is idle."""
    with clock.held_at(at):
        for _round in range(20):
            if not jobs.run_due():
                return
    raise AssertionError("the job never rests")


def mails() -> list[Delivery]:
    return list(Delivery.objects.filter(message__kind__startswith="trip.briefing").select_related("message").order_by("pk"))


def stages() -> list[str]:
    return [delivery.key.rpartition(":")[2] for delivery in mails()]


def row_of(trip: Trip) -> PreTripMail:
    return PreTripMail.objects.for_org(trip.organisation_id).get(trip=trip)


def moved(trip: Trip, by: timedelta, *, user: User) -> None:
    trip = Trip.objects.for_org(trip.organisation_id).get(pk=trip.pk)
    (stop,) = stops_of(trip)
    draft = StopDraft(place=stop.place, arrive=stop.arrive_wall + by, depart=stop.depart_wall, public_id=stop.public_id)
    change_trip(trip, title=trip.title, stops=[draft], by=user)


def acknowledged(world: World, trip: Trip) -> None:
    seat = world.seat(world.bob)
    asked = asked_of_trip(stops_of(trip), home="US", lang="en")
    row = begin(seat, asked, trip=trip)
    acknowledge(row, briefing_of(asked, lang="en", now=clock.now(), seat=seat), by=world.bob)


def test_once_after_it_settled_and_once_a_week_before(world: World) -> None:
    with clock.held_at(NOW):
        trip = trip_of(world)
    work(NOW + MINUTE)
    assert stages() == [] and row_of(trip).due_at == NOW + pretrip.SETTLING
    with clock.held_at(NOW + 3 * MINUTE):
        moved(trip, timedelta(minutes=30), user=world.bob)
    work(NOW + 6 * MINUTE)
    assert stages() == [], "an edit puts it off"
    work(NOW + 9 * MINUTE)
    work(NOW + 30 * MINUTE)
    assert stages() == ["new"] and row_of(trip).registered_told_at is not None
    trip.refresh_from_db()
    assert row_of(trip).due_at == trip.starts_at - pretrip.BEFORE
    work(trip.starts_at - 8 * DAY)
    assert stages() == ["new"]
    work(trip.starts_at - 7 * DAY + MINUTE)
    work(trip.starts_at - 6 * DAY)
    assert stages() == ["new", "week"] and row_of(trip).due_at is None and row_of(trip).week_told_at is not None
    assert [notice.told for notice in Notice.objects.for_org(world.northfield).filter(kind="trip.briefing")] == [True, True]


def test_it_says_levels_what_is_asked_and_unknown_and_nothing_of_its_person(world: World) -> None:
    with clock.held_at(NOW):
        add_rule(rule_details(obtained="online", lead_days="10"), by=world.olga)
        add_rule(rule_details(kind="form", passports="DE"), by=world.olga)
        trip = trip_of(world)
        begin(world.seat(world.bob), asked_with_passport(trip), trip=trip)
    work(NOW + MINUTE)
    work(NOW + 6 * MINUTE)
    (delivery,) = mails()
    subject = fill(delivery.message.subject, delivery.slots)
    text, html = fill(delivery.message.text, delivery.slots), fill(delivery.message.html, delivery.slots, escape=True)
    assert subject == "Before you go: your briefing"
    for words in (text, html):
        assert "Field course" in words and "Visa, Kenya" in words and "Required" in words and "Embassy of Kenya" in words
        assert "How safe it is" in words and "What is not known" in words and "Your checklist" in words
        assert f"/advisor/?trip={trip.public_id}" in words and "Mon 14 Dec" in words
        assert "Germany" not in words and "Research" not in words
    assert delivery.unsubscribe_url and "., by" not in text


def asked_with_passport(trip: Trip) -> Any:
    from dataclasses import replace

    return replace(asked_of_trip(stops_of(trip), home="US"), passports=("DE",), purpose="research")


def test_it_stops_when_acknowledged_cancelled_muted_or_switched_off(world: World) -> None:
    with clock.held_at(NOW):
        trips = [trip_of(world) for _n in range(3)]
        acknowledged(world, trips[0])
        cancel_trip(trips[1], by=world.bob)
        mute_mail(trips[2], by=world.bob)
    for at in (NOW + MINUTE, NOW + 6 * MINUTE, NOW + 25 * DAY):
        work(at)
    assert stages() == []
    not_told = Notice.objects.for_org(world.northfield).filter(kind="trip.briefing")
    assert {(notice.told, notice.why_not) for notice in not_told} == {(False, "muted")}
    with clock.held_at(NOW + 25 * DAY):
        set_pre_trip_mail(world.northfield, is_on=False, by=world.alice)
        trip_of(world)
    work(NOW + 25 * DAY + MINUTE)
    work(NOW + 25 * DAY + 6 * MINUTE)
    assert stages() == [] and Entry.objects.filter(action="briefing.mail_off").count() == 1


def test_other_places_or_days_begin_anew_even_after_it_was_acknowledged(world: World) -> None:
    with clock.held_at(NOW):
        trip = trip_of(world)
    work(NOW + MINUTE)
    work(NOW + 6 * MINUTE)
    with clock.held_at(NOW + DAY):
        acknowledged(world, trip)
    with clock.held_at(NOW + 2 * DAY):
        moved(trip, timedelta(hours=2), user=world.bob)
    work(NOW + 2 * DAY + MINUTE)
    work(NOW + 2 * DAY + 10 * MINUTE)
    assert stages() == ["new"], "another hour is no other trip"
    with clock.held_at(NOW + 3 * DAY):
        moved(trip, 2 * DAY, user=world.bob)
    work(NOW + 3 * DAY + MINUTE)
    work(NOW + 3 * DAY + 10 * MINUTE)
    assert stages() == ["new", "new"] and row_of(trip).round == 2
    assert fill(mails()[1].message.subject, mails()[1].slots).startswith("Your trip was changed")


def test_a_trip_that_was_there_long_before_gets_the_later_mail_only(world: World) -> None:
    with clock.held_at(NOW - 10 * DAY):
        trip = trip_of(world)
    work(NOW)
    assert stages() == [] and row_of(trip).due_at == trip.starts_at - pretrip.BEFORE
    work(trip.starts_at - 7 * DAY + MINUTE)
    assert stages() == ["week"]


def test_two_workers_and_a_failure_write_no_second_mail(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.held_at(NOW):
        trip = trip_of(world)
    work(NOW + MINUTE)

    def fails(*_args: Any, **_more: Any) -> Any:
        raise ValueError("no briefing")

    with monkeypatch.context() as patched:
        patched.setattr(pretrip, "briefing_of", fails)
        with clock.held_at(NOW + 6 * MINUTE):
            assert jobs.run_due() == 1
    row = row_of(trip)
    assert stages() == [] and row.failures == 1 and row.last_error == "ValueError" and row.lease_by == ""
    assert not Notice.objects.for_org(world.northfield).filter(kind="trip.briefing").exists()
    work(NOW + 10 * MINUTE)
    assert stages() == ["new"] and row_of(trip).failures == 0
    # A worker that was killed after its transaction and one whose lease ran out do the same again.
    PreTripMail.objects.for_org(world.northfield).update(due_at=NOW + 11 * MINUTE, registered_told_at=None)
    work(NOW + 12 * MINUTE)
    assert stages() == ["new"]


def test_who_has_no_account_is_told_of_it_once_and_a_week_before_with_the_way_in(world: World) -> None:
    data = b"id,email,place,arrive,depart\nA1,new@northfield.example.edu,Nairobi,2026-12-24T10:00,2026-12-30T10:00\n"
    with clock.held_at(NOW):
        import_trips(world.northfield, data, source="Agency", by=world.alice)
    trip = Trip.objects.for_org(world.northfield).get()
    work(NOW + MINUTE)
    work(NOW + 6 * MINUTE)
    assert stages() == [] and Delivery.objects.filter(message__kind="trip.entered").count() == 1
    work(trip.starts_at - 7 * DAY + MINUTE)
    (delivery,) = mails()
    assert delivery.address == "new@northfield.example.edu" and "/account/signup/" in delivery.slots["url"]


def test_a_manager_reminds_once_a_day_and_only_of_trips_ahead(world: World, client_of: ClientOf) -> None:
    trip = trip_of(world, begins=datetime.combine(clock.today() + 30 * DAY, datetime.min.time()))
    alice, dana = client_of(world.alice), client_of(world.dana)
    path = f"/manage/trips/{trip.public_id}/remind/"
    assert dana.post(path).status_code == 404 and client_of(world.bob).post(path).status_code == 404
    assert "waits to be sent" in alice.post(path, follow=True).content.decode()
    assert "reminded today already" in alice.post(path, follow=True).content.decode()
    (delivery,) = mails()
    assert delivery.message.kind == "trip.briefing.reminder" and "asks you to read" in delivery.message.text
    with clock.held_at(clock.now() + DAY):
        alice.post(path)
    assert len(mails()) == 2 and Entry.objects.filter(action="briefing.reminded").count() == 2
    acknowledged(world, trip)
    assert alice.post(path).status_code in (400, 403, 409)
    assert "Remind by mail" not in alice.get(f"/manage/trips/{trip.public_id}/").content.decode()


def test_the_switch_of_an_organisation_is_its_own(world: World, client_of: ClientOf) -> None:
    alice = client_of(world.alice)
    assert "Mails before trips" in alice.get("/manage/settings/").content.decode()
    alice.post("/manage/settings/briefing-mail/", {"mail": "off"})
    assert not pretrip.sends_pre_trip_mail(world.northfield) and pretrip.sends_pre_trip_mail(world.southgate)
    alice.post("/manage/settings/briefing-mail/", {"mail": "on"})
    assert pretrip.sends_pre_trip_mail(world.northfield)


def test_a_trip_refused_when_its_mail_is_due_and_approved_later_gets_it(world: World) -> None:
    with clock.held_at(NOW):
        trip = trip_of(world)
    work(NOW + 10 * MINUTE)
    assert stages() == ["new"]
    rows = Trip.objects.for_org(world.northfield).filter(pk=trip.pk)
    rows.update(state=Trip.State.REFUSED)
    week = trip.starts_at - 7 * DAY
    work(week + MINUTE)
    assert stages() == ["new"] and row_of(trip).due_at is not None
    rows.update(state=Trip.State.APPROVED)
    work(week + DAY)
    assert stages() == ["new", "week"]
    work(week + 2 * DAY)
    assert stages() == ["new", "week"] and row_of(trip).due_at is None
    rows.update(state=Trip.State.REFUSED)
    work(trip.starts_at + MINUTE)
    assert stages() == ["new", "week"]
