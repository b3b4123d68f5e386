"""From the first message to the end of an event: updates, cancels, and references as they really are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from safeconduct.alerts import actions
from safeconduct.alerts.actions import Outcome
from safeconduct.alerts.jobs import end_due
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.alerts.parsed import ParsedAlert
from safeconduct.alerts.queries import active_versions, reaches_travellers
from safeconduct.audit.models import Entry
from safeconduct.feeds.actions import by_hand
from safeconduct.feeds.models import DEMONSTRATION, Source
from safeconduct.lib import clock

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
    put(message("B"))
    put(message("C", msg_type="Cancel", references=f"{triple('A')} {triple('B')}", sent=LATER))
    assert [event.state for event in Event.objects.all()] == ["cancelled", "cancelled"]


def test_an_update_of_two_events_continues_the_first() -> None:
    put(message("A"))
    put(message("B"))
    put(message("C", msg_type="Update", references=f"{triple('A')} {triple('B')}", sent=LATER))
    first, second = Event.objects.order_by("pk")
    assert first.is_active and first.versions.count() == 2
    assert (second.state, second.ended_reason) == ("ended", "replaced")


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

    def late(alert: ParsedAlert, source: Source) -> list[Event]:
        calls.append(alert.identifier)
        return [] if len(calls) == 1 else real(alert, source)

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
