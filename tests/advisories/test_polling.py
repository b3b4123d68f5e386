"""Registers asked over the network: only what changed is asked again, and what does not answer becomes stale."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from safeconduct.advisories import jobs
from safeconduct.advisories.ingest import read_again, read_document
from safeconduct.advisories.models import Advisory, AdvisoryVersion
from safeconduct.advisories.queries import advice_for
from safeconduct.alerts import jobs as alerts
from safeconduct.feeds import fetching, hosts
from safeconduct.feeds.actions import keep_document
from safeconduct.feeds.models import LinkedMessage, Rejection, Source
from safeconduct.lib import clock, http
from tests.advisories.registers import DAY, NOW, source
from tests.feeds.network import says

pytestmark = pytest.mark.django_db
API = "https://www.gov.uk/api/content/foreign-travel-advice"
HOUR = timedelta(hours=1)


class Web:
    """What stands at which address, and what was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | Exception] = {}
        self.asked: list[str] = []

    def get(self, url: str, **_asked: object) -> http.Answer:
        self.asked.append(url.rpartition("/")[2])
        page = self.pages[url]
        if isinstance(page, Exception):
            raise page
        return http.Answer(url, 200, page, "application/json", "", "")

    def put(self, slug: str, status: list[str], updated: str) -> None:
        """Serve the item of a country."""
        body = "<p>Keep <a href='/x'>informed</a>.<script>alert(1)</script></p>"
        self.pages[f"{API}/{slug}"] = json.dumps(
            {
                "document_type": "travel_advice", "content_id": f"id-{slug}", "title": f"{slug} travel advice", "locale": "en",
                "base_path": f"/foreign-travel-advice/{slug}", "public_updated_at": updated,
                "details": {
                    "country": {"name": slug.title(), "slug": slug}, "alert_status": status, "summary": "",
                    "change_description": "Updated", "parts": [{"slug": "warnings", "title": "Warnings", "body": body}],
                },
            }
        ).encode()  # fmt: skip

    def index(self, **updated: str) -> None:
        """Serve the index: slug → when it was updated."""
        children = [
            {
                "content_id": f"id-{slug}", "title": slug.title(), "base_path": f"/foreign-travel-advice/{slug}",
                "web_url": f"https://www.gov.uk/foreign-travel-advice/{slug}", "public_updated_at": at, "locale": "en",
                "details": {"country": {"name": slug.title(), "slug": slug}, "change_description": "Updated"},
            }
            for slug, at in updated.items()
        ]  # fmt: skip
        self.pages[API] = json.dumps(
            {"document_type": "travel_advice_index", "links": {"children": children}}
        ).encode()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    """Stand in for the network; nobody waits."""
    made = Web()
    monkeypatch.setattr(http, "get", made.get)
    monkeypatch.setattr(hosts, "sleep", lambda seconds: None)
    monkeypatch.setattr(fetching, "JITTER", 0.0)
    return made


@pytest.fixture
def fcdo() -> Source:
    """Return the polled source."""
    return source("fcdo", "fcdo", url=API, is_enabled=True, due_at=NOW, poll_seconds=3600, request_seconds=0)


def work(at: datetime) -> list[str]:
    """Poll and follow what is due at an instant; alerts' own rounds touch nothing of it."""
    with clock.held_at(at):
        assert alerts.run_due() == 0 and alerts.follow_due() == 0
        polled = jobs.run_due()
        while jobs.follow_due():
            pass
        return [str(polled)]


T1, T2 = "2026-11-01T10:00:00Z", "2026-11-20T12:30:00Z"


def test_entries_are_asked_for_and_asked_again_only_when_the_index_says_that_they_changed(
    web: Web, fcdo: Source
) -> None:
    web.index(japan=T1, kenya=T1)
    web.put("japan", [], T1)
    web.put("kenya", ["avoid_all_travel_to_parts"], T1)
    work(NOW)
    assert web.asked == ["foreign-travel-advice", "japan", "kenya"]
    levels = dict(Advisory.objects.values_list("country_code", "level_max"))
    assert levels == {"JP": 1, "KE": 4}
    with clock.held_at(NOW + HOUR):
        (kenya,) = advice_for("KE")
    (warnings,) = kenya.sections["warnings"]
    assert 'href="https://www.gov.uk/x"' in warnings.html and "script" not in warnings.html
    assert kenya.is_partial and not kenya.is_stale
    web.asked.clear()
    work(NOW + HOUR)
    assert web.asked == ["foreign-travel-advice"]
    web.index(japan=T1, kenya=T2)
    web.put("kenya", ["avoid_all_travel_to_whole_country"], T2)
    web.asked.clear()
    work(NOW + 2 * HOUR)
    assert web.asked == ["foreign-travel-advice", "kenya"]
    told = AdvisoryVersion.objects.get(is_notable=True)
    assert (told.change, told.previous_level, told.level, told.note) == ("raised", 2, 4, "Updated")
    assert Advisory.objects.get(country_code="KE").level_since.hour == 12


