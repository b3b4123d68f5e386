"""What a choice means, in the words that a page has for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import get_language

from safeconduct.places.entering.entries import Labels
from safeconduct.places.factwords import Words


def reader_words() -> Words:
    """Values in the reader's language."""
    return Words(get_language() or "en")


def said_for(field: str, codes: Sequence[str], wrap: Callable[[str], Any] = lambda code: code) -> Labels:
    """The codes of a choice with what a page says for each; `wrap` makes a value of the field of a code."""
    return lambda: [(code, reader_words().text(field, wrap(code))) for code in codes]
