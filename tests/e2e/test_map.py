"""The map of alerts in a browser: drawn from this site alone, by keyboard, without script, without WebGL, in Arabic."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e import browser as chromium

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]
BOB = "bob@northfield.example.edu"
PATIENCE_MS = 30_000
# How many colours a picture has: a drawn map has many, an empty canvas one.
COLOURS = """async bytes => {
  const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)], {type: 'image/png'}));
  const on = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
  on.drawImage(picture, 0, 0);
  const data = on.getImageData(0, 0, picture.width, picture.height).data;
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
  return seen.size;
}"""

# The first is the test's own doing, the second a hint of drawing in software.
EXPECTED = re.compile("Service Worker registration blocked|GPU stall")

OpenMap = Callable[..., Page]


@pytest.fixture
def open_map(browser: Browser, site: str, state_of: Callable[[str], dict[str, Any]]) -> Iterator[OpenMap]:
    """Open the map; whatever the console complains of, and every request to elsewhere, fails the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(
        *, width: int = 1280, ready: str = "ready", query: str = "", before: str = "", **more: Any
    ) -> Page:
        context = browser.new_context(
            base_url=site, viewport={"width": width, "height": 900}, storage_state=state_of(BOB),  # type: ignore[arg-type]
            service_workers="block", **{"locale": "en-GB", **more},
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda line: (
                problems.append(line.text)
                if line.type in {"error", "warning"} and not EXPECTED.search(line.text)
                else None
            ),
        )
        page.on(
            "request",
            lambda asked: problems.append(asked.url) if not asked.url.startswith((site, "data:")) else None,
        )
        if before:
            page.add_init_script(before)
        page.goto("/alerts/map/" + query)
        if ready:
            page.wait_for_selector(f"#alert-map[data-state={ready}]")
        return page

    yield make
    for context in contexts:
        context.close()
    assert problems == []


def test_the_map_is_drawn_from_this_site_alone(open_map: OpenMap, pictures: Path | None) -> None:
    page = open_map()
    page.wait_for_selector("#alert-map[data-drawn=yes]")
    assert page.locator(".map-still").is_hidden()
    canvas = page.locator(".maplibregl-canvas")
    picture = canvas.screenshot()
    assert page.evaluate(COLOURS, list(picture)) > 40
    assert "Russia" in page.locator(".map-names").inner_text()
    assert chromium.axe_faults(page) + chromium.sideways_faults(page) + chromium.target_faults(page) == []
    if pictures:
        page.screenshot(path=pictures / "map-1280.png")


def test_an_alert_is_opened_by_pointer_and_by_keyboard(open_map: OpenMap) -> None:
    page = open_map(query="?country=PH")
    button = page.locator("[data-map-show]", has_text="Typhoon will cross Leyte")
    button.focus()
    page.keyboard.press("Enter")
    link = page.locator(".map-popup a", has_text="Typhoon will cross Leyte")
    link.wait_for()
    page.wait_for_function("document.activeElement.closest('.map-popup')")
    assert "Concerns you" in page.locator(".map-popup").inner_text()
    assert chromium.axe_faults(page) == []
    page.keyboard.press("Escape")
    page.wait_for_selector(".map-popup", state="detached")
    assert page.evaluate("document.activeElement.dataset.mapShow") == button.get_attribute("data-map-show")
    # The sign stands in the middle now: the pointer finds it there.
    box = page.locator(".maplibregl-canvas").bounding_box()
    assert box is not None
    page.locator(".maplibregl-canvas").click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    page.locator(".map-popup a").first.click()
    page.wait_for_url("**/alerts/*/")
    assert "Typhoon will cross Leyte" in page.locator("h1").inner_text()


CROWDED = """const ask = window.fetch;
window.fetch = async (...asked) => {
  const answer = await ask(...asked);
  if (!(answer.headers.get('content-type') ?? '').includes('geo+json')) return answer;
  const data = await answer.json();
  const sign = data.features.find(
    one => one.properties.part === 'sign' && one.properties.title.includes('will cross Leyte'));
  for (let n = 0; sign && n < 11; n += 1)
    data.features.push({...sign, properties: {...sign.properties, id: `copy${n}`, title: `Another warning ${n}`}});
  return new Response(JSON.stringify(data), {headers: {'content-type': 'application/geo+json'}});
};"""


def test_every_alert_of_one_place_is_reached_by_keyboard(open_map: OpenMap) -> None:
    """Twelve signs on one spot, or one more from another test: opened together, each a tab away."""
    page = open_map(query="?country=PH", before=CROWDED)
    page.locator("[data-map-show]", has_text="Typhoon will cross Leyte").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".map-popup :focus")
    popup = page.locator(".map-popup")
    assert re.search(r"At this place: 1[2-4]\b", popup.inner_text())
    seen = set()
    for _step in range(16):
        seen.add(page.evaluate("document.activeElement.textContent"))
        page.keyboard.press("Tab")
    assert {f"Another warning {n}" for n in range(11)} <= seen
    assert chromium.axe_faults(page) == []


