"""Names of languages and countries in the reader's language, for lists of centres."""

from __future__ import annotations

from collections.abc import Iterable

from babel import Locale
from babel.lists import format_list
from django import template
from django.utils.translation import get_language, to_locale

register = template.Library()


def _locale() -> Locale:
    return Locale.parse(to_locale(get_language() or "en"))


@register.filter
def language_names(codes: Iterable[str]) -> str:
    """Return `English, Spanish and Arabic`; a code without a name stays a code."""
    locale = _locale()
    return format_list([locale.languages.get(code, code) for code in codes], locale=locale)


@register.filter
def country_name(code: str) -> str:
    """Return the country's name; a code without a name stays a code."""
    return str(_locale().territories.get(code, code))
