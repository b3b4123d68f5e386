"""The menu of the desk: a row where there is room, four entries and a list on a phone, with and without script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e import browser as chromium
from tests.e2e.conftest import OpenPage

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]
State = Callable[[str], dict[str, Any]]
OLGA = "olga@desk.example.org"


@pytest.mark.parametrize("javascript", [True, False])
def test_a_phone_opens_the_rest_as_a_list(open_page: OpenPage, state_of: State, javascript: bool) -> None:
    page = open_page(state=state_of(OLGA), width=360, javascript=javascript)
    page.goto("/desk/facts/")
    bar, more = page.locator(".nav > ul > li:visible"), page.locator(".nav-more summary")
    expect(bar).to_have_count(5)
    assert page.locator(".nav-more li:visible").count() == 0
    more.click()
    listed = page.locator(".nav-more li:visible")
    expect(listed).to_have_count(8)
    expect(listed.locator("[aria-current=page]")).to_have_text("Facts")
    box = page.locator(".nav-more ul").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 360 and box["y"] >= 0
    if javascript:
        assert chromium.axe_faults(page) + chromium.target_faults(page) == []
    listed.locator("a", has_text="Ratings").click()
    page.wait_for_url("**/desk/ratings/")


def test_a_wide_screen_shows_all_in_a_row(open_page: OpenPage, state_of: State) -> None:
    page = open_page(state=state_of(OLGA), width=1000)
    page.goto("/desk/facts/")
    entries = page.locator(".nav > ul > li:visible")
    expect(entries).to_have_count(12)
    boxes = [entry.bounding_box() for entry in entries.all()]
    assert len({box["y"] for box in boxes if box}) == 1
    assert all(box and box["x"] + box["width"] <= 1000 for box in boxes)
