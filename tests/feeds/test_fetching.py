"""Polling: a Fetch row whatever happens, back-off, leases, and the bytes kept."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import Any

import pytest

from safeconduct.alerts import jobs
from safeconduct.alerts.models import Event
from safeconduct.feeds import actions, fetching
from safeconduct.feeds.models import Document, Fetch, Host, Rejection, Source
from safeconduct.feeds.notafeed import no_feed
from safeconduct.lib import clock, http
from safeconduct.lib.errors import Permanent, Refused, Temporary
from tests.alerts.messages import NOW, message
from tests.feeds.network import Install, ok, unchanged

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Source:
    return Source.objects.create(
        key="weather", name="Weather", format="cap", url="https://example.org/cap", country_code="PT",
        is_enabled=True, due_at=NOW, poll_seconds=300,
    )  # fmt: skip


def poll(at: Any = NOW) -> int:
    with clock.held_at(at):
        return jobs.run_due()


def test_a_poll_keeps_the_bytes_and_opens_the_event(source: Source, network: Install) -> None:
    network(ok(message("A")))
    assert poll() == 1
    source.refresh_from_db()
    fetch = Fetch.objects.get()
    assert (fetch.outcome, fetch.http_status, fetch.bytes) == ("new", 200, len(message("A")))
    assert fetch.document is not None and fetch.document.content() == message("A")
    assert Event.objects.get().source == source
    assert source.last_ok_at == NOW and source.due_at == NOW + timedelta(seconds=300)
    assert source.lease_until is None
    assert poll() == 0


def test_the_next_poll_is_conditional_and_an_unchanged_answer_is_a_row(
    source: Source, network: Install
) -> None:
    server = network(ok(message("A")), http.Answer("https://example.org/cap", 304, b"", "", "", ""))
    poll()
    poll(NOW + timedelta(seconds=301))
    assert server.asked[1]["etag"] == '"1"'
    assert [fetch.outcome for fetch in Fetch.objects.all()] == ["unchanged", "new"]
    assert Document.objects.count() == 1


def test_failures_back_off_up_to_six_hours_and_are_seen(source: Source, network: Install) -> None:
    network(Temporary("no route"), Permanent("404"), *[Temporary("x")] * 8)
    poll()
    source.refresh_from_db()
    assert (source.consecutive_failures, source.due_at) == (1, NOW + timedelta(seconds=600))
    assert Fetch.objects.get().problem == "no route"
    for _ in range(9):
        source.refresh_from_db()
        assert source.due_at is not None
        poll(source.due_at)
    before = source.due_at
    source.refresh_from_db()
    assert source.due_at is not None and before is not None
    assert source.due_at - before == timedelta(hours=6)
    assert source.consecutive_failures == 10


def test_a_server_that_asks_for_a_pause_gets_it(source: Source, network: Install) -> None:
    network(Temporary("busy", retry_after=timedelta(hours=1)))
    poll()
    source.refresh_from_db()
    assert source.due_at == NOW + timedelta(hours=1)


def test_html_instead_of_a_feed_is_refused_kept_and_ends_nothing(source: Source, network: Install) -> None:
    network(ok(message("A")), ok(b"<!DOCTYPE html><html></html>", '"2"'))
    poll()
    poll(NOW + timedelta(seconds=301))
    source.refresh_from_db()
    fetch = Fetch.objects.first()
    assert fetch is not None and fetch.outcome == "refused" and "HTML" in fetch.problem
    assert fetch.document is not None
    assert Rejection.objects.get().document == fetch.document
    assert (source.consecutive_failures, source.etag) == (1, "")
    assert Event.objects.get().is_active


def test_a_failure_of_ours_in_one_poll_is_recorded_and_stops_nothing(
    source: Source, network: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    network(ok(message("A")), ok(message("B")))
    other = Source.objects.create(
        key="z", name="Z", format="cap", url="https://example.org/z", is_enabled=True, due_at=NOW
    )

    def broken(document: Document, *, source: Source, at: Any) -> None:
        raise RuntimeError("bug")

    monkeypatch.setattr(jobs, "read_document", broken)
    assert poll() == 2
    assert set(Fetch.objects.values_list("source", "outcome")) == {
        (source.pk, "refused"),
        (other.pk, "refused"),
    }


def test_a_source_switched_off_during_a_poll_stays_off(
    source: Source, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def switching(url: str, **asked: Any) -> http.Answer:
        actions.disable_source(Source.objects.get(pk=source.pk), by=world.olga)
        return ok(message("A"))

    monkeypatch.setattr(http, "get", switching)
    poll()
    source.refresh_from_db()
    assert not source.is_enabled and source.due_at is None


def test_the_same_bytes_are_kept_once() -> None:
    first = actions.keep_document(b"x" * 1000, origin="a", received_at=NOW)
    again = actions.keep_document(b"x" * 1000, origin="b", received_at=NOW)
    assert first == again and again.origin == "a" and len(bytes(first.body)) < 100


def test_known_sources_are_installed_once_and_what_an_operator_changed_stays(world: Any) -> None:
    added = actions.install_sources()
    assert added >= 3
    source = Source.objects.get(key="usgs-quakes")
    actions.edit_source(source, by=world.olga, name="Quakes", poll_seconds=600)
    assert actions.install_sources() == 0
    source.refresh_from_db()
    assert source.name == "Quakes"


def test_a_source_without_address_cannot_be_polled_and_none_more_than_once_a_minute(world: Any) -> None:
    source = actions.by_hand("cap")
    with pytest.raises(Refused):
        actions.enable_source(source, by=world.olga)
    with pytest.raises(Refused):
        actions.edit_source(source, by=world.olga, poll_seconds=5)


def test_the_same_bytes_without_validators_are_unchanged(source: Source, network: Install) -> None:
    network(ok(message("A"), ""), ok(message("A"), ""))
    poll()
    poll(NOW + timedelta(seconds=301))
    first, second = Fetch.objects.order_by("id")
    assert (first.outcome, second.outcome) == ("new", "unchanged")
    assert first.document == second.document
    source.refresh_from_db()
    assert source.last_ok_at == NOW + timedelta(seconds=301)


def test_the_same_refused_bytes_are_refused_again(source: Source, network: Install) -> None:
    network(ok(message("A")), ok(b"<broken>"), ok(b"<broken>"), ok(message("A")))
    for number in range(4):
        Source.objects.update(due_at=NOW + timedelta(hours=number))
        poll(NOW + timedelta(hours=number))
    outcomes = list(Fetch.objects.order_by("id").values_list("outcome", flat=True))
    assert outcomes == ["new", "refused", "refused", "new"]


def test_what_stood_in_an_answer_is_on_the_row(source: Source, network: Install) -> None:
    network(ok(message("A")))
    fetched = None
    with clock.held_at(NOW):
        fetched = fetching.fetch(source)
        assert fetched is not None and fetched.document is not None
        counts = fetching.Counts(read=5, new=2, refused=1, linked=7, unreachable=3)
        fetching.finish(source, fetched.fetch, note="n" * 600, counts=counts)
    row = Fetch.objects.get()
    assert (row.read_count, row.new_count, row.refused_count) == (5, 2, 1)
    assert (row.linked_count, row.unreachable_count, len(row.note)) == (7, 3, 500)
    source.refresh_from_db()
    assert source.last_count == 5


def test_a_refused_document_is_no_list_to_compare_with(source: Source, network: Install) -> None:
    Source.objects.update(last_count=40)
    source.refresh_from_db()
    network(ok(message("A")))
    with clock.held_at(NOW):
        fetched = fetching.fetch(source)
        assert fetched is not None
        fetching.finish(source, fetched.fetch, refusal="half", counts=fetching.Counts(refused=3))
    source.refresh_from_db()
    assert source.last_count == 40
    assert Fetch.objects.get().refused_count == 3


def test_a_row_that_a_dead_process_left_is_closed_by_the_next_try(source: Source, network: Install) -> None:
    left = Fetch.objects.create(source=source, started_at=NOW - timedelta(minutes=9))
    network(unchanged())
    poll()
    left.refresh_from_db()
    assert left.outcome == "failed" and left.problem.startswith("interrupted") and left.finished_at == NOW


def test_pauses_after_failures_are_out_of_step(
    source: Source, network: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "JITTER", 0.15)
    monkeypatch.setattr(fetching, "RANDOM", random.Random(7))
    pauses = set()
    for _ in range(20):
        Source.objects.update(due_at=NOW, consecutive_failures=0)
        Host.objects.all().delete()
        network(Temporary("no route"))
        poll()
        source.refresh_from_db()
        assert source.due_at is not None
        pauses.add((source.due_at - NOW).total_seconds())
    assert len(pauses) == 20 and 510 <= min(pauses) < 550 and 650 < max(pauses) <= 690


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "the answer is empty (0 bytes)"),
        (b" \n", "the answer is empty (2 bytes)"),
        (
            b"\xef\xbb\xbf<!-- x -->\n<!DOCTYPE HTML><head><title>Sign\n \0in</title>",
            "titled “Sign in”), not a feed: a log-in",
        ),
        (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "(HTML), not a feed"),
    ],
)
def test_what_is_no_feed_is_refused_with_the_reason(
    source: Source, network: Install, body: bytes, why: str
) -> None:
    network(ok(body))
    poll()
    row = Fetch.objects.get()
    assert row.outcome == "refused" and why in row.problem
    assert Rejection.objects.get().document == row.document


def test_sources_switched_on_together_are_first_asked_one_after_the_other(world: Any) -> None:
    rows = [
        Source.objects.create(key=f"s{n}", name="S", format="cap", url=f"https://s{n}.example.org/", poll_seconds=60)
        for n in range(40)
    ]  # fmt: skip
    for number, row in enumerate(rows):
        # The clock goes on while they are switched on.
        with clock.held_at(NOW + timedelta(milliseconds=number)):
            actions.enable_source(row, by=world.olga)
    waits = [(row.due_at - NOW).total_seconds() for row in rows if row.due_at]
    assert waits[:3] == [0, 2, 4]
    assert max(waits) < 60.1 and len(set(waits)) > 30


def test_a_fault_of_ours_in_asking_is_a_failed_try_of_one_source(source: Source, network: Install) -> None:
    Source.objects.create(
        key="z",
        name="Z",
        format="cap",
        url="https://z.example/",
        is_enabled=True,
        due_at=NOW + timedelta(seconds=1),
    )
    network(RuntimeError("bug"), ok(message("B")))
    assert poll(NOW + timedelta(seconds=1)) == 2
    outcomes = dict(Fetch.objects.values_list("source__key", "problem"))
    assert outcomes == {"weather": "could not be asked: RuntimeError", "z": ""}
    assert not Source.objects.exclude(lease_by="").exists()


@pytest.mark.parametrize(
    "body", [b"<!---->" * 2900 + b"x", b"<?a?>" * 4000, b" " * 20_000 + b"<", b"<title" * 3000, b"<!DOCTYPE html>" + b"<title>" * 2800]
)  # fmt: skip
def test_looking_at_a_start_takes_no_time(body: bytes) -> None:
    began = time.process_time()
    assert bool(no_feed(body)) is body.startswith(b"<!DOCTYPE")
    assert time.process_time() - began < 1.0
