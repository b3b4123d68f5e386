"""CSV as spreadsheet programs write it: any of comma, semicolon and tab, UTF-8 or UTF-16. Pure.

Refuses what is no table instead of guessing an encoding: a wrong letter in a telephone list helps nobody.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.lib.errors import Refused

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet program takes a cell that begins so for a formula."""


@dataclass(frozen=True)
class Row:
    """One row with its number in the file (the head is row 1)."""

    number: int
    values: dict[str, str]


def decoded(data: bytes) -> str:
    """Return the text. Raises Refused when it is neither UTF-8 nor UTF-16."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise Refused(
            "csv.encoding", _("The file is not UTF-8. Save it as “CSV UTF-8” and try again.")
        ) from None


def table(text: str, *, needed: Sequence[str], most: int) -> list[Row]:
    """Return the rows under the head that are not empty; columns are named in lower case, with underscores.

    Raises Refused with the reason when this is no such table, lacks a column of `needed`, or has more than `most` rows.
    """
    if not text.strip():
        raise Refused("csv.empty", _("The file is empty."))
    if "\x00" in text:
        raise Refused("csv.binary", _("This is no CSV file. Save the table as CSV first."))
    head_line = text.lstrip().splitlines()[0]
    delimiter = max(",;\t", key=head_line.count)
    try:
        read = list(csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise Refused(
            "csv.broken", _("The file is no CSV, or it is cut off in the middle of a cell.")
        ) from None
    head = [cell.strip().lower().replace(" ", "_") for cell in read[0]]
    missing = [name for name in needed if name not in head]
    if missing:
        raise Refused(
            "csv.head",
            _("The first row must name the columns. Missing: %(names)s.") % {"names": ", ".join(missing)},
        )
    if len(read) - 1 > most:
        raise Refused("csv.long", _("At most %(most)d rows at once.") % {"most": most})
    return [
        Row(number, dict(zip(head, cells, strict=False)))
        for number, cells in enumerate(read[1:], start=2)
        if any(cell.strip() for cell in cells)
    ]


def guarded(cell: str) -> str:
    """Return a cell as it is written out: an apostrophe keeps a spreadsheet program from reckoning."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def unguarded(cell: str) -> str:
    """Return a cell as it was before it was written out."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text
