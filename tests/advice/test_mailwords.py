"""What a mail before a trip says of several countries: a level of each, how much more there is, and what is old."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.template.loader import render_to_string

from safeconduct.advice.answers import Source
from safeconduct.advice.briefing import Asked, AskedStop, Briefing, Group, Line, Step
from safeconduct.advice.emails import MOST, briefing_words
from tests.advice.rulefiles import NOW

pytestmark = pytest.mark.django_db
SAID = (Source("An office", "", date(2026, 11, 1)),)
SLOT = {"title": "T", "url": "https://example.org/", "label": "Open", "then": "", "stop": "Stop", "unsubscribe_url": "https://example.org/s"}


def level(country: str, number: int, sign: str, **more: Any) -> Line:
    return Line(f"security.advice.{country}{number}", f"Level {sign or 'unknown'} of {country}{number}", SAID, sign=sign, label=f"Office {number}", **more)


def briefing(*groups: Group, step: str = "security") -> Briefing:
    asked = Asked("US", tuple(AskedStop(group.country) for group in groups))
    return Briefing(asked, (Step(step, "Safety", groups),), NOW, "en", {})


def group(country: str, lines: tuple[Line, ...]) -> Group:
    return Group(f"g.{country}", "Levels", lines, country, f"Land {country}")


def shown(words: Any) -> tuple[str, str]:
    given = {**words, "slot": SLOT, "language": "en"}
    return render_to_string("advice/mail/briefing.txt", given), render_to_string("advice/mail/briefing.html", given)


def test_every_country_has_its_worst_level_and_what_is_left_out_is_counted() -> None:
    rows = [group(country, tuple(level(country, n, "4" if n == 9 else "2") for n in range(10))) for country in ("KE", "UG", "TZ")]
    words = briefing_words(briefing(*rows), (), stage="registered")
    assert len(words["levels"]) == MOST and words["more_levels"] == 30 - MOST
    for country in ("KE", "UG", "TZ"):
        mine = [one for one in words["levels"] if one.country == country]
        assert len(mine) == 4 and mine[-1].text == f"Level 4 of {country}9", "in the order of the briefing"
    for text in shown(words):
        assert "and 18 more" in text and "Land TZ" in text
    many = [group(f"C{n}", (level(f"C{n}", 0, "1"),)) for n in range(MOST + 3)]
    words = briefing_words(briefing(*many), (), stage="registered")
    assert len(words["levels"]) == MOST + 3 and words["more_levels"] == 0


def test_what_is_asked_is_cut_aloud() -> None:
    asked = tuple(Line(f"entry.x{n}.KE", "Required", SAID, sign="4", label=f"Thing {n}") for n in range(MOST + 2))
    words = briefing_words(briefing(group("KE", asked), step="entry"), (), stage="registered")
    assert len(words["required"]) == MOST and words["more_required"] == 2
    assert all("and 2 more" in text for text in shown(words))


def test_unknown_is_not_green_and_what_is_old_says_so() -> None:
    lines = (
        level("KE", 0, ""), level("KE", 1, "0"), level("KE", 2, "1"), level("KE", 3, "3", is_stale=True),
        level("KE", 4, "2", caution="Not checked against the live source yet."),
    )  # fmt: skip
    words = briefing_words(briefing(group("KE", lines)), (), stage="registered")
    assert [one.tag for one in words["levels"]] == ["", "", "1", "3", "2"]
    text, html = shown(words)
    assert 'class="tag t1">Level 1 of KE2' in html and html.count('class="tag t1"') == 1
    for said in (text, html):
        assert "Level unknown of KE0" in said and "Old, to be checked." in said and "Not checked against the live source yet." in said
    clean = briefing_words(briefing(group("KE", tuple(replace(one, is_stale=False, caution="") for one in lines))), (), stage="registered")
    assert not any("Old, to be checked" in said for said in shown(clean))
