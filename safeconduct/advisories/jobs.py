"""Work that is due: polling registers of official advice under a lease, and asking for the rest of changed entries."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

from django.db import OperationalError, models

from safeconduct.advisories.actions import Report
from safeconduct.advisories.ingest import for_fetch, read_document
from safeconduct.advisories.registers import conclude_unchanged
from safeconduct.feeds import fetching, following, polling
from safeconduct.feeds.fetching import Counts
from safeconduct.feeds.models import Document, Fetch, LinkedMessage, Source
from safeconduct.lib import clock, leases
from safeconduct.lib.errors import Refused, Temporary

logger = logging.getLogger(__name__)
LEASE_SECONDS = 120.0
"""Longer than an entry may take to arrive and be read."""
BUDGET_SECONDS = 5.0
"""After this long a round stops claiming."""
BEHIND = "its date is before the one that the register gives: a copy from before the change"


def _advice() -> models.QuerySet[Source]:
    return Source.objects.filter(format__in=Source.ADVICE)


def run_due(limit: int = 4) -> int:
    """Poll registers that are due; return how many were asked."""
    claimed = polling.claim_due(_advice(), limit=limit)
    for source in claimed:
        poll(source)
    return len(claimed)


def poll(source: Source) -> None:
    """Ask one register and read what is new."""
    polling.poll(source, read=_read, unchanged=_unchanged)


def poll_now(source: Source) -> bool:
    """Ask one register at once, due or not, unless another process is asking it. Return whether it was asked."""
    by, now = leases.holder(), clock.now()
    free = models.Q(lease_until__isnull=True) | models.Q(lease_until__lte=now)
    until = now + timedelta(seconds=polling.LEASE_SECONDS)
    if not _advice().filter(free, pk=source.pk).update(lease_by=by, lease_until=until):
        return False
    source.refresh_from_db()
    poll(source)
    return True


def poll_at_once(source: Source) -> Fetch | None:
    """Ask one register now; return the try, None when it is being asked already or its host is busy."""
    before = source.fetches.order_by("-pk").values_list("pk", flat=True).first() or 0
    poll_now(source)
    return source.fetches.filter(pk__gt=before).order_by("-pk").first()


def _read(document: Document, source: Source) -> tuple[Counts, str]:
    now = clock.now()
    report = read_document(document, source=source, at=now)
    counts = replace(for_fetch(report), unreachable=following.unreachable(source, since=now))
    return counts, report.note


def _unchanged(source: Source) -> str:
    ended = conclude_unchanged(source, clock.now())
    return f"{ended} entries are listed no longer" if ended else ""


def follow_due(limit: int = 20) -> int:
    """Ask for the rest of entries that changed, one of each source in turn; return how many were asked for."""
    rows = LinkedMessage.objects.filter(source__format__in=Source.ADVICE)
    return following.follow_due(
        rows, follow, limit=limit, lease_seconds=LEASE_SECONDS, budget_seconds=BUDGET_SECONDS
    )


def follow(message: LinkedMessage) -> bool:
    """Fetch and read the rest of one entry, whose lease is held. False: nothing was asked."""
    if following.let_go_unlisted(message):
        return False
    tries = message.tries
    answer = fetching.fetch_linked(message)
    if not isinstance(answer, Document):
        following.look_again_while_listed(message)
        following.count(message.source, None)
        return message.tries > tries or not isinstance(answer, Temporary)
    if message.problem:
        message.problem = ""
        message.save(update_fields=["problem"])
    report = _entry(message, answer)
    if isinstance(report, Report) and report.older:
        # A copy from before the change that the register announces: read as it is, the change would never be seen.
        fetching.ask_again(message, BEHIND)
        following.look_again_while_listed(message)
        following.count(message.source, None)
        return True
    fetching.finish_linked(message, refusal="" if isinstance(report, Report) else report)
    # The entry itself was counted with its register.
    counts = replace(for_fetch(report), read=0) if isinstance(report, Report) else None
    following.count(message.source, counts)
    return True


def _entry(message: LinkedMessage, document: Document) -> Report | str:
    """Read a fetched entry: what became of it, or why it was refused."""
    source = message.source
    try:
        return read_document(document, source=source, at=clock.now(), address=message.url, follows=False)
    except Refused as error:
        return error.text
    except OperationalError:
        raise
    except Exception as error:
        logger.exception("the rest of an entry could not be read", extra={"source": source.key})
        return f"could not be read: {type(error).__name__}"
