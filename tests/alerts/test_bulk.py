"""A document applied in bulk leaves the same rows as its messages one by one, and costs few questions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from safeconduct.alerts import actions, writing
from safeconduct.alerts.actions import Applied, apply, apply_all
from safeconduct.alerts.ingest import read_document
from safeconduct.alerts.models import AlertVersion, Event, EventKey, Incident
from safeconduct.alerts.parsed import Area, Info, ParsedAlert, Problem, Reference
from safeconduct.audit.models import Entry
from safeconduct.feeds.actions import by_hand, keep_document
from safeconduct.feeds.models import Document, Source

from .messages import NOW, quake, summary

Rows = list[tuple[Any, ...]]
EVERYWHERE = box(-10, 38, -8, 40)


def _alert(number: int, **changes: Any) -> ParsedAlert:
    info = Info(
        event="Storm", severity="Severe", onset=NOW, expires=NOW + timedelta(days=1), headline=f"Storm {number}",
        areas=(Area(description="Coast", polygons=(EVERYWHERE,)),),
    )  # fmt: skip
    name = f"m{number}"
    values: dict[str, Any] = {
        "format": "cap", "identifier": name, "sender": "a@example.org", "sent_at": NOW, "status": "Actual",
        "scope": "Public", "keys": (name,), "infos": (info,),
    }  # fmt: skip
    return ParsedAlert(**{**values, **changes})


@st.composite
def alerts(draw: st.DrawFn) -> ParsedAlert:
    """Return a message out of a small world, so that they meet: few names, senders, words and times."""
    name = draw(st.sampled_from(["m1", "m2", "m3", "m4", "m5", "m6"]))
    msg_type = draw(st.sampled_from(["Alert", "Alert", "Alert", "Update", "Cancel"]))
    sender = draw(st.sampled_from(["a@example.org", "a@example.org", "b@example.org", ""]))
    names = st.sampled_from(["m1", "m2", "m3", "m4", "m5", "m6", "m7"])
    referred = draw(st.lists(names, max_size=2, unique=True)) if draw(st.booleans()) else []
    info = Info(
        event="Storm", severity=draw(st.sampled_from(["Minor", "Severe"])),
        urgency=draw(st.sampled_from(["Expected", "Past"])), onset=NOW,
        expires=NOW + timedelta(hours=draw(st.sampled_from([-1, 12, 24]))),
        headline=draw(st.sampled_from(["one", "two"])), areas=(Area(description="Coast", polygons=(EVERYWHERE,)),),
    )  # fmt: skip
    return ParsedAlert(
        format="cap",
        identifier=name,
        sender=sender,
        sent_at=draw(st.sampled_from([NOW, NOW - timedelta(hours=1), NOW + timedelta(days=400), None])),
        msg_type=msg_type,
        status=draw(st.sampled_from(["Actual", "Actual", "Actual", "Test"])),
        scope="Public",
        keys=(name,) if draw(st.booleans()) else (name, draw(names)),
        references=tuple(Reference(sender, key, "") for key in referred),
        infos=() if msg_type == "Cancel" and draw(st.booleans()) else (info,),
    )


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    documents=st.lists(st.lists(alerts(), max_size=7), min_size=1, max_size=3),
    trust=st.sampled_from([Source.Trust.OFFICIAL, Source.Trust.RELAY]),
)
def test_bulk_leaves_the_same_rows_as_one_by_one(documents: list[list[ParsedAlert]], trust: str) -> None:
    def one_by_one(messages: list[ParsedAlert], **about: Any) -> list[Applied | Problem]:
        return [apply(alert, beside=messages, **about) for alert in messages]

    assert _rows(apply_all, documents, trust) == _rows(one_by_one, documents, trust)


@pytest.mark.django_db
def test_a_message_without_a_sender_means_the_same_event_either_way() -> None:
    """Known by one name with two senders: which event is older must not decide, bulk stores them in another order."""
    first = [_alert(1, sender="b@example.org"), _alert(3), _alert(1)]
    second = [_alert(1, sender="b@example.org", references=(Reference("b@example.org", "m3", ""),), sent_at=NOW)]
    documents = [first, second, [_alert(3, sender="")]]

    def one_by_one(messages: list[ParsedAlert], **about: Any) -> list[Applied | Problem]:
        return [apply(alert, beside=messages, **about) for alert in messages]

    together = _rows(apply_all, documents, Source.Trust.OFFICIAL)
    assert together == _rows(one_by_one, documents, Source.Trust.OFFICIAL)


def _rows(way: Callable[..., list[Applied | Problem]], documents: list[list[ParsedAlert]], trust: str) -> Any:
    """Apply documents in a given way to a source of its own and return everything that was stored, then undo it."""
    with transaction.atomic():
        savepoint = transaction.savepoint()
        source = Source.objects.create(key="bulk", name="Bulk", format="cap", trust=trust)
        answers = []
        for hour, messages in enumerate(documents):
            document = keep_document(f"{hour}".encode(), origin="test", received_at=NOW)
            answers += way(
                messages, source=source, document=document, received_at=NOW + timedelta(hours=hour)
            )
        said = [
            (answer.outcome, answer.version.content_sha, answer.version.number, answer.is_reissue)
            if isinstance(answer, Applied)
            else answer
            for answer in answers
        ]
        rows = (said, _events(source), sorted(Entry.objects.values_list("action", "subject_kind")))
        transaction.savepoint_rollback(savepoint)
    return rows


def _events(source: Source) -> Rows:
    skip = {"id", "public_id", "event", "document"}
    columns = [field.name for field in AlertVersion._meta.concrete_fields if field.name not in skip]
    found: Rows = []
    for event in source.events.select_related("current_version"):
        keys = sorted(event.keys.values_list("status", "key", "sender"))
        versions = list(event.versions.order_by("number").values_list(*columns))
        current = event.current_version.number if event.current_version else None
        leads = Incident.objects.filter(lead=event).count() if event.incident.events.count() == 1 else 1
        found.append(
            (
                event.identity_key, event.status, event.state, event.ended_reason, event.ended_at, event.started_at,
                event.ends_at, event.event_type, event.countries, current, leads, keys, versions,
            )
        )  # fmt: skip
    return sorted(found, key=repr)


@pytest.fixture
def document(db: None) -> Document:
    return keep_document(b"x", origin="test", received_at=NOW)


def test_hundreds_of_new_messages_cost_few_questions_and_unchanged_ones_hardly_any(
    document: Document, django_assert_max_num_queries: Any
) -> None:
    about: dict[str, Any] = {"source": by_hand("cap"), "document": document, "received_at": NOW}
    many = [_alert(number) for number in range(400)]
    # SQLite takes 999 values in a statement, so an insert of 400 rows is several.
    with django_assert_max_num_queries(110):
        answers = apply_all(many, **about)
    assert {answer.outcome for answer in answers if isinstance(answer, Applied)} == {"new"}
    assert Event.objects.count() == AlertVersion.objects.count() == Incident.objects.count() == 400
    assert Event.objects.filter(current_version__isnull=False).count() == 400
    assert Incident.objects.filter(lead__isnull=False).count() == 400
    assert Entry.objects.filter(action="alert.new").count() == 400
    with django_assert_max_num_queries(2):
        again = apply_all(many, **about)
    assert {answer.outcome for answer in again if isinstance(answer, Applied)} == {"unchanged"}


def test_a_large_document_is_more_than_one_transaction(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "BATCH", 3)
    messages = [_alert(number) for number in range(7)]
    messages.append(_alert(8, msg_type="Cancel", references=(Reference("a@example.org", "m0", ""),)))
    answers = apply_all(messages, source=by_hand("cap"), document=document, received_at=NOW)
    assert [answer.outcome for answer in answers if isinstance(answer, Applied)] == ["new"] * 7 + [
        "cancelled"
    ]
    assert Event.objects.get(identity_key="m0").state == "cancelled"


def test_one_that_cannot_be_stored_stops_no_other(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = writing.Draft.version

    def broken(self: writing.Draft, *arguments: Any, **changes: Any) -> AlertVersion:
        version = real(self, *arguments, **changes)
        if self.alert.identifier == "m1":
            version.severity = None  # type: ignore[assignment]
        return version

    monkeypatch.setattr(writing.Draft, "version", broken)
    messages = [_alert(number) for number in range(3)]
    answers = apply_all(messages, source=by_hand("cap"), document=document, received_at=NOW)
    assert [type(answer) for answer in answers] == [Applied, Problem, Applied]
    assert sorted(Event.objects.values_list("identity_key", flat=True)) == ["m0", "m2"]
    assert EventKey.objects.count() == Incident.objects.count() == 2


def test_a_name_taken_by_another_worker_meanwhile_is_met_one_by_one(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    about: dict[str, Any] = {"source": by_hand("cap"), "document": document, "received_at": NOW}
    real = writing.insert
    calls = []

    def overtaken(drafts: list[writing.Draft]) -> list[AlertVersion]:
        calls.append(len(drafts))
        if len(calls) == 1:
            monkeypatch.setattr(writing, "insert", real)
            raise IntegrityError("event_key_once")
        return real(drafts)

    apply(replace(_alert(1), sent_at=NOW - timedelta(hours=1)), **about)
    monkeypatch.setattr(writing, "insert", overtaken)
    answers = apply_all([_alert(2), _alert(3), _alert(1)], **about)
    assert [answer.outcome for answer in answers if isinstance(answer, Applied)] == ["new", "new", "updated"]
    assert calls == [2] and Event.objects.count() == 3


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time anyway")
@pytest.mark.django_db(transaction=True)
def test_two_workers_that_read_the_same_document_at_once_open_each_event_once() -> None:
    source = by_hand("usgs")
    data = summary(*[quake(f"us{number}") for number in range(60)])
    kept = keep_document(data, origin="test", received_at=NOW)
    barrier = threading.Barrier(2)
    counts: list[int] = []
    failures: list[str] = []

    def work() -> None:
        try:
            barrier.wait(10)
            report = read_document(kept, source=source, at=datetime(2026, 11, 20, 12, tzinfo=UTC))
            counts.append(sum(report.counts.values()))
            failures.extend(item.problem for item in report.rejected)
        finally:
            connections["default"].close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert counts == [60, 60] and failures == []
    assert Event.objects.count() == AlertVersion.objects.count() == Incident.objects.count() == 60
