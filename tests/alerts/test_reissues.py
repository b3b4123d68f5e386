"""Messages that say again, under new identifiers, what is known: nobody is flooded, nothing new is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from safeconduct.alerts.actions import Outcome
from safeconduct.alerts.ingest import Report, read_document
from safeconduct.alerts.models import AlertVersion, Event, EventKey
from safeconduct.feeds.actions import by_hand, keep_document
from safeconduct.feeds.models import Reissue
from safeconduct.matching.telling import is_recount

from .messages import NOW, message, put, triple

pytestmark = pytest.mark.django_db
LATER = "2026-11-20T11:00:00+00:00"


def feed(*messages: bytes) -> bytes:
    """Return an Atom list that carries whole messages."""
    entries = b"".join(
        b"<entry><content>" + one.partition(b"?>")[2] + b"</content></entry>" for one in messages
    )
    return b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">' + entries + b"</feed>"


def read(*messages: bytes, minute: int = 0) -> Report:
    at = NOW + timedelta(minutes=minute)
    document = keep_document(feed(*messages), origin="test", received_at=at)
    return read_document(document, source=by_hand("cap"), at=at)


def district(number: int) -> str:
    """Return the polygon of one of many districts."""
    south = -60 + 2 * number
    return f"{south},10 {south},11 {south + 1},11 {south + 1},10 {south},10"


def many(prefix: str, count: int = 25, **changes: Any) -> list[bytes]:
    return [message(f"{prefix}{number}", polygon=district(number), **changes) for number in range(count)]


def test_the_same_words_under_a_new_name_are_the_same_event() -> None:
    first = put(message("A")).version
    again = put(message("B", sent=LATER))
    assert (again.outcome, again.is_reissue, again.version) == ("unchanged", True, first)
    event = Event.objects.get()
    assert set(event.keys.values_list("key", flat=True)) == {"A", "B"}
    assert AlertVersion.objects.count() == 1


def test_the_new_name_read_again_changes_nothing() -> None:
    put(message("A"))
    put(message("B", sent=LATER, msg_type="Update", references=triple("Z")))
    assert put(message("B", sent=LATER, msg_type="Update", references=triple("Z"))).outcome == "unchanged"
    assert AlertVersion.objects.count() == 1


def cancel(identifier: str, *names: str) -> str:
    """Cancel messages by name; return the states of the events that were not over when they were first seen."""
    references = " ".join(triple(name) for name in names)
    put(message(identifier, msg_type="Cancel", references=references, sent="2026-11-20T11:30:00Z"))
    return Event.objects.get(identity_key="A").state


def test_handed_in_under_two_names_it_goes_on_until_both_are_cancelled() -> None:
    put(message("A"))
    put(message("B", sent=LATER))
    assert cancel("C", "B") == "active"
    assert set(Event.objects.get(identity_key="A").keys.values_list("key", flat=True)) == {"A"}
    assert Event.objects.get(identity_key="C").state == "cancelled"
    assert cancel("C2", "B") == "active"
    assert cancel("D", "A") == "cancelled"


def test_the_first_of_two_names_may_be_cancelled_first_or_both_at_once() -> None:
    put(message("A"))
    put(message("B", sent=LATER))
    assert cancel("C", "A") == "active"
    assert cancel("D", "B") == "cancelled"
    put(message("X", headline="Another"))
    put(message("Y", headline="Another", sent=LATER))
    cancel("Z", "X", "Y")
    assert Event.objects.get(identity_key="X").state == "cancelled"


def test_an_update_of_one_of_two_names_goes_its_own_way() -> None:
    put(message("A"))
    put(message("B", sent=LATER))
    update = message(
        "U", msg_type="Update", references=triple("B"), headline="Worse", sent="2026-11-20T11:20:00Z"
    )
    assert put(update).outcome == "new"
    assert cancel("C", "U") == "active"
    assert Event.objects.get(identity_key="U").state == "cancelled"
    assert cancel("D", "A") == "cancelled"


def test_what_left_the_list_holds_nothing_up_and_its_cancel_ends_nothing() -> None:
    read(message("A"))
    read(message("B", sent=LATER), minute=1)
    event = Event.objects.get()
    assert event.keys.get(key="A").gone_at is not None
    assert cancel("C", "A") == "active"
    assert cancel("D", "B") == "cancelled"


def test_an_update_of_a_name_that_left_the_list_goes_on_with_the_event() -> None:
    read(message("A"))
    read(message("B", sent=LATER), minute=1)
    update = message(
        "U", msg_type="Update", references=triple("A"), headline="Worse", sent="2026-11-20T11:20:00Z"
    )
    assert put(update).outcome == "updated"
    assert Event.objects.get().state == "active"


def test_a_whole_feed_under_new_names_is_not_ended_by_a_cancel_of_the_old_ones() -> None:
    read(*many("old-"))
    read(*many("new-", headline="Storm, still", sent=LATER), minute=1)
    put(message("C", msg_type="Cancel", references=triple("old-3"), sent="2026-11-20T11:30:00Z"))
    assert Event.objects.get(identity_key="old-3").state == "active"
    put(message("D", msg_type="Cancel", references=triple("new-3"), sent="2026-11-20T11:31:00Z"))
    assert Event.objects.get(identity_key="old-3").state == "cancelled"


def test_the_same_words_without_an_area_are_two_warnings() -> None:
    put(message("A", polygon=""))
    assert put(message("B", polygon="", sent=LATER)).outcome == "new"
    assert Event.objects.filter(state="active").count() == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"polygon": district(3)}, {"headline": "Storm over the hills"}, {"severity": "Extreme"},
        {"expires": "2026-11-23T10:00:00+00:00"}, {"sender": "other@example.org"},
    ],
)  # fmt: skip
def test_what_says_anything_else_is_an_event_of_its_own(changes: dict[str, str]) -> None:
    put(message("A"))
    assert put(message("B", **changes)).outcome == "new"
    assert Event.objects.count() == 2


def test_two_alike_in_one_document_stay_two_so_that_one_can_end() -> None:
    read(message("A"), message("B"))
    assert Event.objects.count() == 2
    read(message("A"), message("B"), message("C"), minute=1)
    assert Event.objects.count() == 3
    assert read(message("A"), message("B"), message("C"), minute=2).counts[Outcome.UNCHANGED] == 3


def test_what_has_ended_does_not_swallow_a_new_warning() -> None:
    put(message("A"))
    put(message("C", msg_type="Cancel", references=triple("A"), sent=LATER))
    assert put(message("B", sent="2026-11-20T11:30:00Z")).outcome == "new"


def test_a_feed_word_for_word_under_new_names_makes_no_version() -> None:
    read(*many("old-"))
    report = read(*many("new-", sent=LATER), minute=1)
    assert (report.reissued, report.counts[Outcome.UNCHANGED]) == (25, 25)
    assert AlertVersion.objects.count() == 25 == Event.objects.count()
    assert EventKey.objects.count() == 50
    held = Reissue.objects.get()
    assert (held.count, held.new_count) == (25, 0)
    again = read(*many("new-", sent=LATER), minute=2)
    assert (again.reissued, again.counts[Outcome.UNCHANGED]) == (0, 25)
    assert Reissue.objects.count() == 1 and AlertVersion.objects.count() == 25


def test_a_feed_in_other_words_under_new_names_is_held_and_what_is_new_in_it_is_told() -> None:
    read(*many("old-"))
    words: dict[str, Any] = {"headline": "Storm, still", "sent": LATER}
    fresh = message("fresh", polygon=district(40), headline="Tsunami", sent=LATER)
    report = read(*many("new-", 24, **words), fresh, minute=1)
    assert (report.reissued, report.counts[Outcome.UPDATED], report.counts[Outcome.NEW]) == (24, 24, 1)
    assert Event.objects.count() == 26
    assert AlertVersion.objects.filter(is_reissue=True).count() == 24
    assert not AlertVersion.objects.get(identifier="fresh").is_reissue
    held = Reissue.objects.get()
    assert (held.count, held.new_count) == (24, 1)
    for version in AlertVersion.objects.filter(is_reissue=True).select_related("event__source"):
        first = version.event.versions.get(number=1)
        assert version.is_current and is_recount(first, version)
        assert bytes(first.impact_area or b"") == bytes(version.impact_area or b"")
    assert read(*many("new-", 24, **words), fresh, minute=2).counts[Outcome.UNCHANGED] == 25


@pytest.mark.parametrize(
    "changes",
    [
        {"severity": "Extreme"},
        {"sender": "other@example.org"},
        # The next day's warnings: other times.
        {"sent": "2026-11-23T10:00:00+00:00", "expires": "2026-11-24T10:00:00+00:00"},
    ],
)
def test_other_warnings_are_not_taken_for_a_reissue(changes: dict[str, Any]) -> None:
    read(*many("old-"))
    report = read(*many("new-", headline="Storm, again", **changes), minute=1)
    assert (report.reissued, report.counts[Outcome.NEW]) == (0, 25)
    assert not Reissue.objects.exists()


def test_a_few_new_names_among_old_ones_are_no_reissue() -> None:
    read(*many("old-"))
    report = read(*many("old-", 10), *many("new-", 20, headline="Storm, again"), minute=1)
    assert (report.reissued, report.counts[Outcome.NEW]) == (0, 20)


def test_an_update_before_a_reissue_is_still_told() -> None:
    read(*many("old-"))
    update = message(
        "up",
        msg_type="Update",
        references=triple("old-0"),
        sent=LATER,
        polygon=district(0),
        severity="Extreme",
    )
    put(update)
    newer: dict[str, Any] = {"headline": "Storm, still", "sent": "2026-11-20T11:30:00Z"}
    rest = many("new-", **newer)
    rest[0] = message("new-0", polygon=district(0), severity="Extreme", **newer)
    assert read(*rest, minute=1).reissued == 25
    event = Event.objects.get(identity_key="old-0")
    first, second, third = event.versions.select_related("event__source").order_by("number")
    assert third.is_reissue and not is_recount(first, third) and is_recount(second, third)
