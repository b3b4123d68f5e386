"""Every page that can be opened: usable by keyboard, on small screens, at night, enlarged, without script."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e import browser as chromium
from tests.e2e.conftest import OpenPage

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]

PUBLIC = [
    "/", "/membership/", "/account/login/", "/account/signup/", "/account/password/reset/", "/centres/",
    "/legal/privacy/", "/legal/sources/", "/display/", "/offline/", "/app/", "/no-such-page/",
]  # fmt: skip
MEMBER = [
    "/", "/destinations/", "/destinations/?q=tacloban", "/destinations/iso:PH/", "/trips/", "/trips/new/", "/alerts/",
    "/subscriptions/", "/my-organization/", "/account/", "/account/email/", "/account/two-step/",
    "/account/sessions/", "/account/your-data/", "/account/password/change/",
]  # fmt: skip
MANAGER = ["/manage/", "/manage/people/", "/manage/invitations/", "/manage/trips/", "/manage/settings/"]
OPERATOR = [
    "/desk/", "/desk/health/", "/desk/organisations/", "/desk/organisations/add/", "/desk/centres/",
    "/desk/centres/add/", "/desk/centres/import/", "/desk/sources/", "/desk/deliveries/", "/desk/mail/",
    "/desk/texts/", "/desk/audit/",
]  # fmt: skip
PEOPLE = {
    "": PUBLIC,
    "bob@northfield.example.edu": MEMBER,
    "alice@northfield.example.edu": MANAGER,
    "olga@desk.example.org": OPERATOR,
}
PAGES = [
    pytest.param(who, path, id=f"{who.split('@')[0]}{path}")
    for who, paths in PEOPLE.items()
    for path in paths
]


@pytest.fixture
def visit(
    open_page: OpenPage, state_of: Callable[[str], dict[str, Any]], pictures: Path | None
) -> Callable[..., Page]:
    """Return a function: person, path, how → the loaded page."""

    def go(who: str, path: str, **how: Any) -> Page:
        page = open_page(state=state_of(who) if who else None, **how)
        response = page.goto(path)
        assert response is not None
        assert response.status < 400 or path == "/no-such-page/", response.status
        if pictures and how.get("javascript", True):
            name = re.sub(r"[^a-z0-9]+", "-", f"{who.split('@')[0]}{path}".lower()).strip("-") or "landing"
            suffix = f"{how.get('width', 1280)}{'-dark' if how.get('scheme') == 'dark' else ''}"
            page.screenshot(path=pictures / f"{name}-{suffix}.png", full_page=True)
        return page

    return go


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_axe_finds_nothing_in_three_widths_by_day_and_night(
    visit: Callable[..., Page], who: str, path: str
) -> None:
    faults = []
    for width, scheme in [(360, "light"), (768, "dark"), (1280, "light"), (1280, "dark")]:
        page = visit(who, path, width=width, scheme=scheme)
        found = chromium.axe_faults(page) + chromium.sideways_faults(page) + chromium.target_faults(page)
        found += chromium.overlap_faults(page)
        faults += [f"{width} {scheme}: {fault}" for fault in found]
    assert faults == []


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_everything_is_reached_by_keyboard_and_nothing_is_lost_when_enlarged(
    visit: Callable[..., Page], who: str, path: str
) -> None:
    page = visit(who, path, width=360)
    stops, faults = chromium.keyboard_walk(page)
    assert faults == []
    assert stops[0] == "Skip to the content"
    # 200 % zoom of a window 1280 wide leaves 640 CSS pixels, 400 % leaves 320 (WCAG 1.4.4, 1.4.10).
    for width in (640, 320):
        page.set_viewport_size({"width": width, "height": 500})
        assert chromium.sideways_faults(page) == []


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_pages_work_without_script(visit: Callable[..., Page], who: str, path: str) -> None:
    page = visit(who, path, javascript=False)
    assert page.locator("h1").count() == 1
    assert page.locator("main").is_visible()
    assert page.locator(".helpline a[href^='tel:']").count() == 1


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


@pytest.mark.parametrize("language", ["ar", "de", "es", "fr"])
def test_other_languages_fit_the_small_screen(
    open_page: OpenPage,
    site: str,
    state_of: Callable[[str], dict[str, Any]],
    pictures: Path | None,
    language: str,
) -> None:
    page = open_page(width=360, state=state_of("bob@northfield.example.edu"))
    page.context.add_cookies([{"name": "safeconduct_language", "value": language, "url": site}])
    faults = []
    for path in ("/", "/trips/", "/alerts/", "/centres/", "/my-organization/", "/no-such-page/"):
        page.goto(path)
        assert page.get_attribute("html", "lang") == language
        faults += [f"{path} {fault}" for fault in chromium.sideways_faults(page) + chromium.axe_faults(page)]
        faults += [f"{path} {fault}" for fault in chromium.cut_faults(page)]
        if pictures:
            name = path.strip("/") or "home"
            page.screenshot(path=pictures / f"bob-{name}-{language}-360.png", full_page=True)
    assert faults == []


def test_without_a_network_the_number_is_still_there(
    open_page: OpenPage, state_of: Callable[[str], dict[str, Any]]
) -> None:
    page = open_page(width=360, offline_page=True, state=state_of("bob@northfield.example.edu"))
    page.goto("/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    page.goto("/trips/")
    assert page.locator("h1").inner_text() == "You are offline"
    assert page.locator(".helpline a[href^='tel:']").is_visible()
    # Words that somebody reads: a form's token may spell anything.
    assert "Bob" not in page.locator("body").inner_text()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.helpline')).backgroundColor")
        != "rgba(0, 0, 0, 0)"
    )
    page.context.set_offline(False)
    page.goto("/trips/")
    assert page.locator("h1").inner_text() == "My trips"
