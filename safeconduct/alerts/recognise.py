"""Which format a document that could not be read looks like: every other reader tries it, and nothing is stored.

It guesses for people only: the format of a source is never changed by it.
"""

from __future__ import annotations

from typing import Final

from safeconduct.alerts.formats import READERS
from safeconduct.feeds.models import Source
from safeconduct.lib.xml import Unreadable, root_name

MOST_BYTES: Final = 2 * 1024 * 1024
"""Ten readers read what is no larger than this in a moment."""
IN_XML: Final = ("gvp", "gdacs", "cap")
IN_JSON: Final = ("swic", "usgs", "emsc", "gdacs", "alertswiss", "nina", "meteoalarm", "nws")
"""The formats as they are told apart best: of two that read as much, the first."""
ANY_GEOJSON: Final = "nws"
"""Its reader finds something in every GeoJSON: it counts where no other reads anything."""


def format_of(data: bytes, *, besides: str) -> str:
    """Return the key of the format whose reader makes most of a document, empty when none reads it.

    Some readers take what is another's as well; a CAP message is read by four.
    """
    if len(data) > MOST_BYTES:
        return ""
    best, found = (0, 0), ""
    for key in _candidates(data):
        if key == besides or (found and key == ANY_GEOJSON):
            continue
        try:
            parsed = READERS[key](data)
        except Unreadable:
            continue
        count = len(parsed.alerts) + len(parsed.links)
        if count and (count, -len(parsed.problems)) > best:
            best, found = (count, -len(parsed.problems)), key
    return found


def _candidates(data: bytes) -> tuple[str, ...]:
    if data.lstrip()[:1] in (b"{", b"["):
        return IN_JSON
    try:
        return ("cap",) if root_name(data) == "alert" else IN_XML
    except Unreadable:
        return ()


def hint(data: bytes, *, read_as: str) -> str:
    """Return a sentence that says which format a document looks like, empty when that is not known."""
    found = format_of(data, besides=read_as)
    return f"it looks like {Source.Format(found).label}, not like the source's format" if found else ""
