"""The journeys of the guide: search, read, why this rating, take it along, two side by side, the coloured world."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.conftest import World
from tests.e2e import browser as chromium
from tests.e2e.conftest import OpenPage
from tests.e2e.guidescene import seed

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]
BOB, DANA = "bob@northfield.example.edu", "dana@southgate.example.edu"
PAIR = "/destinations/compare/?a=iso:KE&b=iso:JP"
WORLD = "/destinations/map/"
PATIENCE_MS = 30_000
NEW_PAGES = (PAIR, "/destinations/compare/", "/destinations/compare/?a=iso:KE&b_q=San", WORLD, "/destinations/iso:KE/", "/destinations/iso:KE/travel/", "/ratings/KE/security/")  # fmt: skip

State = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def written() -> list[bool]:
    """Holds whether the guides are written."""
    return []


@pytest.fixture
def visit(
    scene: World, written: list[bool], open_page: OpenPage, state_of: State, in_thread: Callable[..., None]
) -> Callable[..., Page]:
    """Return a function: path, person, how → the page; the guides of guidescene.py are written first."""
    if not written:
        in_thread(seed)
        written.append(True)

    def go(path: str, who: str = BOB, **how: Any) -> Page:
        page = open_page(state=state_of(who), **how)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(path)
        return page

    return go


def faults(page: Page) -> list[str]:
    found = chromium.axe_faults(page) + chromium.sideways_faults(page) + chromium.target_faults(page)
    return found + chromium.overlap_faults(page)


def test_from_the_search_to_two_side_by_side(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit("/destinations/")
    page.fill("#id_q", "kenya")
    page.locator("main [role=option]", has_text="Kenya").first.click()
    page.wait_for_url("**/destinations/iso:KE/")
    assert page.locator("h1").inner_text() == "Kenya"
    text = page.locator("main").inner_text()
    for words in ("Most visits are without incident", "satellite phone", "Flooding around Nairobi", "Kenyan Shilling", "2 of 4, 4 in parts"):  # fmt: skip
        assert words in text, words
    # Why this rating: inputs at once, everything on its own page, and back.
    assert "level 3 of 4" in page.locator("#ratings").inner_text()
    page.locator("#ratings a", has_text="History and every input").first.click()
    page.wait_for_url("**/ratings/KE/security/")
    assert "Northern Ministry of Foreign Affairs" in page.locator("main table").first.inner_text()
    assert "Our field sites lie in the north" in page.locator("main").inner_text()
    page.locator(".crumbs a", has_text="Kenya").click()
    # Taken along.
    with page.expect_download() as waiting:
        page.click("#export button[value=json]")
    waiting.value.save_as(tmp_path / "guide.json")
    guide = json.loads((tmp_path / "guide.json").read_text())
    assert "Kenya" in json.dumps(guide) and "satellite phone" in json.dumps(guide)
    # Side by side: the second place is chosen from suggestions.
    page.locator("main a", has_text="Compare").first.click()
    page.wait_for_url("**/destinations/compare/?a=iso*KE")
    page.fill("#id_b_q", "japan")
    page.locator("main [role=option]", has_text="Japan").first.click()
    page.click("main form .btn--main")
    page.wait_for_url("**a=iso:KE&b=iso:JP")
    assert page.locator("h1").inner_text() == "Kenya and Japan, side by side"
    assert page.locator("#emergency tr", has_text="Police").locator("td").nth(1).inner_text() == "110"
    page.click("main a:has-text('Swap')")
    page.wait_for_url("**a=iso:JP&b=iso:KE")
    assert page.locator("h1").inner_text() == "Japan and Kenya, side by side"


def test_the_same_without_script(visit: Callable[..., Page]) -> None:
    page = visit("/destinations/?q=kenya", javascript=False)
    page.locator("main ul.rows a", has_text="Kenya").first.click()
    # Every chapter is a link; tables of the climate open without script.
    page.locator(".tabs a", has_text="Travel").click()
    page.locator("summary", has_text="the same as a table").first.click()
    assert page.locator("main details[open] table tbody tr").count() == 12
    page.locator("main a", has_text="Compare").first.click()
    page.fill("#id_b_q", "san")
    page.click("main form .btn--main")
    assert "Which “san”?" in page.locator("main").inner_text()
    page.locator("main ul.rows a").first.click()
    assert "side by side" in page.locator("h1").inner_text() and page.locator("#ratings").is_visible()
    page.goto(WORLD)
    assert page.locator("svg.level-map a").count() > 5
    # Only those on Kenya's step.
    word = page.locator("tbody tr", has_text="Kenya").locator(".badge").first.inner_text()
    page.locator("main .chips a", has_text=word).first.click()
    words = page.locator("tbody tr td:first-of-type .badge").all_inner_texts()
    assert set(words) == {word} and "Kenya" in page.locator("tbody").inner_text()
    page.locator("main a", has_text="the worst first").click()
    page.locator("main a[data-map-alerts]").click()
    assert page.locator("svg.level-map a use").count() >= 1


def test_what_an_organisation_says_stays_with_it(visit: Callable[..., Page]) -> None:
    mine = visit("/destinations/iso:KE/").locator("main").inner_text()
    assert "From Northfield University" in mine and "satellite phone" in mine
    for path in ("/destinations/iso:KE/", PAIR, WORLD, "/ratings/KE/security/"):
        theirs = visit(path, DANA)
        assert theirs.locator("h1").count() == 1
        text = theirs.content()
        for words in ("satellite phone", "Our field sites", "Northfield"):
            assert words not in text, (path, words)


@pytest.mark.parametrize("path", NEW_PAGES)
def test_pages_are_accessible(visit: Callable[..., Page], path: str) -> None:
    found = []
    for width, scheme in ((360, "dark"), (768, "light"), (1280, "light")):
        page = visit(path, width=width, scheme=scheme)
        found += [f"{width}: {fault}" for fault in faults(page)]
        if width == 360:
            page.set_viewport_size({"width": 320, "height": 500})
            found += [f"320: {fault}" for fault in chromium.sideways_faults(page)]
        levels = page.evaluate(
            "[...document.querySelectorAll('main :is(h1,h2,h3,h4)')].map(e => +e.tagName[1])"
        )
        if levels[0] != 1 or any(after > before + 1 for before, after in pairwise(levels)):
            found.append(f"headings {levels}")
        dead = page.evaluate(
            "[...document.querySelectorAll('main a[href^=\"#\"]')].map(e => e.hash.slice(1)).filter(id => id && !document.getElementById(id))"
        )
        found += [f"leads nowhere: #{name}" for name in dead]
        page.context.close()
    assert found == []


@pytest.mark.parametrize("path", [PAIR, "/destinations/iso:KE/"])
def test_by_keyboard_alone(visit: Callable[..., Page], path: str) -> None:
    page = visit(path, width=1280)
    stops, found = chromium.keyboard_walk(page)
    assert found == [] and stops[0] == "Skip to the content"


def test_the_coloured_world_by_pointer_and_keyboard(visit: Callable[..., Page], site: str) -> None:
    asked: list[str] = []
    page = visit("/")
    page.on("request", lambda request: asked.append(request.url))
    page.goto(WORLD)
    page.wait_for_selector("#level-map[data-drawn=yes]")
    assert page.locator(".map-still").is_hidden()
    # By pointer: names lie over their countries and let it through.
    box = page.locator(".map-names span", has_text="Russia").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 - 14)
    popup = page.locator(".map-popup")
    popup.locator("a", has_text="Open the guide").wait_for()
    assert "Russia" in popup.inner_text() and popup.locator(".badge").count() == 1
    page.keyboard.press("Escape")
    page.wait_for_selector(".map-popup", state="detached")
    # By keyboard: Enter says what lies in the middle, which goes north to a country of the list.
    page.locator("#level-map canvas").first.focus()
    for _step in range(8):
        page.keyboard.press("Enter")
        page.wait_for_timeout(300)
        if popup.count():
            break
        page.keyboard.press("ArrowUp")
        page.wait_for_timeout(1500)
    popup.locator("a", has_text="Open the guide").wait_for()
    assert chromium.axe_faults(page) == []
    page.keyboard.press("Escape")
    page.wait_for_selector(".map-popup", state="detached")
    # Alerts come when they are asked for, and are gone again.
    assert not [url for url in asked if "map.json" in url]
    with page.expect_response("**/alerts/map.json"):
        page.click("[data-map-alerts]")
    page.wait_for_url("**alerts=1")
    assert page.locator("[data-map-alerts]").get_attribute("aria-current") == "true"
    page.click("[data-map-alerts]")
    page.wait_for_url(re.compile(r"map/$"))
    assert [url for url in asked if not url.startswith((site, "data:", "blob:"))] == []


def test_right_to_left(visit: Callable[..., Page]) -> None:
    page = visit("/")
    page.context.add_cookies([{"name": "safeconduct_language", "value": "ar", "url": page.url}])
    for path in (PAIR, WORLD, "/destinations/iso:KE/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.dir") == "rtl"
        assert chromium.sideways_faults(page) + chromium.axe_faults(page) == []
    assert "كينيا" in page.locator("h1").inner_text()


def test_on_paper(visit: Callable[..., Page]) -> None:
    page = visit(PAIR)
    page.emulate_media(media="print")
    assert page.locator("#ratings table").is_visible() and page.locator("main form").is_hidden()
    assert page.locator(".helpline").is_visible() and page.locator(".nav").is_hidden()
    assert chromium.sideways_faults(page) == []
