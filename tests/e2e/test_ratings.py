"""Ratings as an editor, a manager and a traveller see them: without script, on a phone, axe, by day and night."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from safeconduct.ratings.actions import reckon_all
from safeconduct.ratings.models import Rating
from tests.advisories.registers import area, entry, put, source
from tests.e2e import browser as chromium
from tests.e2e.conftest import OpenPage

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]

State = Callable[[str], dict[str, Any]]
Thread = Callable[[Callable[[], Any]], Any]
OLGA, ALICE, BOB = "olga@desk.example.org", "alice@northfield.example.edu", "bob@northfield.example.edu"


@pytest.fixture
def reckoned(in_thread: Thread) -> None:
    """Let two governments speak of the Philippines, and reckon."""

    def write() -> None:
        put(
            entry("Philippines", 2, areas=(area("Marawi", 4),)),
            to=source("e2e-gov-1", name="Ministry of Advice"),
        )
        put(entry("Philippines", 3), to=source("e2e-gov-2", name="Foreign Office of Examples"))
        reckon_all()

    in_thread(write)


def look(page: Page, pictures: Path | None, name: str) -> None:
    if pictures:
        page.screenshot(path=str(pictures / f"ratings-{name}.png"), full_page=True)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_an_editor_decides_on_a_phone_without_script(
    open_page: OpenPage, state_of: State, reckoned: None, in_thread: Thread, pictures: Path | None
) -> None:
    def held() -> Any:
        return Rating.objects.get(country_code="PH", kind="security").value

    # Other tests of the same site may have let further sources speak.
    reckoned_value = in_thread(held)
    assert reckoned_value not in ("high", "unknown")
    page = open_page(state=state_of(OLGA), width=360, javascript=False)
    page.goto("/desk/ratings/?q=philippines")
    look(page, pictures, "desk-list-360")
    page.locator("td a").first.click()
    expect(page.locator("h1")).to_contain_text("Philippines: Security")
    page.select_option("#id_value", "high")
    page.fill("#id_reason", "Elections: demonstrations in every town.")
    page.click("text=Save")
    expect(page.get_by_text("An editor decided: High")).to_be_visible()
    assert fits(page)
    look(page, pictures, "desk-360")
    member = open_page(state=state_of(BOB), width=360, javascript=False)
    member.goto("/ratings/PH/security/")
    expect(member.locator("main")).to_contain_text("Elections: demonstrations in every town.")
    assert fits(member)
    look(member, pictures, "member-360")
    page.click("text=End it")
    expect(page.get_by_text("An editor decided: High")).to_have_count(0)
    assert in_thread(held) == reckoned_value


def test_a_manager_rates_for_her_own_people(
    open_page: OpenPage, state_of: State, reckoned: None, pictures: Path | None
) -> None:
    page = open_page(state=state_of(ALICE), width=360)
    page.goto("/manage/ratings/?q=philippines")
    assert chromium.axe_faults(page) == [] and fits(page)
    page.locator("td a").first.click()
    page.select_option("#id_value", "extreme")
    page.fill("#id_reason", "No travel by our policy.")
    page.click("text=Save")
    expect(page.locator("h2").first).to_contain_text("Extreme")
    assert chromium.axe_faults(page) == [] and fits(page)
    look(page, pictures, "manage-360")
    page.fill("#id_end-reason", "Calm again")
    page.click("text=Take it back")
    expect(page.locator("main")).to_contain_text("taken back")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_the_pages_of_the_desk(
    open_page: OpenPage, state_of: State, reckoned: None, pictures: Path | None, width: int, scheme: str
) -> None:
    page = open_page(state=state_of(OLGA), width=width, scheme=scheme)
    for name, address in (("list", "/desk/ratings/"), ("rating", "/desk/ratings/PH/security/")):
        page.goto(address)
        assert chromium.axe_faults(page) == [], address
        assert fits(page), address
        look(page, pictures, f"desk-{name}-{width}-{scheme}")


def test_no_half_of_the_page_is_empty_beside_open_details(
    open_page: OpenPage, state_of: State, reckoned: None
) -> None:
    page = open_page(state=state_of(BOB), width=1280)
    page.goto("/destinations/iso:PH/")
    lefts = "[...document.querySelectorAll('#ratings .rating')].map(card => card.getBoundingClientRect().left)"
    first, second = page.evaluate(lefts)
    assert first == second
    page.locator("#ratings details[open] > summary").click()
    first, second = page.evaluate(lefts)
    assert first < second
    # At the desk the decision stands beside what it is about.
    desk = open_page(state=state_of(OLGA), width=1280)
    desk.goto("/desk/ratings/PH/security/")
    inputs, form = (desk.locator(name).bounding_box() for name in ("#h-inputs", "#h-decide"))
    assert inputs and form and form["x"] > 640 > inputs["x"] and abs(form["y"] - inputs["y"]) < 40
