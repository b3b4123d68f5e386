"""What is dropped when, and what never is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import ProtectedError

from safeconduct.alerts import jobs as alerts
from safeconduct.alerts.models import AlertVersion
from safeconduct.feeds import actions, jobs
from safeconduct.feeds.models import Document, Fetch, Host, LinkedMessage, Reissue, Rejection, Source
from safeconduct.lib import clock
from tests.alerts.messages import NOW, message
from tests.feeds.network import Install, ok

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=31)
AREAS = {name: f"{n},0 {n},1 {n + 1},1 {n + 1},0 {n},0" for name, n in (("A", 10), ("B", 20), ("C", 30))}
MUCH_LATER = NOW + timedelta(days=4000)


@pytest.fixture
def source() -> Source:
    return Source.objects.create(
        key="weather", name="Weather", format="cap", url="https://example.org/cap", country_code="PT"
    )


def kept(body: bytes = b"x", at: datetime = NOW) -> Document:
    return actions.keep_document(body, origin="https://example.org/x", received_at=at)


def tried(source: Source, at: datetime, outcome: str = "new", **values: Any) -> Fetch:
    return Fetch.objects.create(source=source, started_at=at, finished_at=at, outcome=outcome, **values)


def drop(at: datetime, limit: int = 1000) -> int:
    with clock.held_at(at):
        return jobs.drop_due(limit)


def test_a_document_goes_after_its_days_and_its_refusals_with_it(source: Source) -> None:
    document = kept()
    actions.record_rejections(document, [("entry 1", "no"), ("entry 2", "no")], source=source, at=NOW)
    fetch = tried(source, NOW, "refused", document=document, refused_count=2)
    assert drop(NOW + timedelta(days=29)) == 0
    assert drop(LATER) == 3
    assert not Document.objects.exists() and not Rejection.objects.exists()
    fetch.refresh_from_db()
    assert (fetch.document, fetch.refused_count) == (None, 2)
    assert drop(LATER) == 0


def test_the_operator_says_how_many_days(source: Source, settings: Any) -> None:
    settings.SAFECONDUCT_DOCUMENT_DAYS = 3
    kept()
    assert drop(NOW + timedelta(days=2)) == 0
    assert drop(NOW + timedelta(days=4)) == 1


def test_what_a_version_or_a_correction_stands_on_never_goes(world: Any, network: Install) -> None:
    source = Source.objects.create(
        key="weather", name="Weather", format="cap", url="https://example.org/cap", is_enabled=True, due_at=NOW
    )  # fmt: skip
    said = [message(name, headline=f"Storm {name}", polygon=area) for name, area in AREAS.items()]
    network(*map(ok, said))
    for number in range(3):
        at = NOW + timedelta(minutes=number)
        Source.objects.update(due_at=at)
        Host.objects.all().delete()
        with clock.held_at(at):
            alerts.run_due()
    idle = kept(b"nothing came of it")
    version = AlertVersion.objects.earliest("id")
    version.corrections.create(event=version.event, wrong_sha="0", reason="too large", made_by="Olga")
    source.fetches.all().delete()
    assert drop(MUCH_LATER) >= 1
    assert not Document.objects.filter(pk=idle.pk).exists()
    documents = {row.document.content() for row in AlertVersion.objects.select_related("document")}
    assert documents == set(said)
    assert Document.objects.count() == 3


def test_the_newest_good_answer_of_a_source_stays(source: Source) -> None:
    older, newest = kept(b"older"), kept(b"newest")
    tried(source, NOW, document=older)
    tried(source, NOW + timedelta(minutes=5), document=newest)
    tried(source, NOW + timedelta(days=30), "unchanged")
    assert drop(LATER) == 1
    assert Document.objects.get() == newest


def test_bytes_that_came_again_lately_stay(source: Source) -> None:
    again = kept(b"again")
    tried(source, NOW + timedelta(days=20), "refused", document=again)
    assert drop(LATER) == 0
    assert drop(NOW + timedelta(days=51)) == 1


def test_links_and_re_issues_keep_their_document_until_somebody_has_looked(source: Source) -> None:
    waiting, reissued = kept(b"waiting"), kept(b"reissued")
    link = LinkedMessage.objects.create(source=source, url="u", listed_at=LATER, document=waiting)
    reissue = Reissue.objects.create(source=source, document=reissued, at=NOW, count=9)
    assert drop(LATER) == 0
    LinkedMessage.objects.update(state="read")
    assert drop(LATER) == 1
    link.refresh_from_db()
    assert link.document is None
    Reissue.objects.update(seen_at=NOW)
    assert drop(LATER) == 1
    reissue.refresh_from_db()
    assert reissue.document is None


def test_links_that_no_index_names_any_more_and_forgotten_hosts_go(source: Source) -> None:
    LinkedMessage.objects.create(source=source, url="old", listed_at=NOW)
    LinkedMessage.objects.create(source=source, url="new", listed_at=NOW + timedelta(days=5))
    Host.objects.create(name="old.example", free_at=NOW)
    Host.objects.create(name="closed.example", free_at=NOW, closed_until=LATER + timedelta(hours=1))
    assert drop(LATER) == 1, "the index may be as it was"
    tried(source, NOW + timedelta(days=5))
    assert drop(LATER) == 1
    assert LinkedMessage.objects.get().url == "new" and Host.objects.get().name == "closed.example"


def test_the_last_tries_of_a_source_stay_and_those_that_tell_its_rhythm(source: Source) -> None:
    for number in range(60):
        tried(source, NOW - timedelta(days=40, hours=number), "new")
    for number in range(70):
        tried(source, NOW - timedelta(hours=number), "unchanged")
    other = Source.objects.create(key="b", name="B", format="cap")
    tried(other, NOW - timedelta(days=300), "failed")
    assert drop(NOW) == 0
    assert drop(NOW + timedelta(days=30)) == 20, "unchanged ones beyond the last 50"
    assert drop(NOW + timedelta(days=200)) == 10, "beyond the last 50 that brought something"
    assert source.fetches.filter(outcome="new").count() == 50
    assert source.fetches.filter(outcome="unchanged").count() == 50
    assert other.fetches.count() == 1


def test_a_call_drops_no_more_than_it_is_told(source: Source) -> None:
    for number in range(25):
        kept(b"%d" % number)
    document = Document.objects.latest("id")
    actions.record_rejections(document, [(str(n), "no") for n in range(30)], source=source, at=NOW)
    counts = []
    while count := drop(LATER, 10):
        counts.append(count)
    assert max(counts) <= 10 and sum(counts) == 55
    assert not Document.objects.exists()


def test_a_try_that_nobody_finished_is_closed(source: Source) -> None:
    long_ago = tried(source, NOW - timedelta(hours=2), "running")
    just_now = tried(source, NOW - timedelta(minutes=2), "running")
    drop(NOW)
    long_ago.refresh_from_db()
    just_now.refresh_from_db()
    assert (long_ago.outcome, just_now.outcome) == ("failed", "running")
    assert "ended before it had read" in long_ago.problem


def test_a_document_of_a_version_cannot_be_dropped_by_any_way(network: Install) -> None:
    Source.objects.create(
        key="w", name="W", format="cap", url="https://example.org/cap", is_enabled=True, due_at=NOW
    )
    network(ok(message("A")))
    with clock.held_at(NOW):
        alerts.run_due()
    with pytest.raises(ProtectedError):
        Document.objects.all().delete()
