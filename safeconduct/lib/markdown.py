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
    "a", "blockquote", "br", "code", "dd", "dl", "dt", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES: Final = {"a": {"href"}, "ol": {"start"}}
SCHEMES: Final = {"https", "http", "mailto", "tel"}


def html(text: str) -> SafeString:
    """Return the text as HTML; its first level of headings is h2, because the page has the h1."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    rendered = parser.render(text)
    cleaned = nh3.clean(
        rendered, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener noreferrer"
    )
    return mark_safe(cleaned)  # noqa: S308 - cleaned by nh3 just before
