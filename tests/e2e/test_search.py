"""Searching for a destination from any page: by keyboard, on a phone, without script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import browser as chromium
from tests.e2e.conftest import OpenPage

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]

State = Callable[[str], dict[str, Any]]
BOB = "bob@northfield.example.edu"


def picture(page: Page, pictures: Path | None, name: str) -> None:
    if pictures:
        page.screenshot(path=str(pictures / f"search-{name}.png"))


def test_from_any_page_by_keyboard_alone(open_page: OpenPage, state_of: State, pictures: Path | None) -> None:
    page = open_page(state=state_of(BOB))
    page.goto("/alerts/")
    page.locator(".find summary").focus()
    page.keyboard.press("Enter")
    field = page.locator("#find-q")
    expect(field).to_be_focused()
    page.keyboard.type("Taclban", delay=20)
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".find .suggest-note")).to_contain_text("Showing results for “Tacloban”")
    expect(page.locator(".find [role=status]")).to_contain_text("found")
    page.keyboard.press("ArrowDown")
    active = field.get_attribute("aria-activedescendant")
    assert active
    expect(page.locator(f"#{active}")).to_have_attribute("aria-selected", "true")
    assert chromium.axe_faults(page) == []
    picture(page, pictures, "corrected-1280")
    # The first Escape closes the suggestions, the second one the menu.
    page.keyboard.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(field).to_be_visible()
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    expect(page.locator(".find summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    page.keyboard.type("tacloba")
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    # The guide itself is a longer work: another journey reads it.
    page.wait_for_url("**/destinations/geonames:1684712/", wait_until="commit", timeout=30_000)


def test_enter_without_a_choice_opens_the_page_of_results(open_page: OpenPage, state_of: State) -> None:
    page = open_page(state=state_of(BOB))
    page.goto("/trips/")
    page.locator(".find summary").click()
    page.locator("#find-q").fill("Manila")
    page.keyboard.press("Enter")
    page.wait_for_url("**/destinations/?q=Manila")
    expect(page.locator("#found")).to_contain_text("Manila")


def test_nothing_found_is_said_and_says_what_to_do(open_page: OpenPage, state_of: State) -> None:
    page = open_page(state=state_of(BOB))
    page.goto("/destinations/")
    page.locator("#id_q").press_sequentially("qqxxzzvv", delay=10)
    expect(page.locator(".suggest-note")).to_contain_text("another language")
    expect(page.locator("[role=status]").first).to_contain_text("another language")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(open_page: OpenPage, state_of: State, pictures: Path | None, scheme: str) -> None:
    page = open_page(width=360, scheme=scheme, state=state_of(BOB))
    page.goto("/trips/")
    page.locator(".find summary").click()
    page.locator("#find-q").press_sequentially("san", delay=20)
    expect(page.locator(".find [role=option]").first).to_be_visible()
    assert chromium.sideways_faults(page) + chromium.target_faults(page) + chromium.axe_faults(page) == []
    picture(page, pictures, f"phone-{scheme}")
    page.goto("/destinations/?q=Philipines")
    expect(page.locator("main")).to_contain_text("Showing results for")
    assert chromium.sideways_faults(page) + chromium.axe_faults(page) == []
    picture(page, pictures, f"page-{scheme}")


def test_without_script(open_page: OpenPage, state_of: State) -> None:
    page = open_page(javascript=False, state=state_of(BOB))
    page.goto("/alerts/")
    page.locator(".find summary").click()
    page.locator("#find-q").fill("Phillippines")
    page.locator("#find-q").press("Enter")
    expect(page.locator("main")).to_contain_text("Showing results for")
    link = page.get_by_role("link", name="Philippines").first
    expect(link).to_have_attribute("href", "/destinations/iso:PH/")
