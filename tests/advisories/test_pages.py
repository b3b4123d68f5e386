"""The page of an entry, the desk's page of names, and where it is said that a source is stale or not proved."""

from __future__ import annotations

import json
from collections.abc import Callable

from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.advisories.models import Advisory, AdvisoryVersion, UnknownName
from safeconduct.audit.models import Entry
from safeconduct.feeds.actions import keep_document
from safeconduct.feeds.models import Fetch
from safeconduct.lib import clock
from tests.advisories.registers import DAY, NOW, area, entry, of, put, section, source
from tests.conftest import World

ClientOf = Callable[[User | None], Client]


def test_an_entry_says_level_words_source_and_every_change(world: World, client_of: ClientOf) -> None:
    put(entry(level=2, sections=(section("<p>Mind the gap.</p>"),)))
    put(entry(level=4, areas=(area("Border", 3),), note="Fighting <b>began</b>"), at=NOW + DAY)
    row = of("JP")
    version = AdvisoryVersion.objects.get(number=2)
    bob = client_of(world.bob)
    with clock.held_at(NOW + DAY):
        for address in (row.public_id, version.public_id):
            page = bob.get(f"/advice/{address}/").content.decode()
            assert "Level 4 of 4, do not travel; parts of the country are better off" in page
            assert "Level 2 of 4, increased caution" in page and "Do not travel</q>" in page
            assert "Border" in page and "Fighting began" in page and "CC BY 4.0" in page
            assert "out of date" not in page
    with clock.held_at(NOW + 8 * DAY):
        assert "Last read on Sat 21 Nov 2026: may be out of date." in bob.get(f"/advice/{row.public_id}/").content.decode()
    assert bob.get("/advice/nosuchadvice/").status_code == 404


def test_words_are_shown_as_the_licence_lets_us(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    for display, is_shown in (("full", True), ("whole", True), ("excerpt", False), ("link", False)):
        mine = source(f"s-{display}", display=display)
        put(entry(sections=(section("<p>Mind the gap.</p>"),)), to=mine)
        with clock.held_at(NOW):
            page = bob.get(f"/advice/{of('JP', mine).public_id}/").content.decode()
        assert ("Mind the gap." in page) == is_shown, display
    stale = of("JP", source("s-whole"))
    with clock.held_at(NOW + 8 * DAY):
        assert "Mind the gap." not in bob.get(f"/advice/{stale.public_id}/").content.decode()


ATLANTIS = {"data": [{"Title": "Atlantis - Level 4: Do Not Travel", "Link": "https://travel.state.gov/x", "Category": ["ZZ"],
            "Summary": "", "id": "1", "Published": "2026-11-01T00:00:00-04:00", "Updated": "2026-11-01T00:00:00-04:00"}]}  # fmt: skip


def test_a_name_is_decided_and_the_last_document_is_read_again(world: World, client_of: ClientOf) -> None:
    us = source("us", "us-state")
    document = keep_document(json.dumps(ATLANTIS["data"]).encode(), origin=us.url, received_at=NOW)
    Fetch.objects.create(source=us, started_at=NOW, outcome="new", document=document)
    from safeconduct.advisories.ingest import read_document

    read_document(document, source=us, at=NOW)
    name = UnknownName.objects.get()
    olga = client_of(world.olga)
    listed = olga.get("/desk/advice/names/").content.decode()
    assert name.name in listed and "Nothing to decide" not in listed
    address = f"/desk/advice/names/{name.pk}/"
    for bad in ({"codes": "ATL"}, {"codes": "JP JA"}, {}, {"codes": "JP", "country": "KE"}):
        page = olga.post(address, bad)
        assert page.status_code == 200 and 'aria-invalid="true"' in page.content.decode(), bad
    done = olga.post(address, {"codes": "gr"}, follow=True).content.decode()
    assert "read again" in done and "Nothing to decide" in done
    row = Advisory.objects.get()
    assert (row.country_code, row.level) == ("GR", 4)
    audit = Entry.objects.get(action="advisory.name_decided")
    assert audit.detail["codes"] == "GR" and audit.actor_id == world.olga.pk
    assert "GR" in olga.get("/desk/advice/names/?show=all").content.decode()


def test_the_page_of_a_source_says_that_its_reader_is_not_proved(world: World, client_of: ClientOf) -> None:
    mine = source("cdc", "cdc")
    olga = client_of(world.olga)
    address = "/desk/sources/of/cdc/"
    for name in ("last_ok_at", "handed_in_at"):
        assert "Not checked against the live source yet" in olga.get(address).content.decode()
        setattr(mine, name, NOW)
        mine.save()
    mine.proved_at = NOW
    mine.save()
    assert "Not checked against the live source" not in olga.get(address).content.decode()
