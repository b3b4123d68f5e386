"""TravelAdvisor: a briefing is its person's alone, resumes, tells what changed, is acknowledged, and is forgotten."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from safeconduct.accounts.actions import erase_user, export_personal_data
from safeconduct.accounts.models import User
from safeconduct.advice import jobs, preparing, standing
from safeconduct.advice.actions import add_rule, change_rule
from safeconduct.advice.asking import as_data, asked_of, asked_of_trip, itinerary_of
from safeconduct.advice.briefing import STEPS, Asked, AskedStop
from safeconduct.advice.models import Preparation
from safeconduct.audit.models import Entry
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.places.queries import resolve
from safeconduct.trips.actions import cancel_trip, change_trip, register_trip
from safeconduct.trips.drafts import StopDraft
from safeconduct.trips.models import Trip
from safeconduct.trips.queries import stops_of
from tests.advice.rulefiles import NOW, rule_details
from tests.conftest import World

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User | None], Client]
ASKED = {"departure": "US", "to0": "KE", "arrive0": "2027-01-11", "leave0": "2027-01-24", "legs": "1", "passport": "DE"}


def text_of(answer: Any) -> str:
    page = re.sub(r"(?s)<(script|style).*?</\1>", " ", answer.content.decode())
    return " ".join(strip_tags(page).split())


def begun(client: Client, **more: Any) -> Preparation:
    answer = client.post("/advisor/", {**ASKED, **more})
    assert answer.status_code == 302, text_of(answer)
    return Preparation.objects.across_orgs("test").get(public_id=answer["Location"].split("/")[2])


def again(row: Preparation) -> Preparation:
    return Preparation.objects.across_orgs("test").get(pk=row.pk)


def hidden(page: Any, name: str, *, after: str = "") -> list[str]:
    """The values of a page's hidden fields of a name, behind a text of the page."""
    text = page.content.decode()
    return re.findall(rf'type="hidden" name="{name}" value="([^"]*)"', text[text.find(after) :] if after in text else "")


def press(client: Client, row: Preparation, what: str, **more: Any) -> Any:
    """Press the button of a page as it stands: a step's, or "read" or "acknowledge"."""
    shown, behind = (what, 'id="todo"') if what in STEPS else ("checklist", f"{row.public_id}/{what}/")
    page = client.get(f"/advisor/{row.public_id}/{shown}/")
    (seen, *_rest) = hidden(page, "seen", after=behind) or [""]
    return client.post(f"/advisor/{row.public_id}/{what}/", {"seen": seen, **more})


def trip_of(world: World, *, days: int = 30, place: str = "Nairobi") -> Trip:
    start = datetime.combine(clock.today() + timedelta(days=days), datetime.min.time()) + timedelta(hours=10)
    stops = [StopDraft(place=resolve(place), arrive=start, depart=start + timedelta(days=9))]
    return register_trip(world.seat(world.bob), title="Field course", stops=stops, by=world.bob)


