"""A register that has become shorter for good: refused as half an answer, until an operator takes it as complete."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.advisories import jobs
from safeconduct.advisories.ingest import take_as_complete
from safeconduct.advisories.models import Advisory, AdvisoryVersion
from safeconduct.audit.models import Entry
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from tests.advisories.registers import NOW, source
from tests.advisories.test_polling import HOUR, Web, notices, web
from tests.conftest import World

__all__ = ["web"]
pytestmark = pytest.mark.django_db
ClientOf = Callable[[User | None], Client]
PLACES = ("Kenya", "Japan", "France", "Norway", "Fiji", "Peru", "Chile", "Ghana", "Nepal", "Malta")
ADDRESS = "/desk/sources/of/cdc/"


def poll(cdc: Source, web: Web, *places: str, at_hour: int) -> None:
    """Let the source answer with notices about these places."""
    web.pages[cdc.url] = notices(*places)
    with clock.held_at(NOW + at_hour * HOUR):
        Source.objects.filter(pk=cdc.pk).update(due_at=clock.now())
        assert jobs.run_due() == 1


@pytest.fixture
def cdc(web: Web) -> Source:
    """Return a source whose last answer names half of what the one before named."""
    row = source("cdc", "cdc", url="https://cdc.example.org/rss", is_enabled=True, request_seconds=0)
    poll(row, web, *PLACES, at_hour=0)
    poll(row, web, *PLACES[:5], at_hour=1)
    return row


def test_the_page_says_before_and_now_and_the_button_takes_exactly_that_document(
    world: World, client_of: ClientOf, web: Web, cdc: Source
) -> None:
    half = cdc.fetches.all()[0]
    assert (half.outcome, half.read_count, half.known_count) == ("refused", 5, 10)
    olga = client_of(world.olga)
    page = olga.get(ADDRESS).content.decode()
    assert "it lists 5 entries; 10 were known." in page and "Take this answer as complete" in page
    with clock.held_at(NOW + 4 * HOUR):
        done = olga.post(
            f"{ADDRESS}complete/", {"document": half.document_id, "reason": "They closed five notices"}, follow=True
        ).content.decode()
    assert "5 entries that it no longer lists have ended." in done and "Take this answer" not in done
    states = dict(Advisory.objects.values_list("country_code", "state"))
    assert {code for code, state in states.items() if state == "ended"} == {"PE", "CL", "GH", "NP", "MT"}
    assert Advisory.objects.filter(state="active", fetched_at=NOW + HOUR).count() == 5
    assert AdvisoryVersion.objects.filter(change="ended", is_notable=True).count() == 5
    kept = Entry.objects.get(action="source.taken_as_complete")
    assert kept.actor_id == world.olga.pk
    assert kept.detail == {"before": 10, "now": 5, "ended": 5, "reason": "They closed five notices"}
    cdc.refresh_from_db()
    assert (cdc.consecutive_failures, cdc.last_ok_at, cdc.due_at) == (0, NOW + HOUR, NOW + 4 * HOUR)
    # The next answers of that size are good.
    poll(cdc, web, *PLACES[:5], at_hour=5)
    poll(cdc, web, *PLACES[1:5], "Cuba", at_hour=6)
    assert [row.outcome for row in cdc.fetches.all()[:3]] == ["new", "unchanged", "new"]


def test_a_page_of_an_entry_that_was_read_since_is_no_later_register(web: Web, world: World, cdc: Source) -> None:
    """What the taken answer newly lists is told, and what it lacks ends at once, whichever pages came meanwhile."""
    poll(cdc, web, *PLACES[:5], "Cuba", at_hour=2)
    half = cdc.fetches.all()[0]
    for place in ("JP", "PE"):
        Advisory.objects.filter(country_code=place).update(fetched_at=NOW + 3 * HOUR)
    report = take_as_complete(cdc, document=half.document_id, reason="They closed five", by=world.olga)
    assert (report.new, report.ended) == (1, 5)
    # Cuba is new, not “first seen” as in a register from before the last.
    assert list(AdvisoryVersion.objects.filter(advisory__country_code="CU").values_list("change", flat=True)) == ["new"]
    peru = Advisory.objects.get(country_code="PE")
    assert (peru.state, peru.ended_at) == ("ended", NOW + 3 * HOUR)
    assert Advisory.objects.get(country_code="JP").state == "active"


def test_another_answer_that_came_meanwhile_is_not_taken_with_it(
    world: World, client_of: ClientOf, web: Web, cdc: Source
) -> None:
    seen = cdc.fetches.all()[0].document_id
    poll(cdc, web, *PLACES[3:8], at_hour=2)
    olga = client_of(world.olga)
    page = olga.post(f"{ADDRESS}complete/", {"document": seen, "reason": "Short"}).content.decode()
    assert "Another answer has come meanwhile. Look at it first." in page
    newer = cdc.fetches.all()[0].document_id
    assert newer != seen and f'name="document" value="{newer}"' in page
    assert Advisory.objects.filter(state="active").count() == 10


def test_without_a_reason_and_when_nothing_waits_nothing_is_taken(
    world: World, client_of: ClientOf, web: Web, cdc: Source
) -> None:
    olga = client_of(world.olga)
    document = cdc.fetches.all()[0].document_id
    for reason in ("", "  "):
        page = olga.post(f"{ADDRESS}complete/", {"document": document, "reason": reason})
        assert page.status_code == 200 and 'aria-invalid="true"' in page.content.decode()
    poll(cdc, web, *PLACES, at_hour=2)
    assert "waits for you" not in olga.get(ADDRESS).content.decode()
    gone = olga.post(f"{ADDRESS}complete/", {"document": document, "reason": "Short"}, follow=True)
    assert "No answer of this source waits for that." in gone.content.decode()
    assert Advisory.objects.filter(state="active").count() == 10
    assert not Entry.objects.filter(action="source.taken_as_complete").exists()


@pytest.mark.parametrize("name", ["alice", "bob", "dana"])
def test_nobody_else_takes_it(world: World, client_of: ClientOf, cdc: Source, name: str) -> None:
    document = cdc.fetches.all()[0].document_id
    answer = client_of(getattr(world, name)).post(f"{ADDRESS}complete/", {"document": document, "reason": "Short"})
    assert answer.status_code == 404
    assert Advisory.objects.filter(state="active").count() == 10


def test_a_page_in_its_place_is_no_shorter_answer(world: World, client_of: ClientOf, web: Web, cdc: Source) -> None:
    web.pages[cdc.url] = b"<html><title>Log in</title></html>"
    with clock.held_at(NOW + 2 * HOUR):
        Source.objects.update(due_at=clock.now())
        jobs.run_due()
    assert "waits for you" not in client_of(world.olga).get(ADDRESS).content.decode()


def test_a_source_that_is_not_said_to_list_all_has_no_half_answer(web: Web) -> None:
    row = source(
        "cdc", "cdc", url="https://cdc.example.org/rss", is_enabled=True, request_seconds=0, lists_all=False
    )
    poll(row, web, *PLACES, at_hour=0)
    poll(row, web, *PLACES[:5], at_hour=1)
    assert row.fetches.all()[0].outcome == "new"
    assert Advisory.objects.filter(state="active").count() == 10
