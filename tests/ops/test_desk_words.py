"""What the desk says in words: the log, a poll by hand, the form of a source, filters that are no choice, one count."""

from __future__ import annotations

import ast
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.alerts.actions import end_passed
from safeconduct.alerts.formats import READERS
from safeconduct.alerts.recognise import format_of
from safeconduct.feeds.models import Fetch, Source
from safeconduct.lib import clock
from safeconduct.ops import changewords, health
from tests.alerts.conftest import site as site
from tests.alerts.index_site import Site
from tests.alerts.messages import message, put
from tests.conftest import World

ClientOf = Callable[[User | None], Client]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
NEW = {
    "key": "coast", "format": "cap", "name": "Coast", "url": "https://cap.example.org/a.xml", "country_code": "PT",
    "display": "excerpt", "trust": "official", "poll_seconds": "300", "request_seconds": "1",
}  # fmt: skip


def codes_written() -> set[str]:
    """Return every code that the source text hands to the log."""
    found = set()
    for path in (ROOT / "safeconduct").rglob("*.py"):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            texts = [*ast.walk(node.args[0])] if name == "record" else []
            texts += [keyword.value for keyword in node.keywords if keyword.arg == "action"]
            found |= {
                one.value for one in texts if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
    return {code for code in found if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", code)}


def test_every_code_of_the_log_has_words() -> None:
    codes = codes_written()
    assert len(codes) > 60
    assert codes <= set(changewords.WORDS)


def test_the_log_speaks_words_and_finds_them(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    with clock.held_at(NOW):
        olga.post("/desk/sources/add/", NEW)
        page = olga.get("/desk/audit/?q=source added").content.decode()
    assert "Source added" in page and "Olga Berg" in page
    assert world.olga.audit_label not in page


def source_at(site: Site, **values: Any) -> Source:
    given = {"key": "coast", "name": "Coast", "format": "cap", "url": f"{site.url}/a.xml", "is_enabled": True}
    return Source.objects.create(**{**given, "request_seconds": 0, **values})


def polled(client: Client) -> str:
    return client.post("/desk/sources/of/coast/switch/", {"do": "now"}, follow=True).content.decode()


def test_a_poll_by_hand_says_what_came(world: World, client_of: ClientOf, site: Site) -> None:
    source_at(site)
    olga = client_of(world.olga)
    with clock.held_at(NOW):
        site.put("/a.xml", message("A"))
        assert "Read: 1 messages, 1 of them new; 0 entries refused." in polled(olga)
        assert "Unchanged: it says what it said last time." in polled(olga)
        site.put("/a.xml", b"<html>log in</html>")
        assert "Refused: " in polled(olga)
        site.put("/a.xml", b"", status=503)
        assert "Not reached: " in polled(olga)
        Source.objects.update(lease_by="a worker", lease_until=NOW + timedelta(minutes=5))
        assert "It is being asked already" in polled(olga)
    assert Fetch.objects.count() == 4


def test_another_format_than_the_sources_is_named(world: World, client_of: ClientOf, site: Site) -> None:
    source_at(site, format="usgs")
    site.put("/a.xml", message("A"))
    with clock.held_at(NOW):
        page = polled(client_of(world.olga))
    assert "it looks like CAP" in page


@pytest.mark.parametrize("key", sorted(READERS))
def test_what_a_document_looks_like_is_told_from_its_bytes(key: str) -> None:
    """Each golden document of a format is taken for it, or for CAP where it is a CAP message."""
    folder = GOLDEN / key
    documents = [path for path in sorted(folder.rglob("*")) if path.suffix in (".xml", ".geojson", ".json")]
    seen = [
        (path.name, format_of(path.read_bytes(), besides=""))
        for path in documents
        if "expected" not in path.name
    ]
    assert any(found == key for _name, found in seen), seen


def test_a_source_form_says_what_is_meant(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    page = olga.get("/desk/sources/add/").content.decode()
    assert "Two letters (ISO 3166), e.g. DE." in page and "Short name" in page
    page = olga.post("/desk/sources/add/", {**NEW, "url": "ftp://cap.example.org/a"}).content.decode()
    assert "it begins with http:// or https://" in page
    page = olga.post("/desk/sources/add/", {**NEW, "country_code": "XQ"}).content.decode()
    assert "no country’s code" in page
    assert olga.post("/desk/sources/add/", {**NEW, "country_code": "pt"}).status_code == 302
    assert Source.objects.get(key="coast").country_code == "PT"


def test_what_is_no_choice_of_a_filter_is_named(world: World, client_of: ClientOf) -> None:
    olga, bob = client_of(world.olga), client_of(world.bob)
    for client, address in (
        (olga, "/desk/events/?kind=zzkind"), (olga, "/desk/events/?country=QQ&state=zz"),
        (olga, "/desk/sources/?show=zz"), (bob, "/alerts/?severity=zz"), (bob, "/alerts/map/?source=zz"),
    ):  # fmt: skip
        page = client.get(address).content.decode()
        assert "Not a choice here, and left out:" in page, address
    for client, address in (
        (olga, "/desk/events/?kind=flood&country=PT&state=ended"),
        (bob, "/alerts/?severity=Severe"),
    ):
        assert "Not a choice here" not in client.get(address).content.decode(), address


def test_ended_events_and_what_was_read_by_hand_are_a_link_away(world: World, client_of: ClientOf) -> None:
    put(message("A", headline="Storm that passes", expires="2026-11-20T13:00:00+00:00"), at=NOW)
    olga = client_of(world.olga)
    later = NOW + timedelta(hours=2)
    with clock.held_at(later):
        end_passed(at=later, limit=10)
        active = olga.get("/desk/events/").content.decode()
        ended = olga.get("/desk/events/?state=ended&source=by-hand-cap").content.decode()
        by_hand = olga.get("/desk/sources/?show=hand").content.decode()
    assert "Storm that passes" not in active and "?state=ended" in active and "?show=hand" in active
    assert "Storm that passes" in ended and "1 ended event" in ended
    assert "/desk/sources/of/by-hand-cap/" in by_hand


def test_the_desk_and_the_list_of_sources_name_one_number(
    world: World, client_of: ClientOf, site: Site
) -> None:
    with clock.held_at(NOW):
        quiet = source_at(site, key="partial", last_ok_at=NOW)
        source_at(site, key="failing", last_ok_at=NOW, consecutive_failures=1)
        quiet.links.create(url="https://cap.example.org/1", state="unreachable", listed_at=NOW)
        said = next(check for check in health.report().checks if check.code == "sources")
        page = client_of(world.olga).get("/desk/sources/").content.decode()
    assert (said.figure, said.url) == ("2 of 2", "/desk/sources/?show=needs")
    assert "Needs you 2" in page


def test_the_list_of_sources_fits_the_terminal(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    Source.objects.create(
        key="coast", name="Coast", format="cap", url="https://cap.example.org/" + "a" * 90, licence="x" * 90
    )
    out = io.StringIO()
    call_command("sources", stdout=out)
    assert all(len(line) <= 72 for line in out.getvalue().splitlines()) and "coast" in out.getvalue()
    out = io.StringIO()
    call_command("sources", "--json", stdout=out)
    row = next(one for one in json.loads(out.getvalue()) if one["name"] == "coast")
    assert row["url"].endswith("a" * 90) and row["licence"] == "x" * 90


def test_a_map_at_the_desk_names_its_cities(world: World, client_of: ClientOf) -> None:
    version = put(message("A"), at=NOW).version
    with clock.held_at(NOW):
        page = client_of(world.olga).get(f"/desk/events/{version.event.incident.public_id}/").content.decode()
    assert "Lisbon</text>" in page


def test_a_poll_of_official_advice_by_hand_says_what_came(
    world: World, client_of: ClientOf, site: Site
) -> None:
    source_at(site, format="smartraveller")
    item = "<item><title>Japan</title><link>https://example.org/destinations/asia/japan</link></item>"
    site.put("/a.xml", f"<rss version='2.0'><channel>{item}</channel></rss>".encode())
    olga = client_of(world.olga)
    with clock.held_at(NOW):
        assert "Read: 1 messages, 1 of them new; 0 entries refused." in polled(olga)
        assert "Unchanged: it says what it said last time." in polled(olga)
        Source.objects.update(lease_by="a worker", lease_until=NOW + timedelta(minutes=5))
        assert "It is being asked already" in polled(olga)
