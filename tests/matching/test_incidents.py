"""One storm of several sources is one thing to a traveller: told once, worse news briefly, over when all say so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from safeconduct.alerts import incidents
from safeconduct.alerts.models import AlertVersion, Event, Incident
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.matching import jobs, queries, telling, together
from safeconduct.matching.models import Exposure
from safeconduct.notify.actions import subscribe
from safeconduct.notify.models import Notice
from safeconduct.places.queries import resolve
from tests.alerts.messages import message, put, triple
from tests.conftest import World
from tests.matching.conftest import NOW, TripMaker, mails, told, work

STAY = ("Lisbon", "2026-11-19T12:00", "2026-11-27T10:00")
LATER = "2026-11-20T11:00:00+00:00"


def says(key: str, identifier: str, *, at: datetime = NOW, **changes: Any) -> AlertVersion:
    """Let a source send a message, and place it."""
    office, _new = Source.objects.get_or_create(key=key, defaults={"name": key.title(), "format": "cap"})
    data = message(identifier, **{"sender": f"{key}@example.org", **changes})
    version = put(data, at=at, source=office).version
    incidents.place_all([version], at=at)
    return version


def updates(key: str, identifier: str, of: str, **changes: Any) -> AlertVersion:
    """Let a source update what it said."""
    more = {
        "msg_type": "Update",
        "sent": LATER,
        "references": triple(of, sender=f"{key}@example.org"),
        **changes,
    }
    return says(key, identifier, **more)


def cancels(key: str, of: str, *, at: datetime = NOW) -> AlertVersion:
    """Let a source cancel what it said."""
    return updates(key, f"{of}-over", of, msg_type="Cancel", at=at)


def kinds() -> list[str]:
    """Return the kinds of mail that Bob was sent."""
    return [kind.removeprefix("exposure.") for kind, who in told() if who == "bob"]


def not_told(world: World) -> list[str]:
    """Return why Bob was not told, oldest first."""
    return [
        notice.why_not
        for notice in Notice.objects.for_org(world.northfield).order_by("pk")
        if not notice.told
    ]


def test_a_second_source_that_says_no_more_is_not_told(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    work()
    says("relay", "B", headline="The same wind")
    work()
    assert Incident.objects.count() == 1
    assert kinds() == ["opened"]
    assert not_told(world) == ["same_event"]
    row = Exposure.objects.for_org(world.northfield).get(told_by__isnull=False)
    assert (row.told_at, row.tell_due_at) == (None, None)
    notice = Notice.objects.for_org(world.northfield).get(told=False)
    assert notice.context["told_by"] == "Met"


def test_both_due_at_once_only_the_lead_is_told(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("relay", "A", headline="Relayed")
    Source.objects.filter(key="relay").update(trust="relay")
    says("met", "B", headline="Official")
    work()
    assert [mail.subject for mail in mails()] == ["Severe: Official"]


def test_worse_words_of_a_further_source_are_told_briefly(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    work()
    says("other", "B", severity="Extreme", headline="Hurricane-force wind")
    work()
    assert kinds() == ["opened", "updated"]
    assert "You were told of this by Met. Now Other warns of it as well: Extreme." in mails()[-1].text
    assert not_told(world) == []
    cancels("other", "B")
    work()
    assert kinds() == ["opened", "updated"]
    assert not_told(world) == ["still_warned"]


def test_not_over_while_another_source_still_warns(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    work()
    says("other", "B")
    work()
    cancels("met", "A")
    work()
    assert kinds() == ["opened", "updated"]
    assert "It is not over: Other still warns (Severe)." in mails()[-1].text
    assert mails()[-1].text.count("You need do nothing") == 0
    cancels("other", "B")
    work()
    assert kinds() == ["opened", "updated", "ended"]


def test_what_is_left_is_told_briefly_also_before_the_ended_exposure_is_closed(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    work()
    says("other", "B")
    work()
    cancels("met", "A")
    # Another worker is faster than the one that will close what ended.
    with clock.held_at(NOW):
        assert together.wake_due(jobs.everybody(), NOW, 10) == 1
        telling.tell_due(jobs.everybody(), NOW, 10)
    assert kinds() == ["opened", "updated"]
    work()
    assert kinds() == ["opened", "updated"]
    assert "It is not over: Other still warns (Severe)." in mails()[-1].text
    cancels("other", "B")
    work()
    assert kinds() == ["opened", "updated", "ended"]


def test_both_told_and_both_cancelled_at_once_is_over_once(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    work()
    says("other", "B", severity="Extreme")
    work()
    assert kinds() == ["opened", "updated"]
    cancels("met", "A")
    cancels("other", "B")
    work()
    assert kinds() == ["opened", "updated", "ended"]
    assert not_told(world) == ["same_event"]
    # What begins anew afterwards is told, and its end as well.
    says("met", "C")
    work()
    cancels("met", "C")
    work()
    assert kinds() == ["opened", "updated", "ended", "opened", "ended"]


def test_both_cancelled_at_once_is_over_once(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    work()
    says("other", "B")
    work()
    cancels("met", "A")
    cancels("other", "B")
    work()
    assert kinds() == ["opened", "ended"]


def test_the_told_one_expires_and_the_other_lasts(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("met", "A", expires="2026-11-21T10:00:00+00:00")
    work()
    says("other", "B")
    work()
    work(NOW + timedelta(hours=23))
    assert kinds() == ["opened", "updated"]
    assert "Other still warns" in mails()[-1].text
    work(NOW + timedelta(days=4))
    assert kinds() == ["opened", "updated"]


def test_updates_of_those_that_do_not_lead_are_told_when_worse_or_alone(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    work()
    says("other", "B", severity="Extreme")
    work()
    lead = Incident.objects.get().lead
    assert lead is not None
    # The worse one leads now; the first one's update says nothing worse.
    assert lead.source.key == "other"
    updates("met", "A2", "A", headline="Another headline")
    work()
    assert kinds() == ["opened", "updated"]
    assert not_told(world) == ["same_event"]
    cancels("other", "B")
    work()
    # Now it is the only one left, and its update was not told yet.
    assert kinds() == ["opened", "updated", "updated"]
    assert "Another headline" in mails()[-1].subject


def test_an_untold_source_that_turns_worse_is_told(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    work()
    says("other", "B")
    work()
    updates("other", "B2", "B", severity="Extreme")
    work()
    assert kinds() == ["opened", "updated"]
    assert "Now Other warns of it as well: Extreme." in mails()[-1].text


def test_after_a_split_the_untold_is_told_in_full(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    version = says("other", "B", headline="Another storm")
    work()
    assert kinds() == ["opened"]
    event = next(one for one in Event.objects.select_related("incident") if one.pk != one.incident.lead_id)
    incidents.split(event, by=world.alice, reason="Two storms")
    work(NOW + timedelta(minutes=1))
    assert kinds() == ["opened", "opened"]
    # Merged again: nothing is said, nothing is unsaid.
    first, second = Incident.objects.order_by("pk")
    incidents.merge(first, [second], by=world.alice, reason="One after all")
    work(NOW + timedelta(minutes=2))
    assert kinds() == ["opened", "opened"]
    assert version.event_id


def test_over_is_forgotten_by_a_third_source(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    says("other", "B")
    work()
    cancels("met", "A")
    cancels("other", "B")
    work()
    assert kinds() == ["opened", "ended"]
    later = NOW + timedelta(hours=1)
    says("third", "C", at=later)
    work(later)
    assert Incident.objects.count() == 1
    assert kinds() == ["opened", "ended", "opened"]


def test_a_mail_that_was_taken_back_makes_the_other_source_tell(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    says("other", "B")
    work(mail=False)
    assert kinds() == ["opened"]
    lead = Incident.objects.get().lead
    assert lead is not None
    cancels(lead.source.key, lead.identity_key)
    work(mail=False)
    assert kinds() == ["opened"]
    assert mails()[-1].subject.startswith("Severe")


def test_an_area_that_does_not_reach_the_trip_carries_nothing(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    # Half of Portugal's coast without Lisbon, then one with it.
    says("met", "A", polygon="39.2,-10 39.2,-8 41,-8 41,-10 39.2,-10")
    work()
    assert kinds() == []
    says("other", "B", polygon="38.5,-10 38.5,-8 40.5,-8 40.5,-10 38.5,-10")
    work()
    assert Incident.objects.count() == 1
    assert kinds() == ["opened"]


def test_who_is_newly_reached_is_told_in_full_the_others_briefly(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    trip_of(world.alice, ("Porto", "2026-11-19T10:00", "2026-11-25T10:00"))
    says("met", "A")
    work()
    assert told() == [("exposure.opened", "bob")]
    updates("met", "A2", "A", polygon="38,-10 38,-8 42,-8 42,-10 38,-10")
    work()
    assert sorted(told()[1:]) == [("exposure.opened", "alice"), ("exposure.updated", "bob")]
    brief = next(mail for mail in mails() if mail.kind.endswith("updated"))
    full = next(mail for mail in mails() if mail.kind.endswith("opened") and mail.to.startswith("alice"))
    assert "The area has become larger." in brief.text
    assert "Wind of 120 km/h." not in brief.text
    assert "Wind of 120 km/h." in full.text


def test_pages_show_one_line_for_an_incident(world: World, trip_of: TripMaker) -> None:
    trip = trip_of(world.bob, STAY)
    says("met", "A", headline="Official")
    says("other", "B", headline="Other", severity="Extreme")
    work()
    with clock.held_at(NOW):
        seat = world.seat(world.bob)
        (line,) = queries.concerning_now(seat)
        assert queries.concerning_trip(seat, trip)[0].url == line.url
        assert queries.count_of(seat) == 1
    assert line.severity == "Extreme"
    assert line.also == ("Met",)


def test_a_subscriber_is_told_once_and_not_that_it_is_over(world: World) -> None:
    with clock.held_at(NOW):
        subscribe(world.seat(world.bob), place=resolve("Lisbon"), from_severity="Moderate")
    says("met", "A")
    work()
    says("other", "B", headline="The other")
    work()
    assert told() == [("subscription", "bob")]
    cancels("met", "A")
    work()
    assert [mail.subject for mail in mails()] == ["Severe: Storm over the coast", "Update, Severe: The other"]
    cancels("other", "B")
    work()
    assert mails()[-1].subject.startswith("Over")
    assert len(mails()) == 3


def test_a_subscriber_hears_of_the_other_when_the_told_one_expires(world: World) -> None:
    with clock.held_at(NOW):
        subscribe(world.seat(world.bob), place=resolve("Lisbon"), from_severity="Moderate")
    says("met", "A", expires="2026-11-21T10:00:00+00:00")
    work()
    says("other", "B", headline="The other")
    work()
    assert len(mails()) == 1
    work(NOW + timedelta(hours=23))
    assert [mail.subject for mail in mails()][1:] == ["Update, Severe: The other"]


def test_a_subscriber_to_another_place_is_told(world: World) -> None:
    with clock.held_at(NOW):
        for place in ("Lisbon", "Porto"):
            subscribe(world.seat(world.bob), place=resolve(place), from_severity="Moderate")
    says("met", "A", polygon="38,-10 38,-8 40.5,-8 40.5,-10 38,-10")
    work()
    says("other", "B", polygon="38.9,-10 38.9,-8 42,-8 42,-10 38.9,-10")
    work()
    assert Incident.objects.count() == 1
    assert len(mails()) == 2


def test_worse_news_reaches_a_subscriber(world: World) -> None:
    with clock.held_at(NOW):
        subscribe(world.seat(world.bob), place=resolve("Lisbon"), from_severity="Moderate")
    says("met", "A")
    work()
    says("other", "B", severity="Extreme")
    work()
    assert [mail.subject.split(":")[0] for mail in mails()] == ["Severe", "Update, Extreme"]


@pytest.mark.parametrize("first", ["met", "other"])
def test_jobs_again_say_nothing_more(world: World, trip_of: TripMaker, first: str) -> None:
    trip_of(world.bob, STAY)
    for key, name in (("met", "A"), ("other", "B")) if first == "met" else (("other", "B"), ("met", "A")):
        says(key, name)
        work()
    before = len(mails())
    for minutes in range(1, 4):
        assert work(NOW + timedelta(minutes=minutes)) == 0
    assert len(mails()) == before
    assert jobs.everybody().notices.filter(told=False).count() == 1


def test_what_ended_while_the_clock_ran_ahead_keeps_nobody_busy(world: World) -> None:
    says("met", "A")
    says("other", "B")
    ahead = Event.objects.filter(keys__key="A")
    ahead.update(state=Event.State.ENDED, ended_at=NOW + timedelta(days=1))
    work()
    work(NOW + timedelta(minutes=1))
