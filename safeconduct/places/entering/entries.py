"""The kinds of entries that a fact is typed in, and the shape that makes one value of them. Pure.

An entry is text on both sides: what a form sends, what a cell of a table holds. It refuses what the shipped data could
not say either, and tells why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from safeconduct.lib.errors import Refused

NONE: Final = "none"
"""What is typed for “there is none”, as opposed to “nobody knows”."""
_SEPARATORS = re.compile(r"[,;\s]+")
_LINES = re.compile(r"[;\n]+")
# Between entries in one line of a table: "police: 110 | fire: 119".
_BETWEEN = re.compile(r"\s*\|\s*")

Kind = Literal["choice", "number", "text", "list", "lines"]
Labels = Callable[[], Sequence[tuple[str, str]]]


class BadEntry(ValueError):
    """What is wrong with one entry, in the reader's words."""


class BadEntries(ValueError):
    """What is wrong, by the key of the entry; under the empty key what concerns several."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = dict(faults)


@dataclass(frozen=True)
class Entry:
    """One field of a form. `read` makes a value of its text, `write` a text of its value; empty text is None."""

    key: str
    label: str | Promise
    kind: Kind
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    hint: str | Promise = ""
    choices: Labels | None = None
    is_required: bool = False


@dataclass(frozen=True)
class Shape:
    """How a field is stated. `value` makes the stored value of what the entries hold (country, entries), `parts` the
    reverse."""

    entries: tuple[Entry, ...]
    value: Callable[[str, dict[str, Any]], Any]
    parts: Callable[[Any], dict[str, Any]]
    by_key: dict[str, Entry] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index the entries."""
        self.by_key.update({entry.key: entry for entry in self.entries})

    def read(self, country_code: str, texts: Mapping[str, str]) -> Any:
        """The value of what was typed. Raises BadEntries."""
        found: dict[str, Any] = {}
        faults: dict[str, str] = {}
        for entry in self.entries:
            text = texts.get(entry.key, "").strip()
            if not text:
                if entry.is_required:
                    faults[entry.key] = _("This is needed.")
                found[entry.key] = None
                continue
            try:
                found[entry.key] = entry.read(text)
            except BadEntry as error:
                faults[entry.key] = str(error)
        if faults:
            raise BadEntries(faults)
        try:
            return self.value(country_code, found)
        except BadEntry as error:
            raise BadEntries({"": str(error)}) from error

    def texts(self, value: Any) -> dict[str, str]:
        """What somebody would have typed for a value."""
        parts = self.parts(value)
        return {
            entry.key: "" if parts.get(entry.key) is None else entry.write(parts[entry.key])
            for entry in self.entries
        }

    def lost(self, before: Any, after: Any) -> list[tuple[str, str]]:
        """Entries that one value holds and the next one lacks, as (label, text): what would silently go."""
        had, has = self.texts(before), self.texts(after)
        return [
            (str(entry.label), had[entry.key].replace("\n", "; "))
            for entry in self.entries
            if had[entry.key] and not has[entry.key]
        ]

    def as_line(self, value: Any) -> str:
        """A value as one cell of a table."""
        texts = {key: text.replace("\n", "; ") for key, text in self.texts(value).items() if text}
        if len(self.entries) == 1:
            return next(iter(texts.values()), "")
        return " | ".join(f"{key}: {text}" for key, text in texts.items())

    def from_line(self, country_code: str, line: str) -> Any:
        """The value of a cell. Raises BadEntries."""
        if len(self.entries) == 1:
            return self.read(country_code, {self.entries[0].key: line})
        texts = {}
        for piece in filter(None, _BETWEEN.split(line.strip())):
            key, colon, text = piece.partition(":")
            if not colon or key.strip() not in self.by_key:
                known = " | ".join(f"{name}: …" for name in self.by_key)
                raise BadEntries({"": _("Write it like this: %(example)s") % {"example": known}})
            texts[key.strip()] = text.strip()
        return self.read(country_code, texts)


def choice(key: str, label: str | Promise, codes: Sequence[str], labels: Labels, **more: Any) -> Entry:
    """One of a few codes."""

    def read(text: str) -> str:
        if text not in codes:
            raise BadEntry(_("Not a choice here. These are: %(codes)s.") % {"codes": ", ".join(codes)})
        return text

    return Entry(key, label, "choice", read, choices=labels, **more)


def number(key: str, label: str | Promise, least: int, most: int, **more: Any) -> Entry:
    """A whole number within bounds."""

    def read(text: str) -> int:
        plain = text.replace(" ", "").replace("\u202f", "").replace("\u00a0", "")
        if not (plain.isascii() and plain.isdigit()) or not least <= int(plain) <= most:
            raise BadEntry(_("A whole number from %(least)d to %(most)d.") % {"least": least, "most": most})
        return int(plain)

    return Entry(key, label, "number", read, **more)


def text(key: str, label: str | Promise, pattern: str, wrong: Callable[[], str], **more: Any) -> Entry:
    """A short text of a given form."""
    form = re.compile(pattern)

    def read(typed: str) -> str:
        if not form.fullmatch(typed):
            raise BadEntry(wrong())
        return typed

    return Entry(key, label, "text", read, **more)


def codes(
    key: str,
    label: str | Promise,
    is_known: Callable[[str], bool],
    *,
    tidy: Callable[[str], str] = str,
    in_order: bool = False,
    may_be_none: bool = False,
    **more: Any,
) -> Entry:
    """Several codes with commas or spaces between. `may_be_none`: the word "none" stands for an empty list."""

    def read(typed: str) -> list[str]:
        if may_be_none and typed.casefold() == NONE:
            return []
        found = list(dict.fromkeys(tidy(word) for word in _SEPARATORS.split(typed.strip(" ,;")) if word))
        unknown = [word for word in found if not is_known(word)]
        if unknown:
            raise BadEntry(_("Not known: %(words)s.") % {"words": ", ".join(unknown)[:200]})
        return sorted(found) if in_order else found

    def write(value: list[Any]) -> str:
        return ", ".join(str(one) for one in value) or NONE

    return Entry(key, label, "list", read, write, **more)


def lines(
    key: str,
    label: str | Promise,
    read_line: Callable[[str], Any],
    write_line: Callable[[Any], str],
    **more: Any,
) -> Entry:
    """One statement a line."""

    def read(typed: str) -> list[Any]:
        found = []
        for line in filter(None, (line.strip() for line in _LINES.split(typed))):
            try:
                found.append(read_line(line))
            except BadEntry as error:
                raise BadEntry(f"“{line[:60]}”: {error}") from error
        return found

    def write(value: list[Any]) -> str:
        return "\n".join(write_line(one) for one in value)

    return Entry(key, label, "lines", read, write, **more)


def refusal(faults: Mapping[str, str]) -> Refused:
    """Faults as one refusal, for callers without a form."""
    return Refused("fact.value", " ".join(faults.values()))
