"""One incident for what several sources tell: placing in batches, who leads, merging and splitting by hand."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from safeconduct.alerts import incidents
from safeconduct.alerts.actions import Applied
from safeconduct.alerts.models import Event, Incident
from safeconduct.audit.models import Entry
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from tests.conftest import World, make_user

from .messages import NOW, message, put, put_quake, quake, triple

pytestmark = pytest.mark.django_db


def source(key: str, **changes: Any) -> Source:
    """Return a CAP source of its own."""
    return Source.objects.create(key=key, name=key.upper(), format="cap", **changes)


def placed(*applied: Applied) -> None:
    """Place what was applied, as one batch."""
    incidents.place_all([one.version for one in applied], at=NOW)


def count() -> int:
    """Return how many incidents there are."""
    return Incident.objects.count()


def flood(identifier: str, **changes: Any) -> bytes:
    """Return a warning of wind, which the table joins by area."""
    return message(identifier, **{"sender": f"{identifier.lower()}@example.org", **changes})


def test_the_same_storm_of_two_sources_is_one_incident_and_official_leads() -> None:
    relay = put(flood("A"), source=source("relay", trust="relay"))
    placed(relay)
    assert count() == 1
    official = put(flood("B", sent="2026-11-20T11:00:00+00:00"), source=source("office"))
    placed(official)
    incident = Incident.objects.get()
    assert incident.lead == official.version.event
    assert [event.source.key for event in incidents.siblings(official.version.event)] == ["relay"]


def test_both_in_one_batch() -> None:
    placed(put(flood("A"), source=source("one")), put(flood("B"), source=source("two")))
    assert count() == 1


def test_elsewhere_or_later_or_another_kind_stays_apart() -> None:
    placed(put(flood("A"), source=source("one")))
    placed(put(flood("B", polygon="50,0 50,2 52,2 52,0 50,0"), source=source("two")))
    placed(
        put(
            flood("C", sent="2026-11-23T10:00:00+00:00", expires="2026-11-24T10:00:00+00:00"),
            source=source("three"),
        )
    )
    placed(put(flood("D", status="Exercise"), source=source("four")))
    placed(put(flood("E", severity="Minor"), source=source("five")))
    placed(put(flood("F", polygon=""), source=source("six", country_code="PT")))
    assert count() == 6


def test_two_warnings_of_one_source_stay_two() -> None:
    one = source("one")
    placed(put(flood("A"), source=one), put(flood("B"), source=one))
    assert count() == 2
    placed(put(flood("C"), source=source("two")))
    assert count() == 2


def test_an_ended_lead_hands_over() -> None:
    first = put(flood("A"), source=source("one"))
    second = put(
        flood("B", sent="2026-11-20T10:30:00+00:00", expires="2026-11-23T10:00:00+00:00"),
        source=source("two"),
    )
    placed(first, second)
    assert Incident.objects.get().lead == first.version.event
    assert incidents.hand_over_due() == 0
    Event.objects.filter(pk=first.version.event_id).update(state="ended", ended_at=NOW)
    assert incidents.hand_over_due() == 1
    assert Incident.objects.get().lead == second.version.event
    assert incidents.hand_over_due() == 0


def test_a_cancel_hands_over_at_once() -> None:
    first, second = put(flood("A"), source=source("one")), put(flood("B"), source=source("two"))
    placed(first, second)
    lead = Incident.objects.get().lead
    assert lead is not None
    name = lead.identity_key
    own = Source.objects.get(pk=lead.source_id)
    cancel = flood(
        "X", sender=f"{name.lower()}@example.org", msg_type="Cancel",
        references=triple(name, sender=f"{name.lower()}@example.org"), sent="2026-11-20T11:00:00+00:00",
    )  # fmt: skip
    placed(put(cancel, source=own))
    incident = Incident.objects.get()
    assert incident.lead is not None
    assert incident.lead.identity_key != name


def test_what_moved_away_altogether_leaves() -> None:
    first, second = put(flood("A"), source=source("one")), put(flood("B"), source=source("two"))
    placed(first, second)
    moved = flood(
        "B2", sender="b@example.org", msg_type="Update", references=triple("B", sender="b@example.org"),
        sent="2026-11-20T11:00:00+00:00", polygon="50,0 50,2 52,2 52,0 50,0",
    )  # fmt: skip
    placed(put(moved, source=Source.objects.get(key="two")))
    assert count() == 2
    assert {incident.events.count() for incident in Incident.objects.all()} == {1}


def test_by_hand_stays_by_hand(world: World) -> None:
    olga = make_user("olga2@example.org", "Olga", "Two")
    first, second = put(flood("A"), source=source("one")), put(flood("B"), source=source("two"))
    placed(first, second)
    event = Event.objects.get(pk=second.version.event_id)
    with pytest.raises(Refused):
        incidents.split(event, by=olga, reason="  ")
    alone = incidents.split(event, by=olga, reason="Another storm")
    assert count() == 2
    assert alone.lead == event
    placed(first, second)
    placed(put(flood("C"), source=source("three")))
    assert count() == 2
    assert [row.source.key for row in alone.events.all()] == ["two"]
    with pytest.raises(Refused):
        incidents.split(event, by=olga, reason="again")
    target = Incident.objects.exclude(pk=alone.pk).get()
    incidents.merge(target, [alone], by=olga, reason="The same after all")
    assert count() == 1
    assert target.events.count() == 3
    assert {entry.action for entry in Entry.objects.filter(actor_id=olga.pk)} == {
        "incident.split",
        "incident.merged",
    }
    with pytest.raises(Refused):
        incidents.merge(target, [alone], by=olga, reason="once more")


def test_an_exercise_is_never_merged_with_an_actual_event(world: World) -> None:
    actual, exercise = (
        put(flood("A"), source=source("one")),
        put(flood("B", status="Exercise"), source=source("two")),
    )
    with pytest.raises(Refused, match="exercise"):
        incidents.merge(
            actual.version.event.incident, [exercise.version.event.incident], by=world.alice, reason="test"
        )


def test_many_quakes_in_one_batch_take_few_questions() -> None:
    found = [
        put_quake(quake(f"us{number}", time=_ms(number), coordinates=[number % 170, 10, 10.0]))
        for number in range(60)
    ]
    with CaptureQueriesContext(connection) as few:
        placed(*found[:5])
    with CaptureQueriesContext(connection) as many:
        placed(*found)
    assert len(many) <= len(few) + 2
    assert count() == 60


def _ms(number: int) -> int:
    return int((NOW - timedelta(minutes=2 * number)).timestamp() * 1000)


def test_events_prints_one_row_for_an_incident() -> None:
    first = put(flood("A"), source=source("one"))
    second = put(flood("B", severity="Extreme"), source=source("two"))
    alone = put(flood("C", polygon="50,0 50,2 52,2 52,0 50,0"), source=source("three"))
    placed(first, second, alone)
    cancel = flood(
        "C2", sender="c@example.org", msg_type="Cancel", references=triple("C", sender="c@example.org")
    )
    placed(put(cancel, source=Source.objects.get(key="three")))
    with clock.held_at(NOW):
        rows = run("events", "--active")
    assert len(rows) == 1
    (row,) = rows
    assert (row["type"], row["state"], row["severity"], row["lead"]) == ("storm", "active", "Extreme", "two")
    assert (row["sources"], row["countries"]) == (["two", "one"], ["PT"])
    assert [event["source"] for event in row["events"]] == ["two", "one"]
    assert row["events"][1]["ends_at"] == "2026-11-22T10:00:00Z"
    every = run("events")
    assert [one["state"] for one in every if one["sources"] == ["three"]] == ["cancelled"]
    assert {event["ended_reason"] for one in every for event in one["events"]} == {"", "cancelled"}


def run(*arguments: str) -> Any:
    """Return what a command prints as JSON."""
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())
