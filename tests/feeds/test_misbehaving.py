"""A server that misbehaves: each way is told in words, takes no longer than it may, and harms no alert."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from safeconduct.alerts.models import AlertVersion
from safeconduct.feeds.models import Document
from tests.feeds import misbehaving as server_side
from tests.feeds.misbehaving import BEHAVIOURS, STORM, Behaviour, Seen, Server, misbehaving, observe

pytestmark = pytest.mark.django_db
LIMIT = 0.4
SLACK = 0.6
"""Reading, storing and a busy machine, beyond the limit of a request."""
MANY = 8_000
"""Enough for many batches; the evidence page is made with 40,000."""
SLOW_TO_STORE = {"many": 15.0, "large": 2.0, "bomb": 2.0}
BEFORE = [f"{STORM}: Storm over the coast"]
AFTER = [f"{STORM}: The storm has turned"]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Server, str]]:
    """Run the server once."""
    with misbehaving() as pair:
        yield pair


@pytest.fixture
def see(
    running: tuple[Server, str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Behaviour], Seen]:
    """Return a function: behaviour → what became of it."""
    settings.SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES = True
    settings.SAFECONDUCT_FETCH_SECONDS = LIMIT
    monkeypatch.setattr(server_side, "MANY", MANY)
    return lambda behaviour: observe(behaviour, *running)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda one: one.slug)
def test_it_is_told_in_time_and_harms_no_alert(
    see: Callable[[Behaviour], Seen], behaviour: Behaviour, client_of: Any, world: Any
) -> None:
    seen = see(behaviour)
    assert seen.before == BEFORE
    fetch = seen.fetch
    assert (fetch.outcome, fetch.http_status) == (behaviour.outcome, behaviour.status)
    assert re.search(behaviour.says, fetch.problem) if behaviour.says else fetch.problem == ""
    assert fetch.finished_at is not None
    assert seen.seconds < LIMIT + SLOW_TO_STORE.get(behaviour.slug, SLACK)
    if behaviour.outcome != "new":
        assert seen.during == BEFORE
    if behaviour.outcome == "failed":
        assert fetch.document is None
    assert seen.last.outcome == "new" and seen.last.problem == ""
    assert set(AFTER) <= set(seen.after) and not set(BEFORE) & set(seen.after)
    seen.source.refresh_from_db()
    assert (seen.source.consecutive_failures, seen.source.lease_by) == (0, "")
    ALSO.get(behaviour.slug, lambda seen: None)(seen)
    client: Client = client_of(world.olga)
    page = client.get(reverse("ops:source", args=[seen.source.key])).content.decode()
    assert not behaviour.says or escape(fetch.problem) in page


def _many(seen: Seen) -> None:
    assert seen.fetch.linked_count == seen.source.links.count() == MANY


def _future(seen: Seen) -> None:
    assert f"{STORM}: Storm of another year" in seen.during
    assert f"{STORM}: Storm of another year" not in seen.after
    ahead = AlertVersion.objects.get(event__source=seen.source, identifier="AHEAD")
    assert ahead.sent_at <= ahead.received_at and any(
        "future" in note or "sent" in note for note in ahead.notes
    )


def _circle(seen: Seen) -> None:
    assert seen.fetch.read_count == 3
    assert any("Round" in text for text in seen.during)


def _busy(seen: Seen) -> None:
    (until,) = seen.closed
    assert seen.fetch.finished_at is not None
    assert abs((until - seen.fetch.finished_at).total_seconds() - 7200) < 5


ALSO = {"many": _many, "future": _future, "circle": _circle, "busy": _busy}


def test_there_are_at_least_fifteen_ways() -> None:
    assert len({one.slug for one in BEHAVIOURS}) == len(BEHAVIOURS) >= 15


def test_half_an_answer_is_no_document(see: Callable[[Behaviour], Seen]) -> None:
    for behaviour in BEHAVIOURS:
        if behaviour.slug in ("half", "half-packed", "part", "slow"):
            see(behaviour)
    kept = [document.content() for document in Document.objects.all()]
    assert kept and all(body.endswith(b"</feed>") for body in kept)
