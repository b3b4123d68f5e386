"""How a guide names those whom it cites."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from safeconduct.guides.document import Citation, with_days
from safeconduct.lib.timewords import day_words

register = template.Library()


@register.simple_tag
def cited(citations: Sequence[Citation], brief: bool = False) -> SafeString:
    """Titles with editions, and the day on which they were read; `brief` names the first alone."""
    shown = with_days(citations)
    if brief and len(shown) > 1:
        first, (_citation, on) = shown[0][0], shown[-1]
        return format_html("{} {}{}", _title(first), _("and others"), _read(on))
    return format_html_join("; ", "{}{}", ((_title(each), _read(on)) for each, on in shown))


def _title(citation: Citation) -> SafeString:
    name = format_html("<bdi>{}</bdi>", citation.title)
    if citation.url:
        name = format_html('<a href="{}" rel="noreferrer">{}</a>', citation.url, name)
    return format_html("{}, {}", name, citation.edition_words) if citation.edition else name


@register.simple_tag
def read_on(on: date) -> SafeString:
    """The day on which a source was read, said as such: it is not the day of the document."""
    day = format_html('<time datetime="{}">{}</time>', on.isoformat(), day_words(on, this_year=0))
    return format_html(_("read on {}"), day)


def _read(on: date | None) -> SafeString | str:
    return format_html(", {}", read_on(on)) if on is not None else ""
