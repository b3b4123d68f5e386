"""Entry rules in a browser: an editor reads a file, a traveller asks on a phone without script, day and night, on paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from safeconduct.advice.models import EntryRule
from tests.advice.rulefiles import matrix
from tests.e2e import browser as chromium
from tests.e2e.conftest import OpenPage

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]
State = Callable[[str], dict[str, Any]]
OLGA, BOB = "olga@desk.example.org", "bob@northfield.example.edu"


@pytest.fixture
def tidy(in_thread: Callable[[Callable[[], Any]], Any]) -> Any:
    """Leave no rule of this journey to the next test."""
    yield
    in_thread(lambda: EntryRule.objects.filter(source_name="Invented matrix").delete())


def faults(page: Page) -> list[str]:
    found = chromium.axe_faults(page) + chromium.sideways_faults(page) + chromium.target_faults(page)
    return found + chromium.overlap_faults(page) + chromium.cut_faults(page)


def test_from_a_file_to_an_answer(open_page: OpenPage, state_of: State, tidy: None, tmp_path: Path, pictures: Path | None) -> None:
    path = tmp_path / "matrix.csv"
    path.write_bytes(matrix(*((code, "JP", "90") for code in ("DE", "FR", "US", "CA", "GB")), ("IN", "JP", "visa required"), ("XX", "JP", "90")))
    olga = open_page(state=state_of(OLGA), javascript=False)
    olga.goto("/desk/entry-rules/import/")
    olga.set_input_files("[name=file]", path)
    olga.fill("[name=source]", "Invented matrix")
    olga.fill("[name=as_of]", "2025-01-12")
    olga.click("main form .btn--main")
    expect(olga.locator("main")).to_contain_text("6 added, 0 changed, 0 as before, 1 refused")
    for width, scheme in ((360, "light"), (1280, "dark")):
        page = open_page(state=state_of(BOB), width=width, scheme=scheme, javascript=width != 360)
        page.goto("/entry/?to=JP")
        page.select_option("[name=departure]", "US")
        page.fill("[name=arrive0]", "2027-01-11")
        page.click("main form .btn--main")
        expect(page.locator("main")).to_contain_text("It depends on: which passport you travel on; how long you stay.")
        if pictures:
            page.screenshot(path=str(pictures / f"entry-open-{width}.png"), full_page=True)
        page.select_option("[name=passport]", "IN")
        page.click("main form .btn--main")
        expect(page.locator("main tbody tr").first).to_contain_text("Required")
        expect(page.locator("main")).to_contain_text("Invented matrix, Sun 12 Jan 2025")
        assert page.url.endswith("/entry/")
        if width != 360:
            assert faults(page) == []
        page.click("button[name=more]")
        expect(page.locator("[name=to1]")).to_be_visible()
        assert page.locator("[name=passport]").input_value() == "IN"
    with_script = open_page(state=state_of(BOB), width=360)
    with_script.goto("/entry/health/?to=JP")
    with_script.select_option("[name=departure]", "US")
    with_script.click("main form .btn--main")
    expect(with_script.locator("main")).to_contain_text("That does not mean that nothing is asked.")
    assert faults(with_script) == []
    stops, wrong = chromium.keyboard_walk(with_script)
    assert wrong == [] and any("Show what is asked" in stop for stop in stops)
