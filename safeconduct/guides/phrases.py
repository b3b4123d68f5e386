"""Small pieces that the blocks of a guide are put together from: days, links, citations, lines. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from datetime import date, datetime

from django.utils.translation import gettext as _

from safeconduct.guides.blocks import Cell, Paragraph, Span, Spans, words
from safeconduct.guides.document import Citation, with_days
from safeconduct.lib.timewords import day_words, moment_words

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>")
_DESCRIBED = re.compile(r"<desc[^>]*>(.*?)</desc>")


def day(on: date) -> str:
    """A day with its year: paper is kept."""
    return day_words(on, this_year=0)


def moment(at: datetime, zone: str | None = None) -> str:
    """An instant with its year and zone."""
    return moment_words(at, zone, this_year=0)


def line(*parts: str | Spans, tone: str = "") -> Paragraph:
    """A paragraph of plain text and spans."""
    spans: list[Span] = []
    for part in parts:
        spans += words(part) if isinstance(part, str) else part
    return Paragraph(tuple(spans), tone)  # type: ignore[arg-type]  # a tone by name


def link(text: str, url: str) -> Spans:
    """Text that leads to a web address; plain text for any other."""
    return words(text, link=url if url.startswith(("https://", "http://")) else "")


def joined(parts: Iterable[Spans], by: str) -> Spans:
    """Those that are not empty, with `by` between them."""
    found: list[Span] = []
    for part in parts:
        if part:
            found += [Span(by)] if found else []
            found += part
    return tuple(found)


def cited_line(citations: Iterable[Citation]) -> Spans:
    """`Title, edition May 2024; Other, read on Tue 24 Nov 2026` with links."""
    return joined(
        (
            (*link(each.title, each.url), *words("".join(f", {one}" for one in (each.edition_words, read_on(on)) if one)))
            for each, on in with_days(citations)
        ),
        "; ",
    )


def read_on(on: date | None) -> str:
    """`read on Tue 24 Nov 2026`; empty for no day."""
    return _("read on {}").format(day(on)) if on else ""


def alt_of(svg: str) -> str:
    """What a drawing says of itself."""
    found = [match[1] for pattern in (_TITLE, _DESCRIBED) if (match := pattern.search(svg))]
    return ". ".join(html.unescape(each) for each in found)


def header_row(*labels: str) -> tuple[Cell, ...]:
    """The header of a table."""
    return tuple(Cell(words(label), True) for label in labels)
