"""Every string that is marked for translation in code and templates, found without gettext's own programs."""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.extract import extract
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parent.parent.parent / "safeconduct"
CONTEXT = ((1, "c"), 2)
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": CONTEXT,
    "pgettext_lazy": CONTEXT,
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}

Marked = tuple[str, str]
"""(context, text); the singular of a text with a plural."""


def marked_strings() -> set[Marked]:
    """What a catalogue has to hold."""
    found: set[Marked] = set()
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix not in {".py", ".html", ".txt"} or "locale" in path.parts:
            continue
        source = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            # What is left of a template is no program: only its calls count, indented by chance.
            source = "\n".join(line.lstrip() for line in templatize(source, origin=str(path)).splitlines())
        for _line, text, _comments, context in extract(
            "python", io.BytesIO(source.encode()), keywords=KEYWORDS
        ):
            found.add((context or "", text[0] if isinstance(text, tuple) else text))
    return found
