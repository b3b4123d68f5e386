"""Parts of a guide’s page: addresses can be pressed, knowledge says where it ends, figures have a table, nothing twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.guides import assembly, keeping
from safeconduct.guides.actions import write_note
from safeconduct.lib import clock
from safeconduct.places.calendar import HolidayList, holidays_of
from safeconduct.places.models import Place
from tests.conftest import World

ClientOf = Callable[[User | None], Client]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def page(world: World, client_of: ClientOf) -> Callable[[str], str]:
    """Return a function: path below the destinations → the page."""

    def text(path: str) -> str:
        with clock.held_at(NOW):
            return str(client_of(world.bob).get(f"/destinations/{path}").content.decode())

    return text


def test_addresses_of_visa_authorities_can_be_pressed(page: Callable[[str], str]) -> None:
    text = page("iso:KE/before/")
    assert re.search(r'<a href="https://[^"]+" rel="noreferrer"><bdi>eTA: etakenya\.go\.ke', text)


def test_holidays_say_where_knowledge_ends(
    page: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Not known from" not in page("iso:KE/travel/")

    def half(iso2: str, start: date, lang: str) -> HolidayList:
        known = holidays_of(iso2, start, lang)
        days = tuple(day for day in known.days if day.on.year == start.year)
        return HolidayList(start, days, date(2027, 1, 1), known.lang)

    monkeypatch.setattr(assembly, "holidays_of", half)
    text = page("iso:PH/travel/")
    assert re.search(r"Not known from <time[^>]*>Fri 1 Jan 2027</time> on\.", text)
    # Nothing at all is known: no table, one word.
    monkeypatch.setattr(assembly, "holidays_of", lambda *_given: HolidayList(NOW.date(), (), NOW.date(), ""))
    assert "Public holidays: unknown" in page("iso:FR/travel/")


def test_each_climate_has_a_table_of_twelve_months(page: Callable[[str], str]) -> None:
    text = page("iso:KE/travel/")
    charts = text.count('<figure class="climate">')
    assert charts >= 1 and text.count("the same as a table</summary>") == charts
    assert text.count('<th scope="row">January</th>') == charts
    assert "<strong>Nairobi</strong>" in text


def test_facts_of_the_overview_stand_once(world: World, page: Callable[[str], str]) -> None:
    text = page("iso:KE/")
    assert text.count("<dt>Capital</dt>") == text.count("<dt>Population</dt>") == 1
    # Nobody has written about it: no empty section, no entry in the contents.
    assert 'href="#overview"' not in text and 'id="overview"' not in text
    write_note(
        world.northfield, Place.objects.get(key="iso:KE"), "overview", body="Ask Dr Reyes.", by=world.alice
    )
    keeping.forget()
    text = page("iso:KE/")
    assert 'href="#overview"' in text and text.index("Ask Dr Reyes.") < text.index('id="emergency"')
    # Every entry of the contents leads somewhere.
    for name in re.findall(r'href="#([^"]+)"', text):
        assert f'id="{name}"' in text, name
