"""The way through a briefing in a real browser: without script from the form to the acknowledgement, and with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import World
from tests.e2e import browser as chromium
from tests.e2e.conftest import OpenPage

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]
BOB, ALICE = "bob@northfield.example.edu", "alice@northfield.example.edu"
StateOf = Callable[[str], dict[str, Any]]


def faults(page: Page) -> list[str]:
    return chromium.axe_faults(page) + chromium.sideways_faults(page) + chromium.target_faults(page)


def ask(page: Page, days: tuple[str, str]) -> None:
    page.goto("/advisor/?to=KE")
    page.select_option("[name=departure]", "US")
    page.fill("[name=arrive0]", days[0])
    page.fill("[name=leave0]", days[1])
    page.select_option("[name=passport]", "DE")
    page.check("[name=interests][value=health]")
    page.locator("main form .btn--main").click()


def test_a_briefing_is_read_ticked_and_acknowledged_without_script(scene: World, open_page: OpenPage, state_of: StateOf) -> None:
    page = open_page(state=state_of(BOB), width=360, javascript=False)
    ask(page, ("2027-01-11", "2027-01-24"))
    expect(page.locator("h1")).to_have_text("Entry and documents")
    for title in (
        "Health before you go", "Security", "Getting there and around", "Money, phone, power, culture", "During these dates",
        "Contacts", "My checklist",
    ):  # fmt: skip
        page.locator("button[name=go][value=next]").click()
        expect(page.locator("h1")).to_have_text(title)
        assert chromium.sideways_faults(page) == []
    ticks = page.locator(".todo input[type=checkbox]")
    assert ticks.count() > 0
    ticks.first.check()
    page.locator("button[name=go][value=stay]").click()
    expect(page.locator(".todo input[type=checkbox]").first).to_be_checked()
    page.locator("#acknowledge button").click()
    expect(page.locator("#acknowledge .badge")).to_contain_text("Acknowledged")


def test_with_script_each_step_is_accessible_and_another_person_finds_nothing(
    scene: World, open_page: OpenPage, state_of: StateOf
) -> None:
    page = open_page(state=state_of(BOB), width=360)
    ask(page, ("2027-02-11", "2027-02-24"))
    address = page.url.rsplit("/", 2)[0]
    found = []
    for step in ("trip", "entry", "security", "dates", "checklist", "all"):
        page.goto(f"{address}/{step}/")
        found += [f"{step}: {fault}" for fault in faults(page)]
    stops, wrong = chromium.keyboard_walk(page)
    assert found == [] and wrong == [] and stops
    other = open_page(state=state_of(ALICE))
    answer = other.goto(f"{address}/entry/")
    assert answer is not None and answer.status == 404
