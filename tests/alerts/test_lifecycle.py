"""From the first message to the end of an event: updates, cancels, and references as they really are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from safeconduct.alerts import actions
from safeconduct.alerts.actions import Outcome
from safeconduct.alerts.formats import cap
from safeconduct.alerts.ingest import read_document
from safeconduct.alerts.jobs import end_due
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.alerts.queries import active_versions, reaches_travellers, version_page
from safeconduct.alerts.writing import Draft
from safeconduct.audit.models import Entry
from safeconduct.feeds.actions import by_hand, keep_document
from safeconduct.feeds.models import DEMONSTRATION, Rejection, Source
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound
from safeconduct.ops.jobs import all_jobs

from .messages import NOW, message, put, put_quake, quake, triple

pytestmark = pytest.mark.django_db
LATER = "2026-11-20T11:00:00+00:00"


def test_a_first_message_opens_an_event_with_its_area() -> None:
    done = put(message("A"))
    version = done.version
    assert done.outcome == Outcome.NEW
    assert version.event.is_active and version.is_current
    assert version.impact_origin == "given"
    assert (version.west, version.south, version.east, version.north) == (-10, 38, -8, 40)
    assert "PT" in version.countries
    assert version.ends_at.isoformat() == "2026-11-22T10:00:00+00:00"
    assert Entry.objects.filter(action="alert.new", subject_id=version.public_id).count() == 1


def test_the_same_message_again_changes_nothing() -> None:
    put(message("A"))
    again = put(message("A"))
    assert again.outcome == Outcome.UNCHANGED
    assert AlertVersion.objects.count() == 1


def test_an_update_becomes_current_and_the_first_version_stays() -> None:
    first = put(message("A")).version
    update = put(message("B", msg_type="Update", references=triple("A"), sent=LATER, severity="Extreme"))
    assert update.outcome == Outcome.UPDATED
    event = Event.objects.get()
    assert event.current_version == update.version
    assert [v.number for v in event.versions.all()] == [1, 2]
    first.refresh_from_db()
    assert first.severity == "Severe"


def test_a_cancel_ends_the_event() -> None:
    put(message("A"))
    done = put(message("C", msg_type="Cancel", references=triple("A"), sent=LATER))
    event = Event.objects.get()
    assert done.outcome == Outcome.CANCELLED
    assert (event.state, event.ended_reason) == ("cancelled", "cancelled")
    assert event.ended_at == NOW
    assert not active_versions(NOW).exists()


@pytest.mark.parametrize("changes", [{"response": "AllClear"}, {"urgency": "Past"}])
def test_an_all_clear_ends_the_event(changes: dict[str, str]) -> None:
    put(message("A"))
    put(message("B", msg_type="Update", references=triple("A"), sent=LATER, **changes))
    event = Event.objects.get()
    assert (event.state, event.ended_reason) == ("ended", "all_clear")


def test_a_reference_with_another_time_still_finds_the_event() -> None:
    put(message("A"))
    put(message("B", msg_type="Update", references=triple("A", "2020-01-01T00:00:00Z"), sent=LATER))
    assert Event.objects.count() == 1


def test_an_update_of_an_unknown_message_opens_an_event_and_the_late_first_one_joins_it() -> None:
    update = put(message("B", msg_type="Update", references=triple("A"), sent=LATER))
    assert update.outcome == Outcome.NEW
    late = put(message("A"))
    assert late.outcome == Outcome.UNCHANGED
    event = Event.objects.get()
    assert event.current_version == update.version
    assert event.versions.count() == 2


def test_a_cancel_that_arrives_first_keeps_the_alert_from_being_told() -> None:
    put(message("C", msg_type="Cancel", references=triple("A"), sent=LATER))
    put(message("A"))
    assert Event.objects.get().state == "cancelled"
    assert not active_versions(NOW).exists()


def test_an_update_out_of_order_does_not_become_current() -> None:
    put(message("A"))
    third = put(message("C", msg_type="Update", references=triple("A"), sent="2026-11-20T11:30:00Z"))
    late = put(message("B", msg_type="Update", references=triple("A"), sent=LATER))
    assert late.outcome == Outcome.UNCHANGED
    assert Event.objects.get().current_version == third.version
    assert AlertVersion.objects.count() == 3


def test_two_messages_that_refer_to_each_other_are_one_event() -> None:
    put(message("A", msg_type="Update", references=triple("B")))
    put(message("B", msg_type="Update", references=triple("A"), sent=LATER))
    event = Event.objects.get()
    assert event.versions.count() == 2
    assert event.current_version is not None and event.current_version.identifier == "B"


def test_a_message_that_refers_to_itself_with_new_content_is_an_update() -> None:
    put(message("A"))
    done = put(message("A", msg_type="Update", references=triple("A"), headline="The last word"))
    assert done.outcome == Outcome.UPDATED
    event = Event.objects.get()
    assert event.current_version == done.version


def test_the_same_identifier_with_other_content_is_an_update() -> None:
    put(message("A"))
    done = put(message("A", headline="Worse than thought", sent=LATER))
    assert done.outcome == Outcome.UPDATED
    assert Event.objects.count() == 1


def test_a_message_that_cancels_two_events_ends_both() -> None:
    put(message("A"))
    put(message("B", headline="Storm over the hills"))
    put(message("C", msg_type="Cancel", references=f"{triple('A')} {triple('B')}", sent=LATER))
    assert [event.state for event in Event.objects.all()] == ["cancelled", "cancelled"]


def test_an_update_of_two_events_continues_the_first() -> None:
    put(message("A"))
    put(message("B", headline="Storm over the hills"))
    put(message("C", msg_type="Update", references=f"{triple('A')} {triple('B')}", sent=LATER))
    first, second = Event.objects.order_by("pk")
    assert first.is_active and first.versions.count() == 2
    assert (second.state, second.ended_reason) == ("superseded", "replaced")


def test_the_same_identifier_of_another_sender_is_another_event() -> None:
    put(message("1"))
    done = put(message("1", sender="police@example.net", headline="Road closed"))
    assert done.outcome == Outcome.NEW
    assert Event.objects.count() == 2


def test_a_foreign_message_cannot_cancel_by_naming_itself_in_the_reference() -> None:
    put(message("A"))
    put(
        message(
            "X",
            msg_type="Cancel",
            sender="other@example.net",
            references=triple("A", sender="other@example.net"),
            sent=LATER,
        )
    )
    assert Event.objects.get(identity_key="A").is_active


def test_a_foreign_message_cannot_cancel_what_it_refers_to_correctly() -> None:
    put(message("A"))
    put(message("X", msg_type="Cancel", sender="other@example.net", references=triple("A"), sent=LATER))
    assert Event.objects.get(identity_key="A").is_active


def test_a_foreign_cancel_that_comes_first_does_not_silence_the_alert() -> None:
    put(message("X", msg_type="Cancel", sender="other@example.net", references=triple("A"), sent=LATER))
    assert put(message("A")).outcome == Outcome.NEW
    assert Event.objects.get(identity_key="A").is_active


def test_a_reference_with_a_misspelt_sender_still_finds_its_own_event() -> None:
    put(message("A"))
    put(message("C", msg_type="Cancel", references=triple("A", sender="typo@example.org"), sent=LATER))
    assert Event.objects.get(identity_key="A").state == "cancelled"


def test_another_source_cannot_end_it() -> None:
    put(message("A"))
    other = Source.objects.create(key="other", name="Other", format="cap")
    put(message("C", msg_type="Cancel", references=triple("A"), sent=LATER), source=other)
    assert Event.objects.get(source=by_hand("cap")).is_active


@pytest.mark.parametrize("status", ["Test", "Exercise", "System", "Draft"])
def test_a_test_neither_reaches_travellers_nor_touches_the_actual_event(status: str) -> None:
    put(message("A"))
    done = put(message("C", msg_type="Cancel", references=triple("A"), sent=LATER, status=status))
    assert Event.objects.get(status="Actual").is_active
    assert not reaches_travellers(done.version)
    shown = put(message("T", status=status)).version
    assert shown.event.is_active and shown not in active_versions(NOW)


def test_severity_below_the_floor_of_a_source_is_not_told() -> None:
    source = Source.objects.create(key="s", name="S", format="cap", severity_floor="Severe")
    minor = put(message("A", severity="Minor"), source=source).version
    unknown = put(message("B", severity="Unknown"), source=source).version
    severe = put(message("C"), source=source).version
    assert [reaches_travellers(v) for v in (minor, unknown, severe)] == [False, True, True]
    assert set(active_versions(NOW)) == {unknown, severe}


def test_an_event_ends_when_its_time_has_passed_and_a_longer_update_reopens_it() -> None:
    put(message("A", expires="2026-11-20T13:00:00Z"))
    with clock.held_at(NOW):
        assert end_due() == 0
    with clock.held_at(NOW + timedelta(hours=1, seconds=1)):
        assert end_due() == 1
        assert end_due() == 0
    event = Event.objects.get()
    assert (event.state, event.ended_reason) == ("ended", "expired")
    put(message("B", msg_type="Update", references=triple("A"), sent="2026-11-20T14:00:00Z"))
    assert Event.objects.get().is_active


def test_what_had_expired_before_it_came_is_kept_but_not_active() -> None:
    done = put(message("A", expires="2026-11-20T11:00:00Z"))
    assert done.outcome == Outcome.NEW
    assert done.version.event.state == "ended"


def test_a_message_without_expiry_is_believed_for_seven_days() -> None:
    version = put(message("A", expires="")).version
    assert version.ends_at - version.sent_at == timedelta(days=7)


def test_a_message_that_expires_before_its_onset_is_believed_for_a_day_from_the_onset() -> None:
    data = message("A", expires="2026-11-20T09:00:00Z")
    version = put(data).version
    assert version.ends_at - version.onset_at == timedelta(hours=24)  # type: ignore[operator]


def test_a_version_is_never_changed() -> None:
    put(message("A"))
    with pytest.raises(TypeError):
        AlertVersion.objects.update(severity="Minor")
    with pytest.raises(TypeError):
        AlertVersion.objects.filter(severity="Severe").update(severity="Minor")
    version = AlertVersion.objects.get()
    version.severity = "Minor"
    for fields in (None, ["severity"]):
        with pytest.raises(TypeError), transaction.atomic():
            version.save(update_fields=fields)
    with pytest.raises(TypeError):
        AlertVersion.objects.all().delete()
    assert AlertVersion.objects.get().severity == "Severe"


def test_an_earthquake_is_known_by_all_its_ids_and_newest_wins() -> None:
    first = put_quake(quake("ci1", ids=",ci1,")).version
    assert first.impact_origin == "derived" and first.ends_at == NOW + timedelta(days=2, hours=-1)
    again = put_quake(quake("us7", ids=",us7,ci1,", mag=6.6, updated=int(NOW.timestamp() * 1000) + 60_000))
    assert again.outcome == Outcome.UPDATED and again.version.msg_type == "Update"
    assert Event.objects.count() == 1
    late = put_quake(quake("ci1", ids=",ci1,", mag=6.2, updated=int(NOW.timestamp() * 1000) - 60_000))
    assert late.outcome == Outcome.UNCHANGED
    assert Event.objects.get().current_version == again.version


def test_a_deleted_earthquake_is_cancelled() -> None:
    put_quake(quake("us1"))
    done = put_quake(quake("us1", status="deleted", updated=int(NOW.timestamp() * 1000) + 1))
    assert done.outcome == Outcome.CANCELLED
    assert Event.objects.get().state == "cancelled"


def test_two_workers_that_read_the_same_message_at_once_open_one_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(message("A"))
    real, calls = actions._known_events, []

    def late(draft: Draft) -> list[Event]:
        calls.append(draft.alert.identifier)
        return [] if len(calls) == 1 else real(draft)

    monkeypatch.setattr(actions, "_known_events", late)
    done = put(message("A", headline="Read by the other worker", sent=LATER))
    assert calls == ["A", "A"]
    assert done.outcome == Outcome.UPDATED
    assert Event.objects.count() == 1


def test_in_a_demo_folder_only_the_shipped_exercise_is_told(settings: Any) -> None:
    settings.SAFECONDUCT_DEMO_FOLDER = True
    shipped = Source.objects.create(key=DEMONSTRATION, name="Exercise", format="cap")
    told = put(message("shipped", status="Exercise"), source=shipped).version
    other = put(message("other", status="Exercise")).version
    assert reaches_travellers(told) and not reaches_travellers(other)
    assert list(active_versions(NOW)) == [told]
    settings.SAFECONDUCT_DEMO_FOLDER = False
    assert not reaches_travellers(told) and not active_versions(NOW)


def test_what_was_said_before_and_is_said_again_is_current_again() -> None:
    """One identifier with contents A, B, A: the last one holds, where it was not sent before the current one."""
    first = message("A")
    put(first)
    put(message("A", headline="Worse than thought"))
    again = put(first)
    event = Event.objects.get()
    assert again.outcome == Outcome.UPDATED and event.current_version == again.version
    assert [version.number for version in event.versions.all()] == [1, 2, 3]
    assert put(first).outcome == Outcome.UNCHANGED


def test_what_was_sent_before_the_current_words_is_not_current_again() -> None:
    put(message("A"))
    second = put(message("A", headline="Worse than thought", sent=LATER))
    assert put(message("A")).outcome == Outcome.UNCHANGED
    assert Event.objects.get().current_version == second.version
    assert AlertVersion.objects.count() == 2


def test_a_document_that_carries_both_wordings_does_not_swing_between_them() -> None:
    one, other = message("A"), message("A", headline="In other words")
    alerts = [*cap.parse(one).alerts, *cap.parse(other).alerts]
    document = keep_document(one, origin="test", received_at=NOW)
    for _ in range(3):
        actions.apply_all(alerts, source=by_hand("cap"), document=document, received_at=NOW)
    assert AlertVersion.objects.count() == 2


def test_a_message_from_the_future_is_kept_and_the_next_honest_one_wins() -> None:
    future = put(message("A", sent="2031-01-01T00:00:00Z", expires=""))
    assert future.version.sent_at == NOW
    assert (
        "sent 2031-01-01T00:00:00+00:00, in the future: the time of receipt stands in" in future.version.notes
    )
    honest = put(
        message("B", msg_type="Update", references=triple("A"), sent="2026-11-20T12:05:00Z"),
        at=NOW + timedelta(minutes=6),
    )
    assert honest.outcome == Outcome.UPDATED
    assert Event.objects.get().current_version == honest.version


def _from_the_future(**more: str) -> bytes:
    return message("F", msg_type="Update", sent="2031-01-01T00:00:00Z", references=triple("A"), **more)


def test_an_honest_message_that_is_received_after_one_from_the_future_wins_though_it_was_sent_before() -> (
    None
):
    put(message("A"))
    assert put(_from_the_future(), at=NOW + timedelta(minutes=5)).outcome == Outcome.UPDATED
    sent_before = message("B", msg_type="Update", references=triple("A"), sent="2026-11-20T11:50:00Z")
    honest = put(sent_before, at=NOW + timedelta(minutes=10))
    assert honest.outcome == Outcome.UPDATED
    assert Event.objects.get().current_version == honest.version
    # Among honest ones the time of sending decides as ever.
    late = message("L", msg_type="Update", references=triple("A"), sent="2026-11-20T11:30:00Z")
    assert put(late, at=NOW + timedelta(minutes=11)).outcome == Outcome.UNCHANGED


def test_what_a_message_from_the_future_refers_to_stays_outdated() -> None:
    update = message("F", msg_type="Update", sent="2031-01-01T00:00:00Z", references=triple("A"))
    put(update)
    assert put(message("A"), at=NOW + timedelta(minutes=5)).outcome == Outcome.UNCHANGED
    assert Event.objects.get().current_version.identifier == "F"  # type: ignore[union-attr]


@pytest.mark.parametrize("is_turned", [False, True])
def test_in_one_document_the_honest_message_wins_in_either_order(is_turned: bool) -> None:
    put(message("A"))
    honest = message("B", msg_type="Update", references=triple("A"), sent="2026-11-20T11:50:00Z")
    messages = [_from_the_future(headline="When?"), honest]
    entries = b"".join(
        b"<entry><content>" + one.partition(b"?>")[2] + b"</content></entry>"
        for one in (reversed(messages) if is_turned else messages)
    )
    feed = b'<feed xmlns="http://www.w3.org/2005/Atom">' + entries + b"</feed>"
    at = NOW + timedelta(minutes=5)
    read_document(keep_document(feed, origin="t", received_at=at), source=by_hand("cap"), at=at)
    assert Event.objects.get().current_version.identifier == "B"  # type: ignore[union-attr]


def test_an_event_told_from_the_future_is_cancelled_along_with_another() -> None:
    put(message("A", sent="2031-01-01T00:00:00Z"))
    put(message("B", headline="Another", sent="2026-11-20T11:00:00Z"))
    both = f"{triple('B')} {triple('A')}"
    put(
        message("C", msg_type="Cancel", references=both, sent="2026-11-20T11:55:00Z"),
        at=NOW + timedelta(minutes=2),
    )
    assert not Event.objects.filter(state="active").exists()


def test_a_clock_that_is_hours_fast_is_believed() -> None:
    assert (
        put(message("A", sent="2026-11-21T05:00:00Z")).version.sent_at.isoformat()
        == "2026-11-21T05:00:00+00:00"
    )


def test_an_end_years_ahead_is_kept_with_a_note() -> None:
    version = put(message("A", expires="2031-01-01T00:00:00Z")).version
    assert version.ends_at.year == 2031
    assert "names an end more than a year ahead" in version.notes
    assert put(message("B", headline="x")).version.notes == []


@pytest.mark.parametrize(
    ("trust", "state"),
    [(Source.Trust.OFFICIAL, "cancelled"), (Source.Trust.RELAY, "active"), (Source.Trust.OTHER, "active")],
)
def test_a_cancel_without_sender_is_believed_only_where_one_authority_speaks(trust: str, state: str) -> None:
    source = Source.objects.create(key="s", name="S", format="cap", trust=trust)
    put(message("A"), source=source)
    put(message("C", msg_type="Cancel", sender="", references=triple("A"), sent=LATER), source=source)
    assert Event.objects.get(identity_key="A").state == state


def test_in_a_relay_a_cancel_without_sender_ends_what_had_no_sender() -> None:
    source = Source.objects.create(key="s", name="S", format="cap", trust=Source.Trust.RELAY)
    put(message("A", sender=""), source=source)
    put(
        message("C", msg_type="Cancel", sender="", references=triple("A", sender=""), sent=LATER),
        source=source,
    )
    assert Event.objects.get(identity_key="A").state == "cancelled"


@pytest.mark.parametrize(
    ("scope", "format", "is_told"),
    [
        ("Public", "cap", True), ("", "cap", True), ("Restricted", "cap", False), ("Private", "cap", False),
        ("Private", "meteoalarm", True), ("Restricted", "meteoalarm", False),
    ],
)  # fmt: skip
def test_only_what_is_public_reaches_travellers(scope: str, format: str, is_told: bool) -> None:
    source = Source.objects.create(key="s", name="S", format=format)
    data = message("A").replace(
        b"<scope>Public</scope>", f"<scope>{scope}</scope>".encode() if scope else b""
    )
    version = put(data, source=source).version
    assert reaches_travellers(version) is is_told
    assert (version in active_versions(NOW)) is is_told
    if is_told:
        assert version_page(version.public_id) == version
    else:
        with pytest.raises(NotFound):
            version_page(version.public_id)


def test_the_operator_sees_that_a_restricted_message_is_not_told() -> None:
    data = message("A").replace(b"Public", b"Restricted")
    report = read_document(keep_document(data, origin="t", received_at=NOW), source=by_hand("cap"), at=NOW)
    assert report.counts[Outcome.NEW] == 1
    assert [row.problem for row in Rejection.objects.all()] == ["scope Restricted: kept, and told to nobody"]


def test_however_many_end_at_once_none_is_active_after_one_run() -> None:
    alerts = [
        cap.parse(message(f"A{number}", headline=f"Storm {number}", expires="2026-11-20T13:00:00Z")).alerts[0]
        for number in range(45)
    ]
    document = keep_document(b"x", origin="test", received_at=NOW)
    actions.apply_all(alerts, source=by_hand("cap"), document=document, received_at=NOW)
    assert Event.objects.filter(state="active").count() == 45
    with clock.held_at(NOW + timedelta(hours=1)):
        assert end_due(limit=10) == 45
    assert set(Event.objects.values_list("state", "ended_reason")) == {("ended", "expired")}
    assert Entry.objects.filter(action="alert.ended").count() == 45


def test_ends_are_looked_at_more_often_than_once_a_minute() -> None:
    job = next(job for job in all_jobs() if job.code == "alerts.end")
    assert job.rest_seconds <= 30
