"""Concluding from a list that an event is over because the list no longer names it. Only by a list, never by silence.

For sources that list all that is active. An event is over when it is missing from PATIENCE complete lists in a row;
from SUSPICIOUS_PATIENCE when the list looks like a fault: suddenly empty, most events gone at once, or far shorter
than before. What is older than the source's window leaves the list without being over. An answer that says
“unchanged” is the last list again. Refuses to conclude from failed, half or unreadable answers, from a single
message, and from an index as long as it names messages of which nobody knows yet what they say.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, Min, QuerySet

from safeconduct.alerts import writing
from safeconduct.alerts.formats import READERS
from safeconduct.alerts.models import Event, EventKey
from safeconduct.alerts.names import chunks
from safeconduct.alerts.parsed import Parsed
from safeconduct.feeds.models import Document, Fetch, LinkedMessage, Source
from safeconduct.lib.xml import Unreadable

PATIENCE = 2
SUSPICIOUS_PATIENCE = 6
FEW = 10
"""With fewer active events or entries, their number says nothing about a fault."""


NOT_READ = "nothing concluded: messages that the list names are not read yet"


@dataclass(frozen=True)
class Note:
    """What a list led to: events that ended, and what was odd about it, for the fetch's row (may be empty)."""

    vanished: int = 0
    text: str = ""


def conclude(source: Source, parsed: Parsed, document: Document, at: datetime) -> Note:
    """Draw the conclusion from one complete list that was read without being refused."""
    if not (source.lists_all and parsed.is_list):
        return Note()
    with transaction.atomic():
        # Seen again, even when its time has passed meanwhile.
        active = source.events.filter(state=Event.State.ACTIVE)
        # Looked up before what the list names: what another worker stores meanwhile is not missing from it.
        expected = _expected(active, source, at)
        present = _present(source, parsed)
        if present is None:
            return Note(text=NOT_READ)
        _seen(active.filter(missing_polls__gt=0), present)
        gone = [key for key in expected if key not in present]
        if not gone:
            return Note()
        oddity = _oddity(source, parsed, gone=len(gone), active=active.count())
        return _missing(source, gone, oddity, document, at)


def conclude_unchanged(source: Source, at: datetime) -> Note:
    """Draw the conclusion from an answer that says that nothing changed: the last list again, if that was read.

    Costs one question unless something is missing already.
    """
    if not source.lists_all:
        return Note()
    if not source.events.filter(state=Event.State.ACTIVE, missing_polls__gt=0).exists():
        return Note()
    last = source.fetches.filter(document__isnull=False).order_by("-started_at", "-id").first()
    # A refused or interrupted reading since then leaves nothing to repeat.
    read = (Fetch.Outcome.NEW, Fetch.Outcome.UNCHANGED)
    if last is None or last.document is None or last.outcome not in read:
        return Note()
    try:
        parsed = READERS[source.format](last.document.content())
    except Unreadable:
        return Note()
    return conclude(source, parsed, last.document, at)


def conclude_late(source: Source, at: datetime) -> None:
    """Draw the conclusion from the last index once its messages are read, and say on its fetch what came of it.

    At once nothing follows from an index that names anything new. Costs two questions when nothing is left to do.
    """
    last = source.fetches.filter(document__isnull=False).order_by("-started_at", "-id").first()
    if last is None or last.document is None or NOT_READ not in last.note:
        return
    links = LinkedMessage.objects.filter(source=source)
    newest = links.aggregate(at=Max("listed_at"))["at"]
    if links.filter(listed_at=newest, key="").exclude(state=LinkedMessage.State.READ).exists():
        return
    try:
        parsed = READERS[source.format](last.document.content())
    except Unreadable:
        return
    others = "; ".join(part for part in last.note.split("; ") if part != NOT_READ)
    # Whoever takes the note away draws the conclusion: once for each list, however many workers look.
    rows = Fetch.objects.filter(pk=last.pk)
    if not rows.filter(note=last.note).update(note=others):
        return
    if text := conclude(source, parsed, last.document, at).text:
        rows.update(note="; ".join(part for part in (others, text) if part)[:500])


