"""Under which names a message knows its event, and which events the known names mean.

A sender updates and cancels its own messages: the sender in a reference is often misspelt and does not count.
Refuses to believe a message that names no sender about others, unless everything in the source is one authority's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from safeconduct.alerts.models import EventKey
from safeconduct.alerts.parsed import ParsedAlert
from safeconduct.feeds.models import Source

CHUNK = 500
"""Values in one query: SQLite takes 999 at least."""


class Name(NamedTuple):
    """A name under which a message knows an event: an identifier, and who speaks of it."""

    key: str
    sender: str


def names_of(alert: ParsedAlert, source: Source) -> tuple[Name, ...]:
    """Every name by which a message knows its event, own ones first.

    The sender in a reference counts only where the message names none itself and the source is one authority's.
    Otherwise one sender of a relay could end, or silence beforehand, what another one warns of.
    """
    sender = folded(alert.sender)
    own = [Name(key[:400], sender) for key in alert.keys or (alert.identifier,)]
    referred = [
        Name(item.identifier[:400], sender or (folded(item.sender) if is_one_voice(source) else ""))
        for item in alert.references
    ]
    return tuple(dict.fromkeys([*own, *referred]))


def means(name: Name, key: str, sender: str, *, one_voice: bool) -> bool:
    """Whether a name means the event that is known by a key and a sender.

    The same identifier of another sender is another message (CAP 1.2 §3.2.1: identifier, sender and sent name
    it together). An unnamed sender may be any only in a source with one voice.
    """
    return name.key == key and (name.sender == sender or (one_voice and not (name.sender and sender)))


def is_one_voice(source: Source) -> bool:
    """Whether everything in a source is one authority's: official, and neither a relay nor handed in."""
    return source.trust == Source.Trust.OFFICIAL


def folded(sender: str) -> str:
    """A sender as it is compared."""
    return sender.strip().casefold()[:200]


def chunks(values: Collection[str]) -> Iterator[list[str]]:
    """The distinct values in portions that one query takes."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), CHUNK):
        yield distinct[start : start + CHUNK]


def rows_of(keys: Iterable[str], source: Source) -> list[tuple[str, str, str, int]]:
    """What is known by any of these keys in a source: (status, key, sender, event), lowest event first."""
    found: list[tuple[str, str, str, int]] = []
    for some in chunks(list(keys)):
        rows = EventKey.objects.filter(source=source, key__in=some)
        found += rows.values_list("status", "key", "sender", "event_id")
    return sorted(found, key=lambda row: row[3])


def meant(
    alert: ParsedAlert, names: Iterable[Name], rows: Iterable[tuple[str, str, str, int]], source: Source
) -> list[int]:
    """The events that a message belongs to or speaks of, its own first.

    By own names first, then by the identifiers it refers to: `sent` in a reference is often another one, so it
    does not decide. A test never means an actual event. Where a message without a sender may be of several senders the
    order is theirs by name: which event was stored first depends on what else came with it.
    """
    one_voice = is_one_voice(source)
    known = sorted((row for row in rows if row[0] == alert.status), key=lambda row: row[2:])
    return list(
        dict.fromkeys(
            event
            for name in names
            for exactly in (True, False)
            for _, key, sender, event in known
            if (sender == name.sender) == exactly and means(name, key, sender, one_voice=one_voice)
        )
    )
