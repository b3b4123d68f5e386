"""CSV as spreadsheet programs write it: any of comma, semicolon and tab, UTF-8 or UTF-16. Pure.

Refuses what is no table instead of guessing an encoding: a wrong letter in a telephone list helps nobody.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from django.utils.translation import gettext as _

from safeconduct.centres.details import FIELDS
from safeconduct.lib.errors import Refused

MOST_ROWS = 5000
NEEDED = ("name", "place_name", "country_code", "phone")
TEMPLATE_ROWS = (
    (
        "Example centre Denver",
        "Denver",
        "US",
        "39.74",
        "-104.99",
        "+1 303 555 0142",
        "",
        "yes",
        "",
        "America/Denver",
        "en, es",
        "yes",
        "yes",
    ),
    (
        "Example centre London",
        "London",
        "GB",
        "",
        "",
        "+44 20 7946 0123",
        "",
        "no",
        "Mon-Fri 08:00-18:00",
        "Europe/London",
        "en, fr",
        "yes",
        "no",
    ),
)


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


def rows(data: bytes) -> list[Row]:
    """Return the rows under the head. Raises Refused with the reason when this is no such table."""
    text = decoded(data)
    if not text.strip():
        raise Refused("csv.empty", _("The file is empty."))
    if "\x00" in text:
        raise Refused("csv.binary", _("This is no CSV file. Save the table as CSV first."))
    head_line = text.lstrip().splitlines()[0]
    delimiter = max(",;\t", key=head_line.count)
    try:
        table = list(csv.reader(io.StringIO(text.lstrip()), delimiter=delimiter, strict=True))
    except csv.Error:
        raise Refused(
            "csv.broken", _("The file is no CSV, or it is cut off in the middle of a cell.")
        ) from None
    head = [cell.strip().lower().replace(" ", "_") for cell in table[0]]
    missing = [name for name in NEEDED if name not in head]
    if missing:
        raise Refused(
            "csv.head",
            _("The first row must name the columns. Missing: %(names)s.") % {"names": ", ".join(missing)},
        )
    if len(table) - 1 > MOST_ROWS:
        raise Refused("csv.long", _("At most %(most)d rows at once.") % {"most": MOST_ROWS})
    return [
        Row(number, dict(zip(head, cells, strict=False)))
        for number, cells in enumerate(table[1:], start=2)
        if any(cell.strip() for cell in cells)
    ]


def template() -> str:
    """Return a file to fill in, with two examples."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(FIELDS)
    writer.writerows(TEMPLATE_ROWS)
    return out.getvalue()
