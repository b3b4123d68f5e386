"""From the rule to the decision, as a manager and a traveller see it: without script, on a phone, axe, day and night.

    E2E_PICTURES=docs/evidence/approval pytest -m e2e tests/e2e/test_approval.py
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from safeconduct.lib import clock
from safeconduct.trips.models import ApprovalRule
from tests.advisories.registers import entry, put, source
from tests.conftest import World
from tests.e2e import browser as chromium
from tests.e2e.conftest import OpenPage

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]

State = Callable[[str], dict[str, Any]]
Thread = Callable[[Callable[[], Any]], Any]
ALICE, BOB = "alice@northfield.example.edu", "bob@northfield.example.edu"


@pytest.fixture
def advised(scene: World, in_thread: Thread) -> Any:
    """Let a government speak of the Philippines; take the rule away afterwards, since the scene is everybody's."""
    in_thread(lambda: put(entry("Philippines", 3), to=source("e2e-approval", name="Foreign Office of Examples")))
    yield
    in_thread(lambda: ApprovalRule.objects.for_org(scene.northfield).update(is_on=False))


def look(page: Page, pictures: Path | None, name: str) -> None:
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(pictures / f"{name}.png"), full_page=True)


def check(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert chromium.axe_faults(page) == []


def test_from_the_rule_to_the_decision(
    open_page: OpenPage, state_of: State, advised: None, pictures: Path | None
) -> None:
    manager = open_page(state=state_of(ALICE), width=1280)
    manager.goto("/manage/approval/")
    manager.check("#id_is_on")
    manager.select_option("#id_advisory_from", "3")
    check(manager)
    look(manager, pictures, "rule-1280")
    manager.get_by_role("button", name="Save").click()
    expect(manager.get_by_text("Saved. It holds from the next trip on.")).to_be_visible()

    traveller = open_page(state=state_of(BOB), width=360, javascript=False)
    traveller.goto("/trips/new/")
    first = clock.now() + timedelta(days=20)
    traveller.fill("#id_title", "Reef survey")
    traveller.fill("#id_s0-place", "Cebu")
    traveller.fill("#id_s0-arrive", first.strftime("%Y-%m-%dT14:00"))
    traveller.fill("#id_s0-depart", (first + timedelta(days=6)).strftime("%Y-%m-%dT10:00"))
    traveller.get_by_role("button", name="Save as draft").click()
    expect(traveller.get_by_text("This is a draft")).to_be_visible()
    look(traveller, pictures, "draft-360")
    traveller.get_by_role("link", name="Open the draft").click()
    traveller.get_by_role("button", name="Register the trip").click()
    expect(traveller.get_by_role("heading", name="This trip awaits approval")).to_be_visible()
    expect(traveller.locator("main")).to_contain_text("Official advice for Philippines: level 3 of 4")
    assert traveller.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    look(traveller, pictures, "awaiting-360")

    manager.goto("/manage/approvals/")
    check(manager)
    look(manager, pictures, "queue-1280")
    manager.get_by_role("link", name="Decide – Reef survey").click()
    expect(manager.locator("main")).to_contain_text("Foreign Office of Examples")
    check(manager)
    look(manager, pictures, "decide-1280")
    manager.get_by_role("button", name="Refuse").click()
    expect(manager.get_by_text("Say why: the traveller reads it.").first).to_be_visible()
    manager.fill("#id_note", "Only with the field office: call them, then ask again.")
    manager.get_by_role("button", name="Refuse").click()
    expect(manager.get_by_text("Refused. The traveller is told.")).to_be_visible()

    traveller.reload()
    expect(traveller.get_by_role("heading", name="This trip is not approved")).to_be_visible()
    expect(traveller.locator("main")).to_contain_text("Only with the field office")
    look(traveller, pictures, "refused-360")
    traveller.get_by_role("button", name="Ask again").click()
    expect(traveller.get_by_role("heading", name="This trip awaits approval")).to_be_visible()
    manager.reload()
    manager.get_by_role("link", name="Decide – Reef survey").click()
    manager.get_by_role("button", name="Approve").click()
    expect(manager.get_by_text("Approved. The traveller is told.")).to_be_visible()
    traveller.reload()
    expect(traveller.get_by_role("heading", name="This trip is approved")).to_be_visible()
    look(traveller, pictures, "approved-360")
    traveller.goto("/trips/")
    look(traveller, pictures, "list-360")

    manager.goto("/manage/trips/?state=approved")
    check(manager)
    look(manager, pictures, "console-trips-1280")
    manager.get_by_role("link", name="Reef survey").click()
    expect(manager.locator("main")).to_contain_text("the traveller asked again")
    check(manager)
    look(manager, pictures, "console-trip-1280")


@pytest.mark.parametrize("path", ["/manage/approvals/", "/manage/approval/"])
def test_the_pages_fit_a_phone_at_night(
    open_page: OpenPage, state_of: State, advised: None, path: str, pictures: Path | None
) -> None:
    page = open_page(state=state_of(ALICE), width=360, scheme="dark")
    page.goto(path)
    check(page)
    look(page, pictures, f"{path.strip('/').replace('/', '-')}-360-dark")
