"""A document that somebody hands in: the counts are true, and the page of the source says when and how it was read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from tests.advisories.registers import DAY, NOW, source
from tests.advisories.test_polling import API, Web
from tests.conftest import World

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User | None], Client]


def us(title: str, code: str) -> dict[str, object]:
    """Return an entry as the U.S. Department of State writes it."""
    return {"Title": title, "Link": f"https://travel.state.gov/{code}", "Category": [code], "Summary": "", "id": code,
            "Published": "2026-11-01T00:00:00-04:00", "Updated": "2026-11-01T00:00:00-04:00"}  # fmt: skip


def test_a_source_that_was_handed_in_says_when_and_from_which_file(
    world: World, client_of: ClientOf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source("us", "us-state")
    file = tmp_path / "advisories-2026.json"
    file.write_text(json.dumps([us("Atlantis - Level 4: Do Not Travel", "ZZ"), us("Japan - Level 1: Exercise Normal Precautions", "JA")]))  # fmt: skip
    with clock.held_at(NOW):
        call_command("advisories", "sync", "--source", "us", "--file", str(file))
    said = capsys.readouterr().out
    assert said.splitlines() == [
        "us: entries read: 1", "  seen for the first time: 1", "  changes that travellers are told of: 0",
        "  name:atlantis: no table knows the place “ZZ”",
    ]  # fmt: skip
    olga = client_of(world.olga)
    for address in ("/desk/sources/of/us/", "/desk/sources/?show=all"):
        page = olga.get(address).content.decode()
        assert "Fri 20 Nov, 12:00 (UTC)</time>, from the file “advisories-2026.json”" in page, address
    call_command("sources")
    assert "2026-11-20 12:00Z" in capsys.readouterr().out
    # A poll that came later is what was read last.
    Source.objects.update(last_ok_at=NOW + DAY)
    assert "from the file" not in olga.get("/desk/sources/of/us/").content.decode()


def test_the_counts_of_an_index_that_only_names_its_entries_are_true(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source("fcdo", "fcdo")
    web = Web()
    web.index(japan="2026-11-01T10:00:00Z", kenya="2026-11-01T10:00:00Z")
    (tmp_path / "index.json").write_bytes(bytes(web.pages[API]))  # type: ignore[arg-type]
    web.put("japan", ["avoid_all_travel_to_parts"], "2026-11-01T10:00:00Z")
    (tmp_path / "japan.json").write_bytes(bytes(web.pages[f"{API}/japan"]))  # type: ignore[arg-type]

    def sync(name: str) -> dict[str, int]:
        call_command("advisories", "sync", "--source", "fcdo", "--file", str(tmp_path / name), "--json")
        counts = json.loads(capsys.readouterr().out)
        return {key: value for key, value in counts.items() if isinstance(value, int) and value}

    assert sync("index.json") == {"read": 2, "new": 2, "level_not_read_yet": 2, "pages_to_ask": 2}
    assert sync("japan.json") == {"read": 1, "level_first_read": 1}
    assert sync("japan.json") == {"read": 1, "unchanged": 1}
    assert sync("index.json") == {"read": 2, "unchanged": 2, "level_not_read_yet": 1}
