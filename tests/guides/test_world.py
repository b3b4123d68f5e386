"""The coloured world: every country, unknown as unknown, ours beside the organisation’s own, an issuer’s level, no script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.guides import overviews, worldview
from safeconduct.lib import clock
from safeconduct.places.models import Place
from safeconduct.ratings.actions import override_rating, rate_for_organisation
from tests.advisories.registers import NOW, entry, put, source
from tests.conftest import PLACES, World

ClientOf = Callable[[User | None], Client]


@pytest.fixture
def look(world: World, client_of: ClientOf) -> Callable[..., str]:
    """Return a function: query and person → the page."""

    def text(query: str = "", who: User | None = None) -> str:
        with clock.held_at(NOW):
            answer = client_of(who or world.bob).get(f"/destinations/map/{query}")
        assert answer.status_code == 200
        return str(answer.content.decode())

    return text


def row_of(text: str, name: str) -> str:
    """The row of the table that begins with the name."""
    rows: list[str] = re.findall(r"<tr>.*?</tr>", text[text.index("<tbody>") :], re.DOTALL)
    return next(row for row in rows if f">{name}</a></th>" in row)


def names_in(text: str) -> list[str]:
    return re.findall(r'<tr><th scope="row"><a href="[^"]+">([^<]+)</a>', text)


def test_every_country_is_there_and_unknown_is_unknown(look: Callable[..., str]) -> None:
    text = look()
    assert (
        len(names_in(text)) == Place.objects.filter(kind__in=["country", "territory"], state="active").count()
    )
    assert len(names_in(text)) >= len(PLACES)
    assert "Unknown" in row_of(text, "Kenya") and "i-s-0" in row_of(text, "Kenya")
    assert names_in(text) == sorted(names_in(text))


def test_ours_and_the_organisations_own(world: World, look: Callable[..., str]) -> None:
    override_rating("KE", "security", value="high", reason="Ballots", by=world.olga)
    override_rating("JP", "security", value="minimal", reason="Calm", by=world.olga)
    rate_for_organisation(
        world.northfield, "KE", "security", value="extreme", reason="Our sites lie north", by=world.alice
    )
    text = look()
    assert "High" in row_of(text, "Kenya") and "Extreme" in row_of(text, "Kenya")
    assert "Our sites lie north" in row_of(text, "Kenya") and 'class="m-own"' in text
    # On the picture too: in the group of its level, with words, marked.
    assert re.search(r'<g class="s-4">.*?class="m-own"><title>Kenya: High \(Extreme\)</title>', text)
    # Another organisation sees neither the value nor the reason.
    other = look(who=world.dana)
    assert "High" in row_of(other, "Kenya")
    assert "Our sites" not in other and "Extreme</span>" not in other and "m-own" not in other
    # The other kind is another scale.
    assert "Unknown" in row_of(look("?by=medical"), "Kenya")


def test_the_level_of_one_issuer(world: World, look: Callable[..., str]) -> None:
    put(entry("Kenya", 4), entry("Japan", 2), to=source("north", name="Northern Ministry"))
    text = look("?by=north")
    assert "Level 4 of 4" in row_of(text, "Kenya") and "i-s-5" in row_of(text, "Kenya")
    assert "Level 2 of 4" in row_of(text, "Japan")
    assert "Unknown" in row_of(text, "France")
    # Governments are a list and not a row of chips: there may be twenty.
    assert '<option value="north" selected>Northern Ministry</option>' in text
    assert 'href="?by=north"' not in text
    kept = look("?sort=level&alerts=1")
    assert '<input type="hidden" name="sort" value="level">' in kept and '<input type="hidden" name="alerts" value="1">' in kept
    assert "Ministry of Advice, CC BY 4.0" in text


def test_the_table_is_filtered_and_sorted_by_links(world: World, look: Callable[..., str]) -> None:
    for code, value in (("KE", "high"), ("JP", "minimal"), ("FR", "extreme")):
        override_rating(code, "security", value=value, reason="x", by=world.olga)
    assert names_in(look("?value=high")) == ["Kenya"]
    assert names_in(look("?sort=level"))[:3] == ["France", "Kenya", "Japan"]
    assert 'aria-sort="descending"' in look("?sort=level")
    # Nonsense narrows nothing.
    assert len(names_in(look("?value=poetry&sort=poetry"))) == len(names_in(look()))
    # The legend counts the whole world, filtered or not.
    assert "Extreme (1)" in look("?value=high")


def test_what_is_kept_is_of_nobody_else(world: World, look: Callable[..., str]) -> None:
    """Rows and picture are shared by all who are to see the same: an organisation’s word and name are not the same."""
    override_rating("KE", "security", value="high", reason="Ballots", by=world.olga)
    rate_for_organisation(world.northfield, "KE", "security", value="extreme", reason="Mines near", by=world.alice)
    # The one who sees more comes first, then the others, then all of them again from what is kept.
    for _round in range(2):
        for who in (world.alice, world.bob):
            assert "Mines near" in row_of(look(who=who), "Kenya")
        other = look(who=world.dana)
        assert "Mines near" not in other and "Northfield" not in other and "m-own" not in other
        assert "Extreme" not in row_of(other, "Kenya")
    # The same word of another organisation stands under its own name.
    rate_for_organisation(world.southgate, "KE", "security", value="extreme", reason="Mines near", by=world.dana)
    theirs = look(who=world.dana)
    assert 'data-th="Southgate' in row_of(theirs, "Kenya") and "Northfield" not in theirs
    # A change is seen at once, and by those alone whom it concerns.
    rate_for_organisation(world.northfield, "KE", "security", value="low", reason="Calm", by=world.alice)
    assert "Calm" in row_of(look(), "Kenya") and "Mines near" not in look()
    assert "Mines near" in row_of(look(who=world.dana), "Kenya")
    # Languages are kept apart.
    world.bob.language = "de"
    world.bob.save()
    assert "Kenia" in names_in(look()) and "Kenya" in names_in(look(who=world.alice))


def test_rows_and_picture_are_made_once(
    world: World, look: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = look()

    def never(*_args: object, **_kwargs: object) -> str:
        raise AssertionError("made again")

    monkeypatch.setattr(overviews, "render_to_string", never)
    monkeypatch.setattr(overviews, "levels_svg", never)
    again = look(who=world.dana)
    assert names_in(again) == names_in(first) and 'class="world-map level-map"' in again


def test_no_such_scale(world: World, client_of: ClientOf) -> None:
    assert client_of(world.bob).get("/destinations/map/?by=poetry").status_code == 404


def test_alerts_are_a_layer(look: Callable[..., str]) -> None:
    from tests.alerts.messages import message
    from tests.alerts.messages import put as put_alert

    put_alert(message("w-1", headline="Storm over Kenya", polygon="-2,36 -2,38 0,38 0,36 -2,36"), at=NOW)
    assert "Storm over Kenya" not in look()
    text = look("?alerts=1")
    assert "Storm over Kenya" in text and "i-s-" in text
    # The link switches it off again.
    assert re.search(r'href="\?"[^>]*data-map-alerts aria-current="true"', text)


def test_strict_page(look: Callable[..., str]) -> None:
    text = look()
    assert " style=" not in text and not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(
        r'(?:src|href)="https?://(?!safeconduct)', text.split("<footer")[0].split("<main")[1]
    )
    # Nothing of the picture stands in the order of the tab key.
    picture = text[text.index('class="world-map level-map"') :].split("</svg>")[0]
    assert picture.count("<a ") == picture.count('tabindex="-1"') > 5


def test_steps_have_signs_of_their_own(world: World) -> None:
    for scale in worldview.scales():
        lines = worldview.lines_of(scale, "en", None)
        steps = worldview.steps_of(scale, lines)
        assert len({step.level for step in steps}) == len(steps)
        assert sum(step.count for step in steps) == len(lines)
