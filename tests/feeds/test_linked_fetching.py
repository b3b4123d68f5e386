"""Messages that an index names: fetched in turn, tried again with back-off, given up with a reason."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from safeconduct.feeds import fetching
from safeconduct.feeds.models import Document, Fetch, Host, LinkedMessage, Source
from safeconduct.lib import clock
from safeconduct.lib.errors import Permanent, Temporary
from tests.alerts.messages import NOW, message
from tests.feeds.network import Install, gone, ok, says

pytestmark = pytest.mark.django_db


@pytest.fixture
def link() -> LinkedMessage:
    source = Source.objects.create(
        key="s", name="S", format="cap", url="https://example.org/index", request_seconds=0
    )
    return LinkedMessage.objects.create(
        source=source, url="https://example.org/a.xml", geometry_url="https://example.org/a.geojson",
        updated="1", listed_at=NOW, due_at=NOW, lease_by="me", lease_until=NOW + timedelta(minutes=5),
    )  # fmt: skip


def try_at(link: LinkedMessage, at: datetime, what: str = "message") -> Document | Temporary | Permanent:
    Host.objects.all().delete()
    LinkedMessage.objects.update(lease_by="me")
    link.refresh_from_db()
    with clock.held_at(at):
        return fetching.fetch_linked(link, what="geometry" if what == "geometry" else "message")


def test_a_message_is_kept_and_waits_to_be_read(link: LinkedMessage, network: Install) -> None:
    server = network(ok(message("A")))
    document = try_at(link, NOW)
    assert isinstance(document, Document) and document.content() == message("A")
    assert server.asked[0]["timeout_seconds"] == 15
    link.refresh_from_db()
    assert (link.document, link.state, link.lease_by) == (document, "waiting", "me")
    assert not Fetch.objects.exists()
    with clock.held_at(NOW):
        fetching.finish_linked(link)
    link.refresh_from_db()
    assert (link.state, link.read_at, link.due_at, link.lease_by) == ("read", NOW, None, "")


def test_a_refused_message_says_why(link: LinkedMessage) -> None:
    with clock.held_at(NOW):
        fetching.finish_linked(link, refusal="no identifier")
    link.refresh_from_db()
    assert (link.state, link.problem, link.due_at) == ("refused", "no identifier", None)


@pytest.mark.parametrize(
    "error", [gone(404), gone(410), Permanent("the answer is larger than 20 bytes")], ids=str
)
def test_what_is_not_there_is_given_up_at_once(
    link: LinkedMessage, network: Install, error: Permanent
) -> None:
    network(error)
    assert isinstance(try_at(link, NOW), Permanent)
    link.refresh_from_db()
    assert (link.state, link.problem, link.due_at) == ("unreachable", error.reason, None)
    assert (link.tries, link.lease_by) == (1, "")


@pytest.mark.parametrize("error", [Temporary("no route"), gone(403), says(500)], ids=str)
def test_other_trouble_is_tried_again_with_longer_pauses(
    link: LinkedMessage, network: Install, error: Temporary | Permanent
) -> None:
    network(*[error] * fetching.LINK_TRIES)
    at, pauses = NOW, []
    for _ in range(fetching.LINK_TRIES - 1):
        assert isinstance(try_at(link, at), Temporary)
        link.refresh_from_db()
        assert link.state == "waiting" and link.lease_by == "" and link.due_at is not None
        pauses.append((link.due_at - at).total_seconds())
        at = link.due_at
    assert pauses == [60, 120, 240, 480]
    assert isinstance(try_at(link, at), Permanent)
    link.refresh_from_db()
    assert (link.state, link.due_at) == ("unreachable", None)
    assert link.problem == f"{error.reason} (given up after 5 tries)"


def test_a_web_page_in_its_place_is_trouble_of_that_kind(link: LinkedMessage, network: Install) -> None:
    network(ok(b"<html><title>Maintenance</title></html>"))
    answer = try_at(link, NOW)
    assert isinstance(answer, Temporary) and "titled “Maintenance”" in answer.reason
    link.refresh_from_db()
    assert link.tries == 1 and link.document is not None


def test_one_host_that_does_not_answer_is_not_waited_for_by_every_message(
    link: LinkedMessage, network: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "SLOW_SECONDS", -1.0)
    network(Temporary("example.org did not answer within 15 s"))
    try_at(link, NOW)
    other = LinkedMessage.objects.create(source=link.source, url="https://example.org/b.xml", listed_at=NOW)
    with clock.held_at(NOW + timedelta(seconds=20)):
        answer = fetching.fetch_linked(other)
    assert isinstance(answer, Temporary) and "is asked again from" in answer.reason
    other.refresh_from_db()
    assert (other.tries, other.due_at) == (0, NOW + timedelta(seconds=60))


def test_a_host_that_fails_at_once_costs_nobody_time(link: LinkedMessage, network: Install) -> None:
    network(Temporary("example.org: connection refused"))
    try_at(link, NOW)
    assert Host.objects.get().closed_until is None


def test_a_message_whose_area_is_missing_can_still_be_read(link: LinkedMessage, network: Install) -> None:
    network(gone(404))
    assert isinstance(try_at(link, NOW, "geometry"), Permanent)
    link.refresh_from_db()
    assert (link.state, link.tries, link.lease_by) == ("waiting", 0, "me")
    assert link.problem == "its area was not reached: example.org answered 404"
    with clock.held_at(NOW):
        fetching.finish_linked(link)
    link.refresh_from_db()
    assert (link.state, link.problem) == ("read", "its area was not reached: example.org answered 404")


def test_an_edition_named_meanwhile_is_fetched_too(link: LinkedMessage, network: Install) -> None:
    network(ok(message("A")))
    try_at(link, NOW)
    later = NOW + timedelta(seconds=1)
    LinkedMessage.objects.update(updated="2", due_at=later)
    with clock.held_at(NOW):
        fetching.finish_linked(link)
    link.refresh_from_db()
    assert (link.state, link.updated, link.due_at, link.lease_by) == ("waiting", "2", later, "")
