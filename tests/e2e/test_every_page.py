"""Every address that answers with a page, found through the permission table: axe, keyboard, zoom, width, targets, no script.

Those that test_shell.py walks through are left to it. The pages that need a row (a trip, a warning, an invitation …) get those of the permission scene.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import NoReverseMatch, reverse
from playwright.sync_api import Page

from tests.conftest import World
from tests.e2e import browser as chromium
from tests.e2e.conftest import OpenPage
from tests.e2e.test_shell import PEOPLE as WALKED
from tests.permissions.scene import Scene, build
from tests.permissions.test_table import table

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]

PEOPLE = {
    "anonymous": "",
    "member": "bob@northfield.example.edu",
    "manager": "alice@northfield.example.edu",
    "operator": "olga@desk.example.org",
    "outsider": "charlie@elsewhere.example.org",
}
NO_PAGE = {
    "orgs:brand_css", "orgs:logo", "places:suggest", "places:world", "alerts:map_json", "ops:health_answer", "ops:centre_template", "ops:people_template", "ops:facts_export", "guides:export", "advisor:pdf",
    "web:service_worker", "web:manifest", "outbox:mail", "outbox:mail_html", "accounts:export",
    "calendar:feed", "trips:export", "trips:trip_export", "ops:manage_trips_export",
    "ops:document", "ops:trips_template", "ops:trips_import_rejected", "ops:occasions_template", "ops:occasions_export", "ops:entry_rules_template", "ops:entry_rules_export", "ops:entry_rules_refused",
}  # fmt: skip
# Whoever may see the page, in this order: the richest view first.
ORDER = ("member", "manager", "operator", "anonymous", "outsider")


def is_walked(name: str) -> bool:
    """Return whether test_shell.py looks at the page already, at greater length."""
    try:
        return reverse(name) in {path for paths in WALKED.values() for path in paths}
    except NoReverseMatch:
        return False


def pages() -> list[Any]:
    """Return (name, who) for each address that answers somebody with 200 or says that it is gone."""
    found = []
    for (name, method), row in table().items():
        who = next((role for role in ORDER if row[role] in {"200", "410"}), None)
        if method == "GET" and who and name not in NO_PAGE and not is_walked(name):
            found.append(pytest.param(name, who, id=name))
    return found


@pytest.fixture(scope="session")
def kept() -> dict[str, Scene]:
    """Holds the scene once it is built."""
    return {}


@pytest.fixture
def rows(scene: World, in_thread: Callable[[Callable[[], Scene]], Scene], kept: dict[str, Scene]) -> Scene:
    """Return the permission scene, in the browser's world."""
    if "scene" not in kept:
        kept["scene"] = in_thread(lambda: build(scene))
    return kept["scene"]


@pytest.fixture
def visit(
    rows: Scene, open_page: OpenPage, state_of: Callable[[str], dict[str, Any]], in_thread: Callable[..., str]
) -> Callable[..., Page]:
    """Return a function: address, person, how → the loaded page."""

    def go(name: str, who: str, **how: Any) -> Page:
        state = state_of(PEOPLE[who]) if PEOPLE[who] else None
        page = open_page(state=state, **how)
        response = page.goto(in_thread(lambda: rows.path(name)))
        assert response is not None
        assert response.status in {200, 410}
        assert "text/html" in response.headers["content-type"]
        return page

    return go


def test_the_list_is_not_empty() -> None:
    assert len(pages()) > 30


@pytest.mark.parametrize(("name", "who"), pages())
def test_every_page_is_accessible_and_stands_without_script(
    visit: Callable[..., Page], name: str, who: str
) -> None:
    faults = []
    for width, scheme in ((360, "light"), (1280, "dark")):
        page = visit(name, who, width=width, scheme=scheme)
        found = chromium.axe_faults(page) + chromium.sideways_faults(page) + chromium.target_faults(page)
        faults += [f"{width} {scheme}: {fault}" for fault in found]
        if width == 360:
            stops, found = chromium.keyboard_walk(page)
            faults += found
            if stops[:1] != ["Skip to the content"]:
                faults.append("the first stop is not the way to the content")
            # 200 % zoom of a window 1280 wide leaves 640 CSS pixels, 400 % leaves 320 (WCAG 1.4.4, 1.4.10).
            for zoomed in (640, 320):
                page.set_viewport_size({"width": zoomed, "height": 500})
                faults += [f"{zoomed}: {fault}" for fault in chromium.sideways_faults(page)]
        page.context.close()
    page = visit(name, who, width=768, javascript=False)
    if page.locator("h1").count() != 1:
        faults.append("without script: not one h1")
    assert faults == []
