"""From templates to one rendered message with marks where each person's words go.

A template writes `{{ slot.name }}`; rendering leaves the mark U+E000 name U+E001, which `mime.py` fills per
person. Marks are private-use characters and carry a random word while a template runs, so that text from a
feed or a form cannot pretend to be one. Filters on slots do nothing useful: the value is not there yet.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template import Context, engines
from django.template.exceptions import TemplateDoesNotExist
from django.utils import translation
from django.utils.html import escape as escaped
from django.utils.safestring import SafeString, mark_safe

from safeconduct.outbox import styles
from safeconduct.outbox.kinds import Kind

OPEN, CLOSE = "\ue000", "\ue001"
MARK = re.compile(f"{OPEN}([a-z][a-z0-9_]*){CLOSE}")
AUTOMATIC = frozenset({"unsubscribe_url", "address"})
_PRIVATE = re.compile(f"[{OPEN}{CLOSE}]")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Rendered:
    """Subject, text and HTML with marks."""

    subject: str
    text: str
    html: str

    @property
    def slot_names(self) -> frozenset[str]:
        """The names that a delivery must bring."""
        return slot_names(self.subject, self.text, self.html)


class _Slots:
    """The `slot` of a template's context: any name gives its mark."""

    def __init__(self, word: str) -> None:
        self._word = word

    def __getitem__(self, name: str) -> SafeString:
        if not _NAME.fullmatch(name):
            raise KeyError(name)
        return mark_safe(f"{OPEN}{self._word}{name}{CLOSE}")  # noqa: S308  # a name of [a-z0-9_] only


def slot_names(*parts: str) -> frozenset[str]:
    """Return the names of the slots in rendered parts, without those filled by the outbox itself."""
    return frozenset(name for part in parts for name in MARK.findall(part)) - AUTOMATIC


def render(kind: Kind, *, language: str, context: Mapping[str, Any]) -> Rendered:
    """Render a kind's three templates in `language`. A kind without an HTML template is text only.

    Raises ValueError when `context` redefines a name that every mail has.
    """
    own = {"kind", "slot", "language", "subject"}
    if own & context.keys():
        raise ValueError(f"a mail's context may not redefine {', '.join(sorted(own & context.keys()))}")
    word = secrets.token_hex(8)
    values = {"from_name": "", "sender_line": "", **context}
    values |= {"kind": kind, "slot": _Slots(word), "language": language}
    with translation.override(language):
        subject = " ".join(_template(f"{kind.template}.subject.txt", values, word, escape=False).split())
        values["subject"] = MARK.sub("", subject).strip()
        text = _tidy(_template(f"{kind.template}.txt", values, word, escape=False))
        try:
            html = _template(f"{kind.template}.html", values, word, escape=True)
        except TemplateDoesNotExist as missing:
            if str(missing) != f"{kind.template}.html":
                raise
            html = ""
    return Rendered(subject[:900], text, _squeezed(html))


def _template(name: str, values: Mapping[str, Any], word: str, *, escape: bool) -> str:
    # The engine itself, not the backend: mail has no request, so no context processors, and text no escaping.
    template = engines["django"].engine.get_template(name)  # type: ignore[attr-defined]
    rendered: str = template.render(Context(dict(values), autoescape=escape))
    kept = re.sub(
        f"{OPEN}{word}([a-z][a-z0-9_]*){CLOSE}",
        "\x00\\1\x01",
        rendered.replace("\x00", "").replace("\x01", ""),
    )
    return _PRIVATE.sub("", kept).replace("\x00", OPEN).replace("\x01", CLOSE)


def _tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _squeezed(html: str) -> str:
    """Without indentation, empty lines and styles of other mails: a third of what goes out a hundred thousand times."""
    html = styles.only_used(html.strip())
    return html if "<pre" in html else re.sub(r"\s*\n\s*", "\n", html)


def fill(part: str, slots: Mapping[str, str], *, escape: bool = False) -> str:
    """Return a rendered part with its slots filled: for previews and the development mailbox."""
    return MARK.sub(lambda mark: escaped(slots.get(mark[1], "")) if escape else slots.get(mark[1], ""), part)
