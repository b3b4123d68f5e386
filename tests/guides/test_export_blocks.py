"""Cleaned HTML as neutral blocks, and blocks as Markdown: bounded, nothing lost, nothing read as mark-up twice."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from safeconduct.guides.blocks import (
    Cut,
    Heading,
    Listing,
    Paragraph,
    Passage,
    Span,
    Table,
    plain,
    read_html,
)
from safeconduct.guides.markdown import markdown_of, plain_text
from safeconduct.guides.outline import outline
from tests.guides.specimens import HOSTILE, guide, saying


def texts(value: object) -> str:
    """All that is shown, in order."""
    match value:
        case tuple():
            return " ".join(texts(each) for each in value)
        case Paragraph() | Heading():
            return plain(value.spans)
        case Listing():
            return texts(tuple(each for item in value.items for each in item))
        case Table():
            return " ".join(plain(cell.spans) for row in (value.header, *value.rows) for cell in row)
        case Passage():
            return texts(value.blocks)
    return ""


def test_inline_styles_and_links() -> None:
    (block,) = read_html(
        '<p>Be <strong>very <em>care</em></strong>ful, see <a href="https://x.example">here</a>.</p>'
    )
    assert isinstance(block, Paragraph)
    assert block.spans == (
        Span("Be "),
        Span("very ", strong=True),
        Span("care", strong=True, em=True),
        Span("ful, see "),
        Span("here", link="https://x.example"),
        Span("."),
    )


def test_lists_in_lists_and_quotes() -> None:
    listing, quote = read_html(
        '<ol start="3"><li>a<ul><li>b</li></ul></li><li><p>c</p></li></ol><blockquote><p>q</p></blockquote>'
    )
    assert isinstance(listing, Listing) and (listing.is_ordered, listing.start, len(listing.items)) == (
        True,
        3,
        2,
    )
    assert isinstance(listing.items[0][1], Listing)
    assert isinstance(quote, Passage) and plain(quote.blocks[0].spans) == "q"  # type: ignore[union-attr]


def test_a_table_of_thousands_of_rows_is_cut_and_says_so() -> None:
    html = "<table><tr><th>Place</th></tr>" + "<tr><td>row</td></tr>" * 10_000 + "</table>"
    (table,) = read_html(html)
    assert isinstance(table, Table)
    assert (len(table.header), len(table.rows), table.left_out) == (1, 200, 9_800)
    assert "9800 more rows are left out here" in markdown_of(outline(saying(html)))


def test_a_text_without_end_is_cut() -> None:
    blocks = read_html("<p>word word word</p>" * 60_000)
    assert isinstance(blocks[-1], Cut) and len(blocks) < 5_000


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<marquee>hello <foo>there</foo></marquee>", "hello there"),
        ("<p>open <b>never closed", "open never closed"),
        ("</td></table></li>stray", "stray"),
        ("<td>cell alone</td>", "cell alone"),
        ("<table><td>no row</td></table>", "no row"),
        ("<script>alert(1)</script><style>x{}</style>after", "after"),
        ("<ul>loose<li>item</li></ul>", "loose item"),
        ("a<br>b", "a b"),
        ("&lt;b&gt; &amp;amp;", "<b> &amp;"),
    ],
)
def test_odd_tags_become_their_text(html: str, text: str) -> None:
    assert " ".join(texts(read_html(html)).split()) == text


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["<p>", "</p>", "<ul>", "<li>", "</ul>", "<table>", "<tr>", "<td>", "<th>", "</table>",
                                 "<blockquote>", "</blockquote>", "<h2>", "</h2>", "<b>", "</b>", "<a href='y'>", "x", " "]), max_size=60))  # fmt: skip
def test_any_order_of_tags_is_read_and_keeps_its_letters(tags: list[str]) -> None:
    assert texts(read_html("".join(tags))).count("x") == tags.count("x")


def test_headings_never_skip_a_level() -> None:
    levels = [block.level for block in outline(guide()).blocks if isinstance(block, Heading)]
    assert levels[0] == 1 and all(after <= before + 1 for before, after in pairwise(levels))


def test_markdown_says_what_the_page_says() -> None:
    text = markdown_of(outline(guide()))
    for words in (
        "# Testland: Destination guide", "## Before you go", "### Entry requirements", "Bring *two* copies.",
        "| Money | Test dollar \\(XTS\\) |".replace("\\(", "(").replace("\\)", ")"), "No source that we read says so.",
        "(corrected here: the embassy says so)", "> Be **careful**.", "> **From Northfield**", "| Police | **112**",
        "3 of 4, 4 in parts", "[CLDR 48.2](https://cldr.unicode.org/)", "<https://cldr.unicode.org/>", "Storm \\& surge",
        "Nothing is recorded here yet: Nothing yet.", "Version: 0123456789abcdef",
    ):  # fmt: skip
        assert words in text, words


def test_markdown_of_hostile_text_reads_as_that_text() -> None:
    """What a reader of Markdown makes of it has the words and no mark-up of theirs."""
    text = markdown_of(outline(saying(f"<p>{HOSTILE.replace('&', '&amp;').replace('<', '&lt;')}</p>")))
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    shown = " ".join(
        "".join(child.content for child in token.children or [])
        for token in tokens
        if token.type == "inline" and "passwd" in token.content
    )
    assert '#read("/etc/passwd")' in shown and "*a* _b_ `c` [d] <e> @ref" in shown and "\\ $x^2$" in shown


@pytest.mark.parametrize(
    "start", ["1. one", "- item", "# head", "+ plus", "> quote", "===", "| a |", "12) x"]
)
def test_text_that_looks_like_a_beginning_stays_a_paragraph(start: str) -> None:
    text = markdown_of(outline(saying(f"<p>{start.replace('>', '&gt;')}</p>")))
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    found = [
        i
        for i, token in enumerate(tokens)
        if token.type == "inline" and start in "".join(c.content for c in token.children or [])
    ]
    assert found and all(tokens[i - 1].type == "paragraph_open" and tokens[i].level > 0 for i in found)


def test_chosen_chapters_alone() -> None:
    text = markdown_of(outline(guide(), frozenset({"contacts"})))
    assert "## Contacts" in text and "Before you go" not in text and "Official advice" not in text
    # The sources are those of the chapter.
    assert "FCDO" not in text and "Chapters: Contacts" in text


def test_plain_text_for_a_terminal() -> None:
    text = plain_text(outline(guide()))
    assert "BEFORE YOU GO" in text and "Police  |  112" in text and "**" not in text
