"""What the pages of entry rules show that the house's tags do not: whom a quote was written for."""

from __future__ import annotations

from django import template

from safeconduct.advice import words
from safeconduct.advice.derived import Quote

register = template.Library()


@register.simple_tag
def audience(quote: Quote) -> str:
    """Whose travellers a publisher wrote it for; empty for everybody's."""
    return words.audience(quote)
