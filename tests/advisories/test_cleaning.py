"""Hostile mark-up: what is nested without end is cut, at once, and said to be cut; what writers leave open is not."""

from __future__ import annotations

import time

import pytest

from safeconduct.advisories.cleaning import clean, plain

LETTERS = 400_000


@pytest.mark.parametrize(
    "piece",
    [
        "<div>", "<ul><li>", "<blockquote>", "<rb>", "<b><div></b>", "<x><div></x>", "<div><table><td></div>",
        "<form><div></form>", "<p><span></p>", "<li><p><h3>", "<li><dd>", "<svg><div>", "<select><div></select>",
    ],
)  # fmt: skip
def test_deep_nesting_is_cut_at_once(piece: str) -> None:
    began = time.process_time()
    _html, is_cut = clean(piece * (LETTERS // len(piece)))
    assert is_cut and time.process_time() - began < 0.5


@pytest.mark.parametrize("piece", ["<p>x", "<li>x", "<td>x", "<div>x</div>", "<a href=x>", "<!--", "<br>"])
def test_much_of_it_takes_no_longer(piece: str) -> None:
    began = time.process_time()
    clean("<div>" * 140 + piece * (LETTERS // len(piece)), base="https://advice.example.org/")
    assert time.process_time() - began < 2


def test_what_writers_leave_open_is_no_nesting() -> None:
    html = (
        "<div><ul>"
        + "<li>One<p>two" * 500
        + "</ul></div>"
        + "<p>three" * 500
        + "<dl>"
        + "<dt>a<dd>b" * 500
        + "</dl>"
    )
    cleaned, is_cut = clean(html)
    assert not is_cut and cleaned.count("<li>") == cleaned.count("<dt>") == 500


def test_a_list_in_a_list_stays() -> None:
    html = "<ul><li>a" * 20 + "</li></ul>" * 20
    cleaned, is_cut = clean(html)
    assert (cleaned, is_cut) == (html, False)


def test_what_is_cut_is_closed() -> None:
    cleaned, is_cut = clean("<p>Kept</p>" + "<ul><li>" * 1000)
    assert is_cut and cleaned.startswith("<p>Kept</p>") and cleaned.count("<ul>") == cleaned.count("</ul>")


@pytest.mark.parametrize("piece", ["<h1 ", "<", "<br ", "</p", "<p>&nbsp;"])
def test_tags_without_an_end_take_no_longer(piece: str) -> None:
    began = time.process_time()
    clean(piece * (LETTERS // len(piece)))
    plain(piece * (LETTERS // len(piece)))
    assert time.process_time() - began < 4


def test_the_words_alone() -> None:
    assert plain("<h1 class='x'>Stay<br/>away</h1><p>1 &lt; 2</p>now") == "Stay away 1 < 2 now"
    assert clean("<h1 class='x'>Stay</h1><h2>away</h2>") == ("<h3>Stay</h3><h3>away</h3>", False)