def test_the_map_takes_arrow_keys(open_map: OpenMap) -> None:
    page = open_map()
    canvas = page.locator(".maplibregl-canvas")
    assert "arrow keys" in (canvas.get_attribute("aria-label") or "")
    where = (
        "[...document.querySelectorAll('.map-names span')].map(e => e.textContent + e.style.transform).join()"
    )
    before = page.evaluate(where)
    canvas.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"before => {where} !== before", arg=before)
    page.keyboard.press("+")
    page.wait_for_timeout(800)


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (768, "light")])
def test_small_screens_and_night(open_map: OpenMap, width: int, scheme: str) -> None:
    page = open_map(width=width, color_scheme=scheme)
    assert chromium.axe_faults(page) + chromium.sideways_faults(page) + chromium.target_faults(page) == []
    page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
    page.wait_for_timeout(800)
    assert page.evaluate(COLOURS, list(page.locator(".maplibregl-canvas").screenshot())) > 20


def test_right_to_left(open_map: OpenMap) -> None:
    page = open_map(locale="ar", ready="")
    page.context.add_cookies([{"name": "safeconduct_language", "value": "ar", "url": page.url}])
    page.goto("/alerts/map/?country=PH")
    page.wait_for_selector("#alert-map[data-state=ready]")
    assert page.evaluate("document.documentElement.dir") == "rtl"
    assert "روسيا" in page.locator(".map-names").inner_text()
    page.locator("[data-map-show]").first.click()
    page.locator(".map-popup a").first.wait_for()
    assert chromium.sideways_faults(page) + chromium.axe_faults(page) == []


def test_without_script_and_without_webgl_the_picture_stays(open_map: OpenMap) -> None:
    page = open_map(java_script_enabled=False, ready="")
    assert page.locator("svg.world-map a").count() >= 1
    assert page.locator("[data-map-show]").first.is_hidden()
    assert page.get_by_role("link", name="Typhoon will cross Leyte on Tuesday").first.is_visible()
    nothing = "HTMLCanvasElement.prototype.getContext = () => null"
    page = open_map(ready="still", before=nothing)
    assert page.locator("svg.world-map").is_visible()
    assert page.locator("[data-map-show]").first.is_hidden()
    assert chromium.axe_faults(page) == []


def test_no_other_page_loads_the_library(open_map: OpenMap) -> None:
    page = open_map()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/alerts/", "/destinations/"):
        page.goto(path)
    assert not [url for url in asked if "maplibre" in url]


def test_nothing_flies_where_motion_is_reduced(open_map: OpenMap) -> None:
    page = open_map(query="?country=PH", reduced_motion="reduce")
    where = "[...document.querySelectorAll('.map-names span')].map(e => e.style.transform).join()"
    moves = """() => { window.moves = new Set(); const look = () => { window.moves.add(%s); requestAnimationFrame(look); }; look(); }"""
    page.evaluate(moves % where)
    page.locator("[data-map-show]").first.click()
    page.locator(".map-popup a").first.wait_for()
    # There and here, with nothing between.
    assert page.evaluate("window.moves.size") <= 3


def test_on_paper_the_picture_and_the_words_stay(open_map: OpenMap) -> None:
    page = open_map()
    page.emulate_media(media="print")
    assert page.locator("svg.world-map").is_visible()
    assert page.locator(".map-live").is_hidden() and page.locator("[data-map-show]").first.is_hidden()
    for path in ("/alerts/map/", "/alerts/", "/alerts/?q=leyte"):
        page.goto(path)
        assert page.locator("tbody th a", has_text="Typhoon will cross Leyte").first.is_visible()
        assert page.locator(".helpline").is_visible() and page.locator(".nav").is_hidden()
        assert all(form.is_hidden() for form in page.locator("form[role=search]").all())
    # Other tests of the same site may have put another alert on top.
    link = page.locator("tbody th a", has_text="Typhoon will cross Leyte").first
    page.goto(link.get_attribute("href") or "")
    for words in ("Severe", "Typhoon will cross Leyte", "Why you are seeing this", "Who says so", "Updates"):
        # The first match may be the trail, which is not printed.
        assert any(match.is_visible() for match in page.get_by_text(words).all()), words
    assert page.locator("figure.map svg").is_visible() and page.locator(".nav").is_hidden()
    assert chromium.sideways_faults(page) == []
