"""The pages that everybody can see: usable by keyboard, on small screens, at night, without script."""

from __future__ import annotations

import re

import pytest

from tests.e2e import browser as chromium
from tests.e2e.conftest import OpenPage

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PUBLIC = [
    "/",
    "/legal/privacy/",
    "/legal/sources/",
    "/display/",
    "/offline/",
    "/app/",
    "/centres/",
    "/no-such-page/",
]


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_three_widths(open_page: OpenPage, path: str, scheme: str) -> None:
    faults = []
    for width in chromium.WIDTHS:
        page = open_page(width=width, scheme=scheme)
        page.goto(path)
        faults += [
            f"{width}: {fault}" for fault in chromium.axe_faults(page) + chromium.sideways_faults(page)
        ]
        faults += [f"{width}: {fault}" for fault in chromium.target_faults(page)]
    assert faults == []


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("width", [360, 1280])
def test_everything_is_reached_by_keyboard(open_page: OpenPage, path: str, width: int) -> None:
    page = open_page(width=width)
    page.goto(path)
    stops, faults = chromium.keyboard_walk(page)
    assert faults == []
    assert stops[0] == "Skip to the content"


@pytest.mark.parametrize("path", PUBLIC)
def test_nothing_is_lost_at_twice_the_size(open_page: OpenPage, path: str) -> None:
    # 200 % zoom of a window 1280 wide leaves 640 CSS pixels; 400 % leaves 320 (WCAG 1.4.10).
    for width in (640, 320):
        page = open_page(width=width)
        page.goto(path)
        assert chromium.sideways_faults(page) == []


def test_language_and_night_are_chosen_without_script(open_page: OpenPage) -> None:
    page = open_page(javascript=False)
    page.goto("/display/")
    page.check("input[name=language][value=ar]")
    page.check("input[name=theme][value=dark]")
    page.click("main .btn--main")
    assert page.get_attribute("html", "dir") == "rtl"
    assert page.get_attribute("html", "lang") == "ar"
    assert page.get_attribute("html", "data-theme") == "dark"
    assert chromium.sideways_faults(open_page(javascript=False)) == []


def test_the_language_menu_closes_by_escape(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/")
    page.click("details.menu summary")
    assert page.locator("details.menu button").first.is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("details.menu button").first.is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_print_keeps_the_words_and_drops_the_tools(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/legal/privacy/")
    page.emulate_media(media="print")
    assert not page.locator(".masthead-end").is_visible()
    assert page.locator("main h1").is_visible()
    assert re.match(r"rgb\(0, 0, 0\)", page.evaluate("getComputedStyle(document.querySelector('h1')).color"))