def test_an_entry_that_cannot_be_read_is_stale_and_the_others_are_not(web: Web, fcdo: Source) -> None:
    web.index(japan=T1, kenya=T1)
    web.put("japan", [], T1)
    web.put("kenya", [], T1)
    work(NOW)
    web.index(japan=T1, kenya=T2)
    web.pages[f"{API}/kenya"] = says(503)
    work(NOW + HOUR)
    with clock.held_at(NOW + HOUR):
        assert [one.is_stale for code in ("KE", "JP") for one in advice_for(code)] == [True, False]


@pytest.mark.parametrize("status", [403, 503])
def test_a_register_that_refuses_for_a_week_is_stale_and_nothing_has_ended(
    web: Web, fcdo: Source, status: int
) -> None:
    web.index(japan=T1)
    web.put("japan", ["avoid_all_travel_to_whole_country"], T1)
    work(NOW)
    web.pages[API] = says(status)
    for hour in range(0, 7 * 24, 3):
        work(NOW + (hour + 1) * HOUR)
    with clock.held_at(NOW + 7 * DAY):
        (advice,) = advice_for("JP")
        fcdo.refresh_from_db()
        assert advice.is_stale and fcdo.is_stale
    assert (advice.level, advice.fetched_at) == (4, NOW)
    assert Advisory.objects.get().state == "active"


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{}", b"", b"<html><title>Log in</title></html>", b'{"links": {"children": []}}', b'{"links": '],
)
def test_what_is_no_register_is_refused_with_a_reason(web: Web, fcdo: Source, body: bytes) -> None:
    web.index(japan=T1)
    web.put("japan", [], T1)
    work(NOW)
    web.pages[API] = body
    work(NOW + HOUR)
    row = fcdo.fetches.first()
    assert row is not None and row.outcome == "refused" and row.problem
    assert Rejection.objects.filter(source=fcdo).exists()
    assert Advisory.objects.get().state == "active"


def test_a_source_that_only_links_asks_for_no_entry(web: Web, fcdo: Source) -> None:
    Source.objects.update(display="link")
    web.index(japan=T1)
    work(NOW)
    assert web.asked == ["foreign-travel-advice"] and not LinkedMessage.objects.exists()


def test_a_reader_is_proved_by_an_entry_of_a_poll_that_was_really_read(web: Web, fcdo: Source) -> None:
    """Not by an index alone, by a page that is none, nor by a file that somebody handed in."""

    def is_proved(at: datetime) -> bool:
        work(at)
        with clock.held_at(at):
            (advice,) = advice_for("JP")
        return not advice.built_to_shape

    web.index(japan=T1)
    web.pages[f"{API}/japan"] = says(403)
    assert not is_proved(NOW)
    assert fcdo.fetches.filter(outcome="new", read_count=1).exists()
    web.put("japan", ["never_heard_of"], T1)
    with clock.held_at(NOW + HOUR):
        by_hand = keep_document(web.pages[f"{API}/japan"], origin="japan.json", received_at=clock.now())  # type: ignore[arg-type]
        read_document(by_hand, source=fcdo, at=clock.now())
    assert not is_proved(NOW + DAY)
    web.index(japan=T2)
    web.put("japan", ["avoid_all_travel_to_parts"], T2)
    assert is_proved(NOW + 2 * DAY)
    fcdo.refresh_from_db()
    assert fcdo.proved_at == NOW + 2 * DAY
    # It was read once: what comes later takes nothing back.
    web.pages[API] = says(403)
    assert is_proved(NOW + 3 * DAY)


