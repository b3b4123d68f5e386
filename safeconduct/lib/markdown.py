"""Markdown that people wrote, as safe HTML.

Raw HTML in the text is shown as text; what is left passes nh3 with a short list of tags. Pictures are refused:
a text must not make a reader's browser call somebody else.
"""

from __future__ import annotations

from typing import Final

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS: Final = {
    "a", "blockquote", "br", "code", "dd", "dl", "dt", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES: Final = {"a": {"href"}, "ol": {"start"}}
SCHEMES: Final = {"https", "http", "mailto", "tel"}


def html(text: str, *, below: int = 0) -> SafeString:
    """Return the text as HTML; its first level of headings is h2, because the page has the h1.

    `below` pushes headings so many levels down, for a text that stands in a section with headings of its own.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    for token in tokens:
        if below and token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + below)}"
    rendered = str(parser.renderer.render(tokens, parser.options, {}))
    cleaned = nh3.clean(
        rendered, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener noreferrer"
    )
    return mark_safe(cleaned)  # noqa: S308 - cleaned by nh3 just before
