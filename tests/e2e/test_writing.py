"""Writing a text in a browser: live preview, the button without script, two writers, the second person, a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from safeconduct.accounts.models import User
from safeconduct.guides.models import Edition
from tests.conftest import World, make_user
from tests.e2e import browser as chromium
from tests.e2e.conftest import OpenPage

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]
StateOf = Callable[[str], dict[str, Any]]
OLGA, ANNA = "olga@desk.example.org", "anna@desk.example.org"
ALICE = "alice@northfield.example.edu"


@pytest.fixture
def anna(scene: World, in_thread: Callable[..., Any]) -> str:
    """An analyst, made once."""

    def make() -> None:
        if not User.objects.filter(email=ANNA).exists():
            make_user(ANNA, "Anna", "Weiss", desk_role="analyst")

    in_thread(make)
    return ANNA


def begun(page: Page, part: str) -> str:
    """Begin a text; return the address of its writing page."""
    page.goto(f"/desk/guides/iso:FR/{part}/en/")
    page.click("main form .btn--main")
    page.wait_for_url("**/write/")
    return page.url


def faults(page: Page) -> list[str]:
    found = chromium.axe_faults(page) + chromium.sideways_faults(page) + chromium.target_faults(page)
    return found + chromium.overlap_faults(page) + chromium.cut_faults(page)


def test_a_text_from_the_first_word_to_the_reader(open_page: OpenPage, state_of: StateOf, anna: str) -> None:
    olga = open_page(state=state_of(OLGA))
    begun(olga, "food-water")
    olga.fill("[name=body]", "# Taps\n\nDrink *boiled* water.")
    expect(olga.locator("#preview h3")).to_have_text("Taps")
    expect(olga.locator("#preview em")).to_have_text("boiled")
    olga.fill("[name=sources]", "Ministry of water, https://example.org/water")
    expect(olga.locator("#preview .src")).to_have_text("Ministry of water")
    assert faults(olga) == []
    olga.click("button[value=submit]")
    olga.wait_for_url(re.compile(r"/texts/\w+/$"))
    assert olga.locator("button[value=approve]").count() == 0
    second = open_page(state=state_of(anna))
    second.goto(olga.url)
    assert faults(second) == []
    second.click("button[value=approve]")
    expect(second.locator("main")).to_contain_text("Approved and published.")
    # The next text, and what it changes.
    begun(olga, "food-water")
    olga.fill("[name=body]", "# Taps\n\nDrink *bottled* water.")
    olga.fill("[name=change_note]", "Bottles")
    olga.click("button[value=submit]")
    olga.wait_for_url(re.compile(r"/texts/\w+/$"))
    second.goto(olga.url)
    expect(second.locator(".diff del")).to_have_text("*boiled* ")
    expect(second.locator(".diff ins")).to_have_text("*bottled* ")
    phone = open_page(state=state_of(anna), width=360)
    phone.goto(olga.url)
    assert faults(phone) == []
    stops, wrong = chromium.keyboard_walk(phone)
    assert wrong == [] and any("Approve and publish now" in stop for stop in stops)


def test_two_writers_in_two_windows(open_page: OpenPage, state_of: StateOf, anna: str) -> None:
    olga, second = open_page(state=state_of(OLGA)), open_page(state=state_of(anna))
    address = begun(olga, "care")
    second.goto(address)
    second.fill("[name=body]", "Anna wrote that first.")
    second.click("button[value=save]")
    expect(second.locator("main")).to_contain_text("Saved.")
    olga.fill("[name=body]", "Olga wrote that later.")
    olga.click("button[value=save]")
    expect(olga.locator("main")).to_contain_text("Somebody saved this text while you were writing")
    expect(olga.locator("[name=body]")).to_have_value("Olga wrote that later.")
    assert "Anna" in olga.locator(".diff del").first.inner_text()
    assert faults(olga) == []
    olga.click("button[value=save]")
    expect(olga.locator("main")).to_contain_text("Saved.")


def test_everything_without_script(
    open_page: OpenPage, state_of: StateOf, anna: str, in_thread: Callable[..., Any]
) -> None:
    olga = open_page(state=state_of(OLGA), javascript=False, width=360)
    begun(olga, "threats")
    olga.fill("[name=body]", "Mosquitoes **bite** at dusk.")
    olga.click("button[value=preview]")
    assert olga.locator("#preview strong").inner_text() == "bite"
    assert olga.locator("[name=body]").input_value() == "Mosquitoes **bite** at dusk."
    olga.click("button[value=submit]")
    second = open_page(state=state_of(anna), javascript=False)
    second.goto(olga.url)
    second.locator("summary", has_text="Approve and publish later").click()
    second.fill("[name=publish_at]", "2020-01-01T10:00")
    second.click("button[value=approve_at]")
    assert "This time has passed" in second.locator("main").inner_text()
    second.click("button[value=approve]")
    assert "Approved and published." in second.locator("main").inner_text()
    state = in_thread(lambda: Edition.objects.get(place__key="iso:FR", part="threats").state)
    assert state == Edition.State.PUBLISHED


def test_a_note_and_its_end(open_page: OpenPage, state_of: StateOf) -> None:
    alice = open_page(state=state_of(ALICE), width=360)
    alice.goto("/manage/guides/?q=france")
    alice.locator(".chip").first.click()
    alice.goto("/manage/guides/iso:FR/care/")
    alice.fill("[name=body]", "Ask **Dr Reyes**.")
    expect(alice.locator("#preview strong")).to_have_text("Dr Reyes")
    assert faults(alice) == []
    alice.click("button[value=save]")
    expect(alice.locator("main")).to_contain_text("Saved.")
    assert faults(alice) == []
    alice.goto("/manage/guides/iso:FR/care/")
    alice.locator("summary", has_text="No longer needed").click()
    alice.locator("button", has_text="End the note").click()
    expect(alice.locator("main")).to_contain_text("Ended.")


def test_a_correction_of_a_fact(open_page: OpenPage, state_of: StateOf) -> None:
    olga = open_page(state=state_of(OLGA), width=360)
    olga.goto("/desk/facts/FR/emergency/")
    assert faults(olga) == []
    olga.fill("[name=v_police]", "not a number")
    olga.fill("[name=source_title]", "Embassy")
    olga.fill("[name=reason]", "They said so")
    olga.click("main form .btn--main")
    expect(olga.locator("[role=alert]")).to_be_focused()
    expect(olga.locator("[name=v_police]")).to_have_value("not a number")
    assert faults(olga) == []
    olga.fill("[name=v_police]", "17")
    olga.click("main form .btn--main")
    expect(olga.locator("main")).to_contain_text("Corrected.")
