"""One render, marks for each person, and nothing in a context that can pretend to be a mark."""

from __future__ import annotations

import pytest

from safeconduct.outbox.rendering import CLOSE, OPEN, fill, render, slot_names
from safeconduct.outbox.styles import only_used
from tests.outbox.conftest import ALERT, PLAIN


def test_marks_survive_rendering_and_are_filled_with_escaping_where_it_belongs() -> None:
    rendered = render(ALERT, language="en", context={"headline": "Typhoon <b>", "from_name": "Northfield"})
    assert rendered.slot_names == {"name", "reason"}
    assert "Typhoon <b>" in rendered.text
    assert "Typhoon &lt;b&gt;" in rendered.html
    slots = {"name": "A & B", "reason": "r", "unsubscribe_url": "https://x.example/u?a=1&b=2"}
    assert "Dear A & B," in fill(rendered.text, slots)
    assert "Dear A &amp; B," in fill(rendered.html, slots, escape=True)
    assert 'href="https://x.example/u?a=1&amp;b=2"' in fill(rendered.html, slots, escape=True)


def test_words_of_a_feed_cannot_pretend_to_be_a_slot() -> None:
    headline = f"x {OPEN}code{CLOSE} {OPEN} \x00code\x01"
    rendered = render(ALERT, language="en", context={"headline": headline})
    assert slot_names(rendered.subject, rendered.text, rendered.html) == {"name", "reason"}
    assert OPEN + "code" not in rendered.text + rendered.html
    assert "\x00" not in rendered.text


def test_every_mail_says_why_it_came_how_to_stop_it_and_who_sends_it() -> None:
    context = {
        "headline": "h",
        "from_name": "Northfield University",
        "sender_line": "Travel Safety, 1 Example Way",
    }
    rendered = render(ALERT, language="en", context=context)
    for part in (rendered.text, rendered.html):
        assert "You get this because a trip of yours is touched." in part
        assert f"{OPEN}unsubscribe_url{CLOSE}" in part
        assert "Sent by Northfield University: Travel Safety, 1 Example Way" in part
    assert "unsubscribe_url" not in render(PLAIN, language="en", context={"headline": "h"}).text


def test_the_html_names_its_language_and_direction_and_needs_nothing_from_elsewhere() -> None:
    arabic = render(ALERT, language="ar", context={"headline": "h"}).html
    assert '<html lang="ar" dir="rtl"' in arabic
    english = render(ALERT, language="en", context={"headline": "h"}).html
    assert '<html lang="en" dir="ltr"' in english
    assert "<img" not in english
    assert "<link" not in english
    assert "url(" not in english
    assert "<title>h in your area</title>" in english


def test_a_kind_without_html_is_text_only_and_its_subject_one_line() -> None:
    rendered = render(PLAIN, language="en", context={"headline": "one\r\nBcc: two"})
    assert rendered.html == ""
    assert rendered.subject == "one Bcc: two"


@pytest.mark.parametrize("name", ["slot", "kind", "language", "subject"])
def test_a_context_may_not_redefine_what_every_mail_has(name: str) -> None:
    with pytest.raises(ValueError, match="may not redefine"):
        render(PLAIN, language="en", context={"headline": "h", name: "x"})


def test_a_mail_carries_the_styles_it_uses_and_no_others() -> None:
    sheet = """<style>
      body { margin: 0; } .box, .foot { x: y; } .a .b { p: q; } .gone { p: q; } .gone, .foot { r: s; }
      @media (prefers-color-scheme: dark) { body { c: d; } .box { e: f; } .gone { g: h; } }
      @media print { .gone { g: h; } }
    </style><body class="box"><p class="a foot">text</p></body>"""
    kept = only_used(sheet)
    assert "body { margin: 0; }\n.box, .foot { x: y; }\n.foot { r: s; }" in kept
    assert "@media (prefers-color-scheme: dark) {\nbody { c: d; }\n.box { e: f; }\n}" in kept
    assert "gone" not in kept
    assert "p: q" not in kept
    assert "print" not in kept
    assert kept.endswith('<body class="box"><p class="a foot">text</p></body>')
    assert only_used("<p>no sheet</p>") == "<p>no sheet</p>"


def test_the_shared_sheet_is_understood_whole() -> None:
    html = render(ALERT, language="en", context={"headline": "h"}).html
    for rule in (
        ".why {",
        ".foot {",
        "@media (prefers-color-scheme: dark) {",
        ":root {",
        "h1 {",
        'a[href^="tel:"] {',
    ):
        assert rule in html
    assert ".sev4" not in html
    assert html.count("{") == html.count("}")