def _present(source: Source, parsed: Parsed) -> set[int] | None:
    """The events of the source that a list names; None when it names messages that nobody has read yet."""
    keys = {*parsed.present, *(key for alert in parsed.alerts for key in (alert.identifier, *alert.keys))}
    keys.update(link.key for link in parsed.links if link.key)
    found: set[int] = set()
    for some in chunks([key[:400] for key in keys]):
        rows = EventKey.objects.filter(source=source, key__in=some)
        found.update(rows.values_list("event_id", flat=True))
    if not parsed.links:
        return found
    links = LinkedMessage.objects.filter(source=source)
    newest = links.aggregate(at=Max("listed_at"))["at"]
    # What a second index names leaves with that index's own list, which nobody judges.
    if newest is None or links.filter(level__gt=1).exists():
        return None
    listed = links.filter(listed_at=newest)
    if listed.filter(key="").exclude(state=LinkedMessage.State.READ).exists():
        return None
    # By the names that they bore when they were read, where the list tells none.
    for some in chunks(list(listed.exclude(key="").values_list("key", flat=True))):
        rows = EventKey.objects.filter(source=source, key__in=some)
        found.update(rows.values_list("event_id", flat=True))
    # The list may name a message by its address alone, also one that said an event again under another name.
    read = Event.objects.filter(source=source)
    found.update(read.filter(versions__document__links__in=listed).values_list("pk", flat=True))
    found.update(read.filter(keys__document__links__in=listed).values_list("pk", flat=True))
    return found


def _seen(missing: QuerySet[Event], present: set[int]) -> None:
    back = [key for key in missing.order_by("pk").values_list("pk", flat=True) if key in present]
    for some in chunks([str(key) for key in back]):
        _locked(some).update(missing_since=None, missing_polls=0)


def _locked(keys: Collection[str]) -> QuerySet[Event]:
    """Events that are locked by key, as everywhere: an update alone takes its rows in an order of its own."""
    rows: QuerySet[Event] = Event.objects.filter(pk__in=keys)
    list(rows.select_for_update().order_by("pk").values_list("pk"))
    return rows


def _expected(active: QuerySet[Event], source: Source, at: datetime) -> list[int]:
    """The active events that a complete list would name."""
    rows = active.filter(ends_at__gt=at)
    if source.window_seconds:
        rows = rows.filter(started_at__gt=at - timedelta(seconds=source.window_seconds))
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _oddity(source: Source, parsed: Parsed, *, gone: int, active: int) -> str:
    """What makes a list look like a fault, in words; empty when nothing does."""
    count = len(parsed.alerts) + len(parsed.links)
    if count == 0 and not parsed.present:
        return "the list is suddenly empty"
    if active >= FEW and gone * 2 > active:
        return f"{gone} of {active} active alerts are suddenly gone"
    lately = source.fetches.filter(outcome=Fetch.Outcome.NEW).order_by("-started_at", "-id")
    before = max([source.last_count or 0, *lately.values_list("read_count", flat=True)[:SUSPICIOUS_PATIENCE]])
    if before >= FEW and count * 2 < before:
        return f"the list has {count} entries after {before}"
    return ""


def _missing(source: Source, gone: list[int], oddity: str, document: Document, at: datetime) -> Note:
    """Count one more list without these events; end those that have been missing long enough."""
    patience = SUSPICIOUS_PATIENCE if oddity else PATIENCE
    ended = 0
    polls = 0
    for some in chunks([str(key) for key in gone]):
        rows = _locked(some).filter(state=Event.State.ACTIVE)
        rows.filter(missing_polls=0).update(missing_since=at)
        rows.update(missing_polls=F("missing_polls") + 1)
        over = rows.filter(missing_polls__gte=patience)
        events = list(over.select_for_update().order_by("pk"))
        if events:
            writing.end(
                events, Event.EndReason.VANISHED, at=at, action="alert.vanished", document=document.sha256
            )
        ended += len(events)
        if oddity:
            fewest = rows.aggregate(fewest=Min("missing_polls"))["fewest"]
            polls = max(polls, fewest or patience)
    if not oddity:
        return Note(ended)
    if ended == len(gone):
        return Note(ended, f"{oddity}: believed after {patience} lists")
    return Note(ended, f"{oddity}: nothing concluded yet ({polls} of {patience})")