def test_an_item_from_before_the_change_is_asked_for_again(web: Web, fcdo: Source) -> None:
    """A cache that lags behind its index by minutes must not hide a change for ever."""
    web.index(kenya=T1)
    web.put("kenya", [], T1)
    work(NOW)
    web.index(kenya=T2)
    work(NOW + HOUR)
    with clock.held_at(NOW + HOUR):
        assert advice_for("KE")[0].is_stale
    web.put("kenya", ["avoid_all_travel_to_whole_country"], T2)
    web.asked.clear()
    work(NOW + HOUR + timedelta(minutes=2))
    assert web.asked == ["kenya"]
    told = AdvisoryVersion.objects.get(is_notable=True)
    assert (told.previous_level, told.level) == (1, 4)
    with clock.held_at(NOW + HOUR + timedelta(minutes=3)):
        assert not advice_for("KE")[0].is_stale


def test_an_item_that_stays_behind_is_given_up_and_stale(web: Web, fcdo: Source) -> None:
    web.index(kenya=T1)
    web.put("kenya", [], T1)
    work(NOW)
    web.index(kenya=T2)
    for hour in range(1, 60):
        work(NOW + hour * HOUR)
    assert 5 <= web.asked.count("kenya") <= 14
    with clock.held_at(NOW + 60 * HOUR):
        assert advice_for("KE")[0].is_stale


def test_an_unchanged_answer_confirms_nothing_that_the_register_did_not(web: Web, fcdo: Source) -> None:
    """What could not be read in a register is not fresh because the same register came again."""
    web.index(japan=T1, kenya=T1)
    web.put("japan", [], T1)
    web.put("kenya", [], T1)
    work(NOW)
    web.index(japan=T1, kenya=T1)
    index = json.loads(web.pages[API])  # type: ignore[arg-type]
    index["links"]["children"][1]["details"]["country"]["slug"] = "!"
    index["links"]["children"][1]["base_path"] = "!"
    web.pages[API] = json.dumps(index).encode()
    for hour in range(1, 40):
        work(NOW + hour * HOUR)
    with clock.held_at(NOW + 40 * HOUR):
        fresh = {code: not advice_for(code)[0].is_stale for code in ("JP", "KE")}
    assert fresh == {"JP": True, "KE": False}
    assert Advisory.objects.get(country_code="KE").state == "active"


def test_a_name_that_is_no_text_refuses_its_entry_alone(web: Web) -> None:
    """JSON may hold half a character, which no database keeps: one such key must not stop the register for ever."""
    canada = source(
        "canada",
        "canada",
        url="https://canada.example.org/index",
        is_enabled=True,
        due_at=NOW,
        request_seconds=0,
    )
    entries = {
        key: {"eng": {"name": "Japan", "advisory-text": "Avoid all travel"}, "advisory-state": 3}
        for key in ("JP", "\ud800X", "\x00")
    }
    web.pages[canada.url] = json.dumps({"data": entries}).encode()
    work(NOW)
    row = canada.fetches.get()
    assert (row.outcome, row.read_count, row.refused_count) == ("new", 1, 2)
    assert Advisory.objects.get().country_code == "JP"


def notices(*places: str) -> bytes:
    """Return the feed of health notices about these places."""
    items = "".join(
        f"<item><title>Level 2 - Dengue in {place}</title>"
        f"<link>https://wwwnc.cdc.gov/travel/notices/level2/dengue-{place.lower()}</link></item>"
        for place in places
    )
    return f"<rss version='2.0'><channel>{items}</channel></rss>".encode()


def test_a_document_that_is_read_again_is_no_second_register(web: Web) -> None:
    cdc = source(
        "cdc", "cdc", url="https://cdc.example.org/rss", is_enabled=True, due_at=NOW, request_seconds=0
    )
    places = ["Kenya", "Japan", "France", "Norway", "Fiji", "Peru", "Chile", "Ghana"]
    web.pages[cdc.url] = notices(*places)
    work(NOW)
    web.pages[cdc.url] = notices(*places[1:])
    work(NOW + HOUR)
    kenya = Advisory.objects.get(country_code="KE")
    assert (kenya.state, kenya.missing_since) == ("active", NOW + HOUR)
    cdc.refresh_from_db()
    cdc.last_ok_at = NOW + HOUR + timedelta(seconds=5)
    cdc.save()
    read_again(cdc)
    kenya.refresh_from_db()
    assert kenya.state == "active"
    work(NOW + 2 * HOUR)
    kenya.refresh_from_db()
    assert kenya.state == "ended"
    assert AdvisoryVersion.objects.get(advisory=kenya, change="ended").is_notable
