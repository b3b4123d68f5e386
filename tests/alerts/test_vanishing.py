"""A list ends what it no longer names: twice in a row, never by a fault, never by silence."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from safeconduct.alerts import jobs, vanishing
from safeconduct.alerts.actions import Outcome
from safeconduct.alerts.ingest import Report, read_document
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.audit.models import Entry
from safeconduct.feeds.actions import keep_document
from safeconduct.feeds.models import Fetch, Source
from safeconduct.lib import clock, http
from safeconduct.lib.errors import Refused, Temporary

from .messages import NOW, quake, summary

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def source() -> Source:
    return Source.objects.create(
        key="quakes", name="Quakes", format="usgs", url="https://quakes.example.org/day", is_enabled=True,
        lists_all=True, window_seconds=86_400, due_at=NOW,
    )  # fmt: skip


def read(source: Source, *features: dict[str, Any], minute: int = 0) -> Report:
    """Read a list that came some minutes after NOW, and keep its fetch."""
    at = NOW + minute * MINUTE
    document = keep_document(summary(*features), origin="test", received_at=at)
    with clock.held_at(at):
        report = read_document(document, source=source, at=at)
    Fetch.objects.create(
        source=source, started_at=at, finished_at=at, outcome=Fetch.Outcome.NEW, document=document,
        read_count=len(features),
    )  # fmt: skip
    Source.objects.filter(pk=source.pk).update(last_count=len(features))
    source.refresh_from_db()
    return report


def quakes(count: int) -> list[dict[str, Any]]:
    return [quake(f"us{number}") for number in range(count)]


def states() -> dict[str, str]:
    return dict(Event.objects.values_list("identity_key", "state"))


def test_an_event_missing_from_two_lists_in_a_row_has_vanished(source: Source) -> None:
    read(source, quake("us1"), quake("us2"))
    read(source, quake("us2"), minute=1)
    assert states() == {"us1": "active", "us2": "active"}
    missing = Event.objects.get(identity_key="us1")
    assert (missing.missing_polls, missing.missing_since) == (1, NOW + MINUTE)
    read(source, quake("us2"), minute=2)
    gone = Event.objects.get(identity_key="us1")
    assert (gone.state, gone.ended_reason, gone.ended_at) == ("vanished", "vanished", NOW + 2 * MINUTE)
    assert states()["us2"] == "active"
    assert Entry.objects.filter(action="alert.vanished", subject_id=gone.public_id).count() == 1


def test_an_event_that_is_back_in_time_is_counted_anew(source: Source) -> None:
    read(source, quake("us1"), quake("us2"))
    read(source, quake("us2"), minute=1)
    read(source, quake("us1"), quake("us2"), minute=2)
    back = Event.objects.get(identity_key="us1")
    assert (back.missing_polls, back.missing_since) == (0, None)
    read(source, quake("us2"), minute=3)
    assert states()["us1"] == "active"


def test_a_vanished_event_that_is_listed_again_is_active_again(source: Source) -> None:
    read(source, quake("us1"), quake("us2"))
    for minute in (1, 2):
        read(source, quake("us2"), minute=minute)
    assert states()["us1"] == "vanished"
    report = read(source, quake("us1"), quake("us2"), minute=3)
    back = Event.objects.get(identity_key="us1")
    assert (back.state, back.ended_at, back.ended_reason, back.missing_polls) == ("active", None, "", 0)
    assert [version.number for version in back.versions.all()] == [1, 2]
    assert back.current_version is not None and back.current_version.number == 2
    assert report.counts[Outcome.UPDATED] == 1 and report.counts[Outcome.UNCHANGED] == 1
    assert read(source, quake("us1"), quake("us2"), minute=4).counts[Outcome.UNCHANGED] == 2


def test_what_is_older_than_the_window_leaves_the_list_quietly(source: Source) -> None:
    before = int((NOW - timedelta(hours=25)).timestamp() * 1000)
    read(source, quake("old", time=before), quake("us2"))
    for minute in (1, 2, 3):
        read(source, quake("us2"), minute=minute)
    assert states()["old"] == "active"
    assert Event.objects.get(identity_key="old").missing_polls == 0


def test_a_source_that_does_not_list_all_ends_nothing(source: Source) -> None:
    Source.objects.filter(pk=source.pk).update(lists_all=False)
    source.refresh_from_db()
    read(source, quake("us1"), quake("us2"))
    for minute in (1, 2, 3):
        read(source, quake("us2"), minute=minute)
    assert states()["us1"] == "active"


def test_an_entry_that_was_refused_is_still_listed(source: Source) -> None:
    read(source, quake("us1"), quake("us2"))
    broken = quake("us1", mag=7)
    broken["geometry"] = None
    for minute in (1, 2, 3):
        assert read(source, broken, quake("us2"), minute=minute).rejected
    assert states()["us1"] == "active"


def test_a_suddenly_empty_list_is_believed_after_six(source: Source) -> None:
    read(source, quake("us1"))
    notes = [read(source, minute=minute).note for minute in range(1, 7)]
    assert notes[0] == "the list is suddenly empty: nothing concluded yet (1 of 6)"
    assert notes[4] == "the list is suddenly empty: nothing concluded yet (5 of 6)"
    assert notes[5] == "the list is suddenly empty: believed after 6 lists"
    assert states() == {"us1": "vanished"}


def test_a_list_without_most_of_ten_events_is_believed_after_six(source: Source) -> None:
    many = quakes(12)
    read(source, *many)
    notes = [read(source, *many[:5], minute=minute).note for minute in range(1, 6)]
    assert notes[0] == "7 of 12 active alerts are suddenly gone: nothing concluded yet (1 of 6)"
    assert set(states().values()) == {"active"}
    read(source, *many[:5], minute=6)
    assert list(states().values()).count("vanished") == 7


def test_a_list_of_half_the_entries_is_odd_even_when_few_are_active(source: Source) -> None:
    ended = [quake(f"old{number}", time=0) for number in range(12)]
    read(source, *ended, quake("us1"))
    note = read(source, *ended[:3], minute=1).note
    assert note == "the list has 3 entries after 13: nothing concluded yet (1 of 6)"
    read(source, *ended[:3], minute=2)
    assert Event.objects.get(identity_key="us1").state == "active"


def test_a_page_or_half_a_document_concludes_nothing(source: Source) -> None:
    read(source, quake("us1"), quake("us2"))
    read(source, quake("us2"), minute=1)
    whole = summary(quake("us2"))
    for body in (b"<html><body>Log in</body></html>", whole[: len(whole) // 2], b"", b"{}"):
        document = keep_document(body, origin="test", received_at=NOW)
        with pytest.raises(Refused):
            read_document(document, source=source, at=NOW + 2 * MINUTE)
    missing = Event.objects.get(identity_key="us1")
    assert (missing.state, missing.missing_polls) == ("active", 1)


def test_unchanged_is_the_last_list_again(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    read(source, quake("us1"), quake("us2"))
    read(source, quake("us2"), minute=1)
    _answers(monkeypatch, 304)
    with clock.held_at(NOW + 2 * MINUTE):
        jobs.poll(source)
    assert source.fetches.order_by("-pk")[0].outcome == Fetch.Outcome.UNCHANGED
    assert states()["us1"] == "vanished"


def test_unchanged_after_a_refused_document_concludes_nothing(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(source, quake("us1"), quake("us2"))
    read(source, quake("us2"), minute=1)
    page = keep_document(b"<html>", origin="test", received_at=NOW)
    Fetch.objects.create(
        source=source, started_at=NOW + MINUTE * 1.5, outcome=Fetch.Outcome.REFUSED, document=page
    )
    _answers(monkeypatch, 304)
    with clock.held_at(NOW + 2 * MINUTE):
        jobs.poll(source)
    assert states()["us1"] == "active"


def test_the_note_stands_on_the_fetch(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    read(source, quake("us1"))
    _answers(monkeypatch, 200, summary())
    with clock.held_at(NOW + MINUTE):
        jobs.poll(source)
    row = source.fetches.order_by("-pk")[0]
    assert row.note == "the list is suddenly empty: nothing concluded yet (1 of 6)"


def test_a_source_that_is_dead_for_days_neither_ends_nor_prolongs(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(source, quake("us1"))
    ends_at = Event.objects.get().ends_at
    assert ends_at is not None

    def dead(*_: object, **__: object) -> http.Answer:
        raise Temporary("no answer")

    monkeypatch.setattr(http, "get", dead)
    for hours in (1, 24):
        with clock.held_at(NOW + timedelta(hours=hours)):
            jobs.poll(source)
            jobs.end_due()
        assert states() == {"us1": "active"}
    with clock.held_at(ends_at + timedelta(seconds=1)):
        jobs.poll(source)
        assert jobs.end_due() == 1
    event = Event.objects.get()
    assert (event.state, event.ended_reason) == ("ended", "expired")


def test_a_single_message_is_no_list(source: Source) -> None:
    read(source, quake("us1"))
    parsed_alone = keep_document(json.dumps(quake("us2")).encode(), origin="test", received_at=NOW)
    for minute in (1, 2, 3):
        read_document(parsed_alone, source=source, at=NOW + minute * MINUTE)
    assert states()["us1"] == "active"
    assert AlertVersion.objects.count() == 2


def test_with_nothing_missing_unchanged_costs_one_question(
    source: Source, django_assert_num_queries: Any
) -> None:
    read(source, quake("us1"))
    with django_assert_num_queries(1):
        assert vanishing.conclude_unchanged(source, NOW) == vanishing.Note()


def _answers(monkeypatch: pytest.MonkeyPatch, status: int, body: bytes = b"") -> None:
    answer = http.Answer("https://quakes.example.org/day", status, body, "application/json", "", "")
    monkeypatch.setattr(http, "get", lambda *_, **__: answer)