def test_nine_steps_are_walked_without_script_and_go_on_where_they_were_left(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    row = begun(bob, interests=["health"])
    assert row.step == "entry" and row.ends_on == date(2027, 1, 24)
    for number, step in enumerate(STEPS[1:-1], 2):
        page = bob.get(f"/advisor/{row.public_id}/{step}/")
        assert page.status_code == 200 and f"Step {number} of 9" in text_of(page)
        answer = press(bob, row, step, go="next")
        assert answer["Location"] == f"/advisor/{row.public_id}/{STEPS[number]}/"
    row = again(row)
    assert row.step == STEPS[-1] and set(row.steps_read) == set(STEPS[:-1]) and row.read_at is not None
    assert f"/advisor/{row.public_id}/checklist/" in bob.get("/advisor/").content.decode()
    assert "you asked for this" in bob.get(f"/advisor/{row.public_id}/entry/").content.decode()
    assert bob.get(f"/advisor/{row.public_id}/nowhere/").status_code == 404


def test_looking_writes_nothing_and_no_address_says_what_was_asked(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    row = begun(bob)
    before = (row.touched_at, row.marks, Entry.objects.count())
    for step in STEPS:
        assert bob.get(f"/advisor/{row.public_id}/{step}/").status_code == 200
    assert bob.get(f"/advisor/{row.public_id}/all/").status_code == 200
    row = again(row)
    assert (row.touched_at, row.marks, Entry.objects.count()) == before
    assert "DE" not in row.public_id and "Germany" in text_of(bob.get(f"/advisor/{row.public_id}/entry/"))


def test_every_line_names_its_source_or_that_nothing_is_known(world: World, client_of: ClientOf) -> None:
    add_rule(rule_details(passports="DE", obtained="online", lead_days="5", link="https://evisa.example.org/"), by=world.olga)
    bob = client_of(world.bob)
    row = begun(bob)
    page = text_of(bob.get(f"/advisor/{row.public_id}/entry/"))
    assert "Visa: Required" in page and "Embassy of Kenya, Fri 20 Nov 2026" in page and "Last day: Wed 6 Jan 2027" in page
    assert "What we do not know" in page and "that does not mean that nothing is asked" in page
    assert "https://evisa.example.org/" in bob.get(f"/advisor/{row.public_id}/entry/").content.decode()


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    page = bob.post("/advisor/", {**ASKED, "leave0": "2027-01-01"})
    assert page.status_code == 200 and "You cannot leave before you arrive." in text_of(page)
    assert 'value="DE" selected' in page.content.decode()
    assert bob.post("/advisor/", {**ASKED, "arrive0": ""}).status_code == 200
    page = bob.post("/advisor/", {**ASKED, "more": "1"}).content.decode()
    assert "Destination 2" in page and 'value="KE" selected' in page and not Preparation.objects.across_orgs("test").exists()
    two = {**ASKED, "legs": "2", "to1": "JP", "arrive1": "2027-01-05"}
    assert "This is before the destination in front of it." in text_of(bob.post("/advisor/", two))
    # The day on which somebody leaves the first of two is not the end: it would be forgotten while they are abroad.
    page = bob.post("/advisor/", {**ASKED, "legs": "2", "to1": "JP", "arrive1": "2027-01-24"})
    assert page.status_code == 200 and "Say on which day the journey ends." in text_of(page)
    assert not Preparation.objects.across_orgs("test").exists()
    assert begun(bob, legs="2", to1="JP", arrive1="2027-01-24", leave1="2027-02-02").ends_on == date(2027, 2, 2)


def test_ticks_persist_and_those_of_other_steps_stay(world: World, client_of: ClientOf) -> None:
    add_rule(rule_details(passports="DE"), by=world.olga)
    bob = client_of(world.bob)
    row = begun(bob)
    page = bob.get(f"/advisor/{row.public_id}/entry/")
    (tick,) = [one for one in hidden(page, "shown") if one.startswith("entry.visa.KE#")]
    assert f'name="done" value="{tick}">' in page.content.decode()
    answer = bob.post(f"/advisor/{row.public_id}/entry/", {"shown": [tick, "made.up#1"], "done": [tick, "made.up#1"], "go": "stay"})
    assert answer["Location"].endswith("/entry/#todo") and again(row).ticked == [tick]
    health = hidden(bob.get(f"/advisor/{row.public_id}/health/"), "shown")
    bob.post(f"/advisor/{row.public_id}/health/", {"shown": health, "go": "stay"})
    assert health and again(row).ticked == [tick]
    assert f'name="done" value="{tick}" checked' in bob.get(f"/advisor/{row.public_id}/checklist/").content.decode()
    assert f'value="{tick}" checked' in bob.get(f"/advisor/{row.public_id}/checklist/", headers={"accept-language": "de"}).content.decode()
    bob.post(f"/advisor/{row.public_id}/checklist/", {"shown": [tick], "go": "stay"})
    assert again(row).ticked == []


def test_a_tick_does_not_outlive_what_it_was_for(world: World, client_of: ClientOf) -> None:
    rule = add_rule(rule_details(passports="DE", lead_days="5"), by=world.olga)
    bob = client_of(world.bob)
    row = begun(bob)
    (tick,) = [one for one in hidden(bob.get(f"/advisor/{row.public_id}/entry/"), "shown") if one.startswith("entry.visa.KE#")]
    bob.post(f"/advisor/{row.public_id}/entry/", {"shown": [tick], "done": [tick], "go": "stay"})
    assert again(row).ticked == [tick]
    change_rule(rule, rule_details(passports="DE", lead_days="20"), by=world.olga)
    page = bob.get(f"/advisor/{row.public_id}/entry/")
    (other,) = [one for one in hidden(page, "shown") if one.startswith("entry.visa.KE#")]
    assert other != tick and f'value="{other}" checked' not in page.content.decode(), "it is to be done sooner now"
    bob.post(f"/advisor/{row.public_id}/entry/", {"shown": [tick], "done": [tick], "go": "stay"})
    assert again(row).ticked == [], "a page that was open still ticks nothing"


def test_what_nobody_saw_is_neither_read_nor_acknowledged(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    trip = trip_of(world)
    bob.post("/advisor/", {"trip": trip.public_id, "passport": "DE"})
    row = Preparation.objects.across_orgs("test").get()
    old = {name: hidden(bob.get(f"/advisor/{row.public_id}/{name}/"), "seen")[-1] for name in ("entry", "checklist")}
    add_rule(rule_details(passports="DE"), by=world.olga)
    answer = bob.post(f"/advisor/{row.public_id}/entry/", {"seen": old["entry"], "go": "next"}, follow=True)
    assert "It changed meanwhile: look again." in text_of(answer) and "Visa: Required" in text_of(answer)
    assert "entry" not in again(row).steps_read and again(row).marks == {}
    for seen in (old["checklist"], ""):
        answer = bob.post(f"/advisor/{row.public_id}/acknowledge/", {"seen": seen}, follow=True)
        assert "It changed meanwhile: look again." in text_of(answer)
        bob.post(f"/advisor/{row.public_id}/read/", {"seen": seen})
        assert again(row).acknowledged_at is None and again(row).read_at is None
    assert not Entry.objects.filter(action="briefing.acknowledged").exists()
    press(bob, row, "acknowledge")
    assert again(row).acknowledged_at is not None


def test_a_trip_that_changes_while_it_is_acknowledged_is_not(world: World) -> None:
    trip, seat = trip_of(world), world.seat(world.bob)
    asked = asked_of_trip(stops_of(trip), home="US", lang="en")
    row = preparing.begin(seat, asked, trip=trip)
    briefing = standing.briefing_for(row, seat, lang="en", now=clock.now())
    change_trip(Trip.objects.for_org(world.northfield).get(), title="Another", stops=[
        StopDraft(place=stop.place, arrive=stop.arrive_wall, depart=stop.depart_wall + timedelta(days=2), public_id=stop.public_id)
        for stop in stops_of(trip)
    ], by=world.bob)  # fmt: skip
    for write in (
        lambda: preparing.acknowledge(row, briefing, by=world.bob),
        lambda: preparing.read_all(row, briefing),
        lambda: preparing.read_step(row, "entry", briefing, go_to="health"),
    ):
        with pytest.raises(Refused):
            write()
    assert again(row).acknowledged_at is None and again(row).marks == {}


def test_what_changed_since_it_was_read_stands_on_top_until_it_is_read(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    row = begun(bob)
    press(bob, row, "entry", go="next")
    assert "What changed since you read it" not in text_of(bob.get(f"/advisor/{row.public_id}/health/"))
    add_rule(rule_details(passports="DE"), by=world.olga)
    page = text_of(bob.get(f"/advisor/{row.public_id}/health/"))
    assert "What changed since you read it" in page and "New Visa: Required" in page
    answer = press(bob, row, "read", step="health")
    assert answer["Location"].endswith("/health/")
    assert "What changed since you read it" not in text_of(bob.get(f"/advisor/{row.public_id}/health/"))


def test_of_several_countries_each_unknown_and_each_change_says_which(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    row = begun(bob, legs="2", to1="JP", arrive1="2027-01-24", leave1="2027-02-02")
    page = text_of(bob.get(f"/advisor/{row.public_id}/entry/")).partition("What we do not know")[2]
    assert "Kenya. " in page and "Japan. " in page
    press(bob, row, "entry", go="next")
    add_rule(rule_details(destination="JP", passports="DE"), by=world.olga)
    assert "New Japan. Visa: Required" in text_of(bob.get(f"/advisor/{row.public_id}/health/"))
    press(bob, row, "acknowledge")
    add_rule(rule_details(kind="form", passports="DE"), by=world.olga)
    news = text_of(bob.get(f"/advisor/{row.public_id}/health/")).partition("since you acknowledged this briefing")[2]
    assert "Kenya. " in news.partition("What changed")[0]
    one = begun(bob)
    assert "Kenya. " not in text_of(bob.get(f"/advisor/{one.public_id}/entry/")).partition("What we do not know")[2].partition(" To do")[0]


def test_acknowledging_is_a_dated_record_and_a_change_of_substance_asks_anew(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    trip = trip_of(world)
    answer = bob.post("/advisor/", {"trip": trip.public_id, "passport": "DE"})
    row = Preparation.objects.across_orgs("test").get()
    assert answer.status_code == 302 and row.trip == trip and "stops" not in row.asked
    assert "Get your briefing" not in text_of(bob.get(f"/trips/{trip.public_id}/"))
    assert "Register this journey" not in text_of(bob.get(f"/advisor/{row.public_id}/checklist/"))
    press(bob, row, "acknowledge")
    row = again(row)
    assert row.acknowledged_at is not None and row.acknowledged_for == itinerary_of(trip)
    assert "Acknowledged" in text_of(bob.get(f"/trips/{trip.public_id}/"))
    first = row.acknowledged_at
    press(bob, row, "acknowledge")
    assert again(row).acknowledged_at == first
    assert Entry.objects.filter(action="briefing.acknowledged").count() == 1
    (entry,) = Entry.objects.filter(action="briefing.acknowledged")
    assert "KE" not in json.dumps(entry.detail) and "DE" not in json.dumps(entry.detail)
    add_rule(rule_details(passports="DE"), by=world.olga)
    page = text_of(bob.get(f"/advisor/{row.public_id}/checklist/"))
    assert "1 important thing is different since you acknowledged this briefing" in page
    press(bob, row, "acknowledge")
    assert again(row).acknowledged_at > first
    assert "since you acknowledged" not in text_of(bob.get(f"/advisor/{row.public_id}/checklist/"))


def test_the_organisation_sees_the_fact_and_nothing_that_was_answered(world: World, client_of: ClientOf) -> None:
    bob, alice = client_of(world.bob), client_of(world.alice)
    trip = trip_of(world)
    bob.post("/advisor/", {"trip": trip.public_id, "passport": "DE", "purpose": "research"})
    row = Preparation.objects.across_orgs("test").get()
    page = text_of(alice.get(f"/manage/trips/{trip.public_id}/"))
    assert "Not acknowledged" in page and "Germany" not in page and "Research" not in page
    assert "Field course" in text_of(alice.get("/manage/trips/?briefing=open"))
    press(bob, row, "acknowledge")
    page = text_of(alice.get("/manage/trips/"))
    assert "Acknowledged" in page and "Germany" not in page
    assert "No trip found" in text_of(alice.get("/manage/trips/?briefing=open"))
    (stop,) = stops_of(trip)
    moved = StopDraft(place=stop.place, arrive=stop.arrive_wall + timedelta(days=2), depart=stop.depart_wall, public_id=stop.public_id)
    change_trip(trip, title=trip.title, stops=[moved], by=world.bob)
    assert "Trip changed since" in text_of(alice.get(f"/manage/trips/{trip.public_id}/"))
    assert "Field course" in text_of(alice.get("/manage/trips/?briefing=open"))
    later = StopDraft(place=stop.place, arrive=stop.arrive_wall + timedelta(minutes=30), depart=stop.depart_wall, public_id=stop.public_id)
    change_trip(Trip.objects.for_org(world.northfield).get(), title=trip.title, stops=[later], by=world.bob)
    assert "No trip found" in text_of(alice.get("/manage/trips/?briefing=open")), "another hour is no other trip"


def test_a_briefing_is_its_persons_alone(world: World, client_of: ClientOf) -> None:
    row = begun(client_of(world.bob))
    trip = trip_of(world)
    for user in (world.alice, world.dana):
        other = client_of(user)
        for path in ("entry/", "all/", "briefing.pdf", "delete/"):
            assert other.get(f"/advisor/{row.public_id}/{path}").status_code == 404
        for path in ("entry/", "read/", "acknowledge/", "keep/", "delete/"):
            assert other.post(f"/advisor/{row.public_id}/{path}").status_code == 404
        assert other.get(f"/advisor/?trip={trip.public_id}").status_code == 404
        assert other.post("/advisor/", {"trip": trip.public_id}).status_code == 404
        assert "Kenya" not in text_of(other.get("/advisor/")).split("Your journey")[0]
    assert again(row).acknowledged_at is None


def test_it_is_forgotten_after_the_journey_unless_its_person_keeps_it(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    trip = trip_of(world)
    bob.post("/advisor/", {"trip": trip.public_id, "passport": "DE"})
    with_trip = Preparation.objects.across_orgs("test").get()
    press(bob, with_trip, "acknowledge")
    free, kept = begun(bob), begun(bob)
    bob.post(f"/advisor/{kept.public_id}/keep/", {"keep": "yes"})
    assert jobs.forget_due() == 0
    with clock.held_at(clock.now() + timedelta(days=120)):
        assert jobs.forget_due() == 2 and jobs.forget_due() == 0
    with_trip = again(with_trip)
    assert with_trip.acknowledged_at is not None and with_trip.asked == {} and with_trip.marks == {} and with_trip.ticked == []
    assert with_trip.acknowledged_marks == {} and with_trip.forgotten_at is not None
    assert bob.get(f"/advisor/{with_trip.public_id}/entry/").status_code == 404
    assert not Preparation.objects.across_orgs("test").filter(pk=free.pk).exists() and again(kept).asked["passports"] == ["DE"]
    assert standing.standing_of(trip, clock.now()).acknowledged_at == with_trip.acknowledged_at


def test_untouched_without_a_trip_it_goes_after_thirty_days(world: World, client_of: ClientOf) -> None:
    row = begun(client_of(world.bob), arrive0="2099-01-11", leave0="2099-01-24")
    with clock.held_at(clock.now() + timedelta(days=29)):
        assert jobs.forget_due() == 0
    with clock.held_at(clock.now() + timedelta(days=31)):
        assert jobs.forget_due() == 1
    assert not Preparation.objects.across_orgs("test").filter(pk=row.pk).exists()


def test_deleting_asks_first_and_leaves_that_it_was_acknowledged(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    trip = trip_of(world)
    bob.post("/advisor/", {"trip": trip.public_id, "passport": "DE"})
    row = Preparation.objects.across_orgs("test").get()
    press(bob, row, "acknowledge")
    assert "stays with the trip" in text_of(bob.get(f"/advisor/{row.public_id}/delete/"))
    bob.post(f"/advisor/{row.public_id}/delete/")
    assert again(row).asked == {} and again(row).acknowledged_at is not None
    bob.post("/advisor/", {"trip": trip.public_id})
    assert again(row).forgotten_at is None and Preparation.objects.across_orgs("test").count() == 1


def test_personal_data_is_exported_and_erased(world: World, client_of: ClientOf) -> None:
    begun(client_of(world.bob))
    (mine,) = export_personal_data(world.bob)["advice"]["briefings"]
    assert mine["asked"]["passports"] == ["DE"]
    erase_user(world.bob, by=world.bob)
    assert not Preparation.objects.across_orgs("test").exists()


def test_an_ended_membership_begins_nothing_and_a_cancelled_trip_has_no_new_briefing(world: World, client_of: ClientOf) -> None:
    trip = trip_of(world)
    cancel_trip(trip, by=world.bob)
    assert client_of(world.bob).get(f"/advisor/?trip={trip.public_id}").status_code in (400, 403, 409)


def test_the_pdf_is_one_and_says_nothing_in_its_name(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    row = begun(bob)
    answer = bob.get(f"/advisor/{row.public_id}/briefing.pdf")
    assert answer.status_code == 200 and answer.content.startswith(b"%PDF-") and "KE" not in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]


def test_a_trip_becomes_a_question_with_its_changes_of_planes(world: World) -> None:
    def at(day: int, hour: int) -> datetime:
        return datetime(2027, 1, day, hour)

    legs = [
        StopDraft(place=resolve("FRA"), to_place=resolve("CDG"), depart=at(11, 8), arrive=at(11, 10), kind="flight"),
        StopDraft(place=resolve("CDG"), to_place=resolve("NBO"), depart=at(11, 14), arrive=at(11, 23), kind="flight"),
        StopDraft(place=resolve("Nairobi"), arrive=at(12, 1), depart=at(15, 9)),
        StopDraft(place=resolve("Mombasa"), arrive=at(15, 14), depart=at(24, 9)),
        StopDraft(place=resolve("NBO"), to_place=resolve("FRA"), depart=at(24, 12), arrive=at(24, 21), kind="flight"),
    ]
    trip = register_trip(world.seat(world.bob), title="T", stops=legs, by=world.bob)
    asked = asked_of_trip(stops_of(trip), home="US", lang="en")
    assert asked.departure == "DE" and asked.departs_on == date(2027, 1, 11) and asked.returns_on == date(2027, 1, 24)
    (stop,) = asked.stops
    assert (stop.country, stop.name, stop.arrive, stop.leave) == ("KE", "Nairobi, Mombasa", date(2027, 1, 11), date(2027, 1, 24))
    assert [(change.country, change.hours) for change in stop.via] == [("FR", 4.0)]
    assert asked_of(as_data(asked)) == asked


def test_too_many_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "MOST_OPEN", 1)
    asked = Asked("US", (AskedStop("KE", arrive=NOW.date(), leave=NOW.date()),))
    preparing.begin(world.seat(world.bob), asked)
    with pytest.raises(Refused):
        preparing.begin(world.seat(world.bob), asked)
