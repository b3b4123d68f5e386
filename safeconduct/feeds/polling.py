"""Polling sources that are due, whichever room reads what they send: claims, the lease kept, trouble isolated.

It refuses to know what stands in a document: `read` is the room's, and what it raises becomes the try's refusal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import models

from safeconduct.feeds import fetching, hosts
from safeconduct.feeds.fetching import Counts
from safeconduct.feeds.models import Document, Fetch, Source
from safeconduct.lib import clock, leases
from safeconduct.lib.errors import Refused

logger = logging.getLogger(__name__)
LEASE_SECONDS = 300.0


class HalfAnswer(Refused):
    """A list that is far shorter than what is known, and refused for that alone. An operator may take it as complete."""

    def __init__(self, *, now: int, known: int) -> None:
        super().__init__(
            "document.half", f"half an answer: {now} entries, {known} were known. What was known stays."
        )
        self.now, self.known = now, known


Read = Callable[[Document, Source], tuple[Counts, str]]
"""(document, source) → what stood in it, and what was odd about it. Raises Refused when nothing could be read, and
HalfAnswer when it names far fewer entries than are known."""
Unchanged = Callable[[Source], str]
"""(source) → what an answer that is the same as before tells, for the try's row."""


def claim_due(rows: models.QuerySet[Source], *, limit: int) -> list[Source]:
    """Lease up to `limit` sources of `rows` that are due, the longest waiting first."""
    # Nothing puts a source off for longer: a later time was written by a clock that ran ahead.
    latest = clock.now() + hosts.LONGEST
    Source.objects.filter(poll_seconds__lte=86400, due_at__gt=latest).update(due_at=clock.now())
    polled = rows.filter(is_enabled=True).exclude(url="").order_by("due_at")
    return leases.claim(polled, by=leases.holder(), limit=limit, seconds=LEASE_SECONDS)


def poll(source: Source, *, read: Read, unchanged: Unchanged) -> None:
    """Ask one source and read what is new. Nothing that a source sends may stop the loop."""
    fetched = fetching.fetch(source)
    if fetched is None:
        return
    if fetched.document is None:
        if fetched.fetch.outcome == Fetch.Outcome.UNCHANGED:
            _conclude_unchanged(source, fetched.fetch, unchanged)
        return
    if source.lease_by and not leases.extend(
        Source.objects.all(), [source.pk], by=source.lease_by, seconds=LEASE_SECONDS
    ):
        # The answer took longer than the lease: whoever took the source over reads it, and closes this try.
        return
    refusal = note = ""
    counts = None
    try:
        counts, note = read(fetched.document, source)
    except HalfAnswer as error:
        refusal, counts = error.text, Counts(read=error.now, known=error.known)
    except Refused as error:
        refusal = error.text
    except Exception as error:
        logger.exception("a document could not be read", extra={"source": source.key})
        refusal = f"could not be read: {type(error).__name__}"
    fetching.finish(source, fetched.fetch, refusal=refusal, note=note, counts=counts)


def _conclude_unchanged(source: Source, row: Fetch, unchanged: Unchanged) -> None:
    """What is missing from the last list is missing from the same list again."""
    try:
        note = unchanged(source)
    except Exception:
        logger.exception("a list could not be judged again", extra={"source": source.key})
        return
    if note:
        row.note = note[:500]
        row.save(update_fields=["note"])


def address_of(document: Document, source: Source) -> str:
    """Where a document came from, redirects followed: what its relative links are relative to."""
    return document.origin if document.origin.startswith(("http://", "https://")) else source.url
