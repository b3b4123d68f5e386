"""Messages that a document names without carrying them: noted as rows, claimed in turn, tried again with patience.

A message is fetched once for each `updated` that its index gives, however long the index keeps it. Each is a row of
its own: what one does cannot stop another, and a killed worker's row is taken over when its lease ends. Refuses to
fetch (`fetching` does) and to read (the room that knows the format does).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, models, transaction

from safeconduct.feeds import fetching
from safeconduct.feeds.fetching import Counts
from safeconduct.feeds.models import Fetch, LinkedMessage, Source
from safeconduct.lib import clock, leases

logger = logging.getLogger(__name__)
BATCH = 500
LISTED_TRIES = 12
"""So often is a message tried that stays listed but cannot be reached: 15 minutes long often, then for two days."""
REREAD, MOST_REREAD = timedelta(hours=1), 50
"""A message of which the index does not say when it changed is asked for again so seldom, so many of a source with
each of its polls, those first that were read longest ago."""
LONG_PAUSE, LONGEST_PAUSE = timedelta(hours=1), timedelta(hours=6)

State = LinkedMessage.State


@dataclass(frozen=True, slots=True)
class Named:
    """A message that an index names, under its whole address."""

    url: str
    updated: str = ""
    """As the index writes it: another value means that the message is to be read again."""
    key: str = ""
    geometry_url: str = ""


def note(source: Source, named: Sequence[Named], at: datetime, *, level: int = 1) -> int:
    """Note what an index names; return how many are to be fetched now.

    New ones and those with another `updated` become due; known ones are only seen again.
    """
    due = 0
    for start in range(0, len(named), BATCH):
        due += _note({one.url: one for one in named[start : start + BATCH]}, source, at, level)
    return due


@transaction.atomic
def _note(found: dict[str, Named], source: Source, at: datetime, level: int) -> int:
    # Locked by key: two indexes of a source may name the same messages at once.
    rows = source.links.filter(url__in=found).select_for_update().order_by("pk")
    known = {row.url: row for row in rows.only("source", "url", "updated", "level")}
    changed = []
    for url, row in known.items():
        if row.updated != found[url].updated[:100]:
            changed.append(_filled(row, found[url], at))
    columns = ["updated", "key", "geometry_url", "state", "problem", "tries", "due_at", "document"]
    LinkedMessage.objects.bulk_update(changed, columns)
    source.links.filter(pk__in=[row.pk for row in known.values()]).update(listed_at=at)
    nearer = [row.pk for row in known.values() if row.level > level]
    if nearer:
        source.links.filter(pk__in=nearer).update(level=level)
    new = [
        _filled(LinkedMessage(source=source, level=level, listed_at=at), one, at)
        for url, one in found.items()
        if url not in known
    ]
    LinkedMessage.objects.bulk_create(new, ignore_conflicts=True)
    return len(new) + len(changed)


def _filled(row: LinkedMessage, one: Named, at: datetime) -> LinkedMessage:
    """A row as it is before the first try."""
    row.url, row.key, row.updated = one.url, one.key[:400], one.updated[:100]
    row.geometry_url = one.geometry_url
    row.state, row.problem, row.tries, row.document, row.due_at = State.WAITING, "", 0, None, at
    return row


def look_again(source: Source, at: datetime) -> int:
    """Make due what is listed without an `updated` and was read a while ago: its content may change where it stands.

    Return how many.
    """
    last = source.fetches.filter(outcome=Fetch.Outcome.NEW).only("pk", "started_at").first()
    stale = source.links.filter(
        updated="", state=State.READ, due_at__isnull=True, lease_by="", read_at__lte=at - REREAD
    )
    if last is not None:
        stale = stale.filter(models.Q(listed_at__gte=last.started_at) | models.Q(level__gt=1))
    keys = list(stale.order_by("read_at", "pk").values_list("pk", flat=True)[:MOST_REREAD])
    return source.links.filter(pk__in=keys, due_at__isnull=True).update(due_at=at)


def keep_as_read(message: LinkedMessage) -> None:
    """Note that a message that was read before was asked for again and brought nothing else, or no answer.

    What was read stays read: a server that is down for a while takes nothing back.
    """
    leases.held(LinkedMessage.objects.filter(pk=message.pk), by=message.lease_by).update(
        lease_until=None, lease_by=""
    )
    LinkedMessage.objects.filter(pk=message.pk, updated=message.updated).update(
        state=State.READ, problem="", tries=0, due_at=None, read_at=clock.now()
    )


def follow_due(
    rows: models.QuerySet[LinkedMessage],
    follow: Callable[[LinkedMessage], bool],
    *,
    limit: int,
    lease_seconds: float,
    budget_seconds: float,
) -> int:
    """Let `follow` fetch and read messages that are due, one of each source in turn; return how many it asked for.

    `follow` returns False when nothing was asked. After `budget_seconds` a round stops claiming.
    """
    ends = time.monotonic() + budget_seconds
    asked = 0
    by = leases.holder()
    while asked < limit:
        before = asked
        for source_id in _with_due(rows):
            if asked >= limit or time.monotonic() > ends:
                return asked
            # In the order of the index, untried ones first: the first of an index is the newest or the worst.
            mine = LinkedMessage.objects.filter(source_id=source_id).order_by("tries", "id")
            for message in leases.claim(mine, by=by, limit=1, seconds=lease_seconds):
                asked += _isolated(message, follow)
        if asked == before:
            break
    return asked


def _with_due(rows: models.QuerySet[LinkedMessage]) -> Iterator[int]:
    due = leases.due(rows.filter(source__is_enabled=True))
    return iter(list(due.values_list("source_id", flat=True).distinct().order_by("source_id")))


def _isolated(message: LinkedMessage, follow: Callable[[LinkedMessage], bool]) -> bool:
    try:
        return follow(message)
    except OperationalError:
        # A deadlock, a lost connection: no fault of the message. It comes up again when its lease has ended.
        raise
    except Exception as error:
        # Left alone it would come up first again, before all others of its source.
        logger.exception("a linked message could not be followed", extra={"source": message.source.key})
        fetching.finish_linked(message, refusal=f"could not be fetched: {type(error).__name__}")
        return True


def let_go_unlisted(message: LinkedMessage) -> bool:
    """Whether the source's last index no longer names a message that was tried before; then its lease is given back.

    A first try is made in any case. What a second index names is not named again by the first one: it has its tries.
    """
    if message.tries == 0 or message.level > 1:
        return False
    last = message.source.fetches.filter(outcome=Fetch.Outcome.NEW).first()
    if last is None or message.listed_at >= last.started_at:
        return False
    leases.held(LinkedMessage.objects.filter(pk=message.pk), by=message.lease_by).update(
        due_at=None, lease_until=None, lease_by="", state=State.UNREACHABLE
    )
    return True


def look_again_while_listed(message: LinkedMessage) -> None:
    """What stays listed but was given up is tried again, ever more rarely: its server may have been down."""
    if message.state != State.UNREACHABLE or message.tries >= LISTED_TRIES:
        return
    pause = min(LONG_PAUSE * 2 ** max(0, message.tries - fetching.LINK_TRIES), LONGEST_PAUSE)
    LinkedMessage.objects.filter(
        pk=message.pk, state=State.UNREACHABLE, updated=message.updated, due_at__isnull=True
    ).update(due_at=clock.now() + pause)


def unreachable(source: Source, *, since: datetime | None = None) -> int:
    """How many messages that an index names (since then) could not be reached."""
    rows = source.links.filter(state=State.UNREACHABLE)
    return (rows.filter(listed_at__gte=since) if since else rows).count()


def count(source: Source, counts: Counts | None) -> None:
    """Let the last fetch of the index say what became of its messages so far; `counts` of one that was read now."""
    last = source.fetches.filter(outcome=Fetch.Outcome.NEW).only("pk", "started_at").first()
    if last is None:
        return
    values: dict[str, object] = {"unreachable_count": unreachable(source, since=last.started_at)}
    if counts is not None:
        fetching.prove(source, counts)
        for name in ("read", "new", "refused"):
            values[f"{name}_count"] = models.F(f"{name}_count") + getattr(counts, name)
    Fetch.objects.filter(pk=last.pk).update(**values)
