"""The file of assistance centres: its columns, how many rows, and a template to fill in. Pure."""

from __future__ import annotations

import csv
import io

from safeconduct.centres.details import FIELDS
from safeconduct.lib.csvtable import Row, decoded, table

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


def rows(data: bytes) -> list[Row]:
    """Return the rows under the head. Raises Refused with the reason when this is no such table."""
    return table(decoded(data), needed=NEEDED, most=MOST_ROWS)


def template() -> str:
    """Return a file to fill in, with two examples."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(FIELDS)
    writer.writerows(TEMPLATE_ROWS)
    return out.getvalue()
