"""Polling: a Fetch row whatever happens, back-off, leases, and the bytes kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from safeconduct.alerts import jobs
from safeconduct.alerts.models import Event
from safeconduct.feeds import actions
from safeconduct.feeds.models import Document, Fetch, Rejection, Source
from safeconduct.lib import clock, http
from safeconduct.lib.errors import Permanent, Refused, Temporary
from tests.alerts.messages import NOW, message

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Source:
    return Source.objects.create(
        key="weather", name="Weather", format="cap", url="https://example.org/cap", country_code="PT",
        is_enabled=True, due_at=NOW, poll_seconds=300,
    )  # fmt: skip


class Server:
    """Stands in for the network: answers in turn."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def get(self, url: str, **asked: Any) -> http.Answer:
        self.asked.append(asked)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def ok(body: bytes, etag: str = '"1"') -> http.Answer:
    return http.Answer("https://example.org/cap", 200, body, "application/cap+xml", etag, "")


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Any:
    def install(*answers: Any) -> Server:
        server = Server(*answers)
        monkeypatch.setattr(http, "get", server.get)
        return server

    return install


def poll(at: Any = NOW) -> int:
    with clock.held_at(at):
        return jobs.run_due()


def test_a_poll_keeps_the_bytes_and_opens_the_event(source: Source, network: Any) -> None:
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


def test_the_next_poll_is_conditional_and_an_unchanged_answer_is_a_row(source: Source, network: Any) -> None:
    server = network(ok(message("A")), http.Answer("https://example.org/cap", 304, b"", "", "", ""))
    poll()
    poll(NOW + timedelta(seconds=301))
    assert server.asked[1]["etag"] == '"1"'
    assert [fetch.outcome for fetch in Fetch.objects.all()] == ["unchanged", "new"]
    assert Document.objects.count() == 1


def test_failures_back_off_up_to_six_hours_and_are_seen(source: Source, network: Any) -> None:
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


def test_a_server_that_asks_for_a_pause_gets_it(source: Source, network: Any) -> None:
    network(Temporary("busy", retry_after=timedelta(hours=1)))
    poll()
    source.refresh_from_db()
    assert source.due_at == NOW + timedelta(hours=1)


def test_html_instead_of_a_feed_is_refused_kept_and_ends_nothing(source: Source, network: Any) -> None:
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
    source: Source, network: Any, monkeypatch: pytest.MonkeyPatch
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
