"""Two guides side by side: what differs is marked, unknown stays unknown, every way to choose works without script."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.guides.assembly import guide_document
from safeconduct.guides.compare import Cell, Row, side_by_side
from safeconduct.guides.document import GuideDocument
from safeconduct.lib import clock
from safeconduct.places.models import Place
from safeconduct.ratings.actions import rate_for_organisation
from tests.advisories.registers import area, entry, put, source
from tests.conftest import World

ClientOf = Callable[[User | None], Client]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def ask(world: World, client_of: ClientOf) -> Callable[..., tuple[int, str]]:
    """Return a function: query and person → status and page, or the address that it leads to."""

    def answer(query: str, who: User | None = None) -> tuple[int, str]:
        with clock.held_at(NOW):
            found = client_of(who or world.bob).get(f"/destinations/compare/{query}")
        return found.status_code, found.headers.get("Location") or found.content.decode()

    return answer


def guide(key: str) -> GuideDocument:
    with clock.held_at(NOW):
        return guide_document(Place.objects.get(key=key), "en")


def rows(a: GuideDocument, b: GuideDocument, key: str) -> dict[str, Row]:
    group = next(group for group in side_by_side(a, b) if group.key == key)
    return {row.label: row for row in group.rows}


@pytest.mark.django_db
def test_what_differs_and_what_does_not() -> None:
    kenya, japan = guide("iso:KE"), guide("iso:JP")
    practical = rows(kenya, japan, "practical")
    assert practical["Money"].differs and "Kenyan Shilling" in practical["Money"].a.text
    # Both drive on the left.
    assert not practical["Driving"].differs
    assert rows(kenya, japan, "emergency")["Police"].b.text == "110"
    holidays = rows(kenya, japan, "holidays")["Days off"]
    assert "Jamhuri Day" in " ".join(holidays.a.lines) and not holidays.differs
    assert rows(kenya, japan, "climate")["A year"].a.climate is not None
    # Against itself nothing differs.
    assert not any(row.differs for group in side_by_side(kenya, kenya) for row in group.rows)


def test_unknown_beside_known_is_a_difference() -> None:
    assert Row("x", Cell(), Cell("110")).differs and not Cell().is_known
    assert not Row("x", Cell("A"), Cell("a")).differs
    assert not Row("x", Cell("A"), Cell("B"), is_marked=False).differs


@pytest.mark.django_db
def test_advice_by_issuer_without_worldwide_notices() -> None:
    north = source("north", name="Northern Ministry")
    put(entry("Kenya", 2, areas=(area("Border", 4),)), entry("Japan", 1), to=north, at=NOW)
    put(entry("Kenya", 3), to=source("south", name="Southern Office"), at=NOW)
    kenya, japan = guide("iso:KE"), guide("iso:JP")
    found = rows(kenya, japan, "advice")
    assert (
        found["Northern Ministry"].a.text == "2 of 4, 4 in parts"
        and found["Northern Ministry"].b.text == "1 of 4"
    )
    assert not found["Southern Office"].b.is_known and found["Southern Office"].differs
    # An entry that both have (a worldwide notice) is not what tells them apart.
    shared = replace(kenya.advice[0], issuer="World Body", page_url="/advice/world/")
    both = rows(replace(kenya, advice=(shared,)), replace(japan, advice=(shared, *japan.advice)), "advice")
    assert "World Body" not in both


def test_the_page(world: World, ask: Callable[..., tuple[int, str]]) -> None:
    status, text = ask("?a=iso:KE&b=iso:JP")
    assert status == 200
    for words in (
        "Kenya and Japan, side by side",
        "Kenyan Shilling",
        "6 hours ahead of Nairobi",
        "110",
        "°C",
        "Jamhuri Day",
    ):
        assert words in text, words
    assert '<a class="btn" href="?a=iso:JP&amp;b=iso:KE">Swap</a>' in text
    assert " style=" not in text and not re.search(r"<script(?![^>]*\bsrc=)", text)
    # Each cell names its column, for a narrow screen; the tables of twelve months have columns of their own.
    rows_of_months = 2 * 12
    assert text.count('data-th="Kenya"') == text.count('data-th="Japan"')
    assert text.count('data-th="Kenya"') == text.count('<th scope="row"') - rows_of_months
    assert len(text.encode()) < 80_000


def test_choosing_without_script(ask: Callable[..., tuple[int, str]]) -> None:
    status, address = ask("?a=iso:KE&a_q=Kenya&b=iso:JP&b_q=Japan")
    assert (status, address) == (302, "/destinations/compare/?a=iso:KE&b=iso:JP")
    # The field was changed, the key of before is not what is meant.
    status, text = ask("?a=iso:KE&a_q=Kenya&b=iso:JP&b_q=San")
    assert status == 200 and "Which “San”?" in text and 'href="?a=iso:KE&amp;b=' in text
    # Emptied.
    assert ask("?a=iso:KE&a_q=Kenya&b=iso:JP&b_q=") == (302, "/destinations/compare/?a=iso:KE")
    assert "Choose two destinations" in ask("")[1]


def test_clear_words_for_what_is_not_known(ask: Callable[..., tuple[int, str]]) -> None:
    status, text = ask("?a=iso:KE&b=iso:QQ")
    assert status == 404 and "We know no place with the key “iso:QQ”" in text and 'value="Kenya"' in text
    status, text = ask("?a=iso:KE&b_q=Xqzzzw")
    assert status == 404 and "We know no place called “Xqzzzw”" in text
    assert "Both are the same place" in ask("?a=iso:KE&b=iso:KE")[1]
    for odd in ("?a=<script>", "?a=iso:KE&b=%00", "?a=" + "x" * 500):
        status, text = ask(odd)
        assert status in {400, 404} and "<script>" not in text


def test_another_organisations_rating_is_not_shown(world: World, ask: Callable[..., tuple[int, str]]) -> None:
    rate_for_organisation(world.northfield, "KE", "security", value="extreme", reason="North", by=world.alice)
    assert "Northfield University: Extreme" in ask("?a=iso:KE&b=iso:JP")[1]
    assert "Extreme" not in ask("?a=iso:KE&b=iso:JP", world.dana)[1]
