"""Reading a source politely: conditional, capped, with back-off, and a Fetch row whatever happens.

An answer is kept as a Document and judged by the room that knows the format; `finish` tells this room what
became of it. Nothing here parses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from safeconduct.feeds.actions import keep_document
from safeconduct.feeds.models import Document, Fetch, Source
from safeconduct.lib import clock, http
from safeconduct.lib.errors import Permanent, Temporary

LONGEST_PAUSE = timedelta(hours=6)
ACCEPT = {
    Source.Format.CAP: "application/cap+xml, application/xml;q=0.9, */*;q=0.5",
    Source.Format.USGS: "application/geo+json, application/json;q=0.9, */*;q=0.5",
}


@dataclass(frozen=True)
class Fetched:
    """One try: its row, and the document when there is something to read."""

    fetch: Fetch
    document: Document | None


def fetch(source: Source) -> Fetched:
    """Ask a source once. Network trouble is recorded, never raised."""
    row = Fetch.objects.create(source=source, started_at=clock.now())
    try:
        answer = http.get(
            source.url,
            etag=source.etag,
            last_modified=source.last_modified,
            accept=ACCEPT.get(Source.Format(source.format), "*/*"),
        )
    except (Temporary, Permanent) as error:
        retry_after = error.retry_after if isinstance(error, Temporary) else None
        _failed(source, row, error.reason, Fetch.Outcome.FAILED, retry_after)
        return Fetched(row, None)
    row.http_status = answer.status
    row.bytes = len(answer.body)
    if answer.is_unchanged:
        _succeeded(source, row, Fetch.Outcome.UNCHANGED)
        return Fetched(row, None)
    with transaction.atomic():
        row.document = keep_document(
            answer.body, origin=answer.url, content_type=answer.content_type, received_at=clock.now()
        )
        row.save(update_fields=["document", "http_status", "bytes"])
        source.etag, source.last_modified = answer.etag, answer.last_modified
    return Fetched(row, row.document)


def finish(source: Source, row: Fetch, *, refusal: str = "") -> None:
    """Record what became of a fetched document: read, or refused with a reason."""
    if refusal:
        # Validators of a document that could not be read would hide its mended successor.
        source.etag = source.last_modified = ""
        _failed(source, row, refusal, Fetch.Outcome.REFUSED, None)
    else:
        _succeeded(source, row, Fetch.Outcome.NEW)


def _succeeded(source: Source, row: Fetch, outcome: Fetch.Outcome) -> None:
    now = clock.now()
    _store(row, outcome, "")
    source.last_ok_at, source.consecutive_failures = now, 0
    source.due_at = now + timedelta(seconds=source.poll_seconds)
    _release(source)


def _failed(
    source: Source, row: Fetch, problem: str, outcome: Fetch.Outcome, retry_after: timedelta | None
) -> None:
    """Back off: twice as long after every failure, as long as the server asks, six hours at most."""
    now = clock.now()
    _store(row, outcome, problem)
    source.last_failed_at = now
    source.consecutive_failures += 1
    pause = timedelta(seconds=source.poll_seconds * 2 ** min(source.consecutive_failures, 12))
    source.due_at = now + min(max(pause, retry_after or timedelta()), LONGEST_PAUSE)
    _release(source)


def _store(row: Fetch, outcome: Fetch.Outcome, problem: str) -> None:
    row.outcome, row.problem, row.finished_at = outcome, problem[:500], clock.now()
    row.save(update_fields=["outcome", "problem", "finished_at", "http_status", "bytes"])


def _release(source: Source) -> None:
    """Store the result of a poll. A source switched off meanwhile stays off; a lost lease changes no lease."""
    held = Source.objects.filter(pk=source.pk, lease_by=source.lease_by)
    values = {
        name: getattr(source, name)
        for name in ("last_ok_at", "last_failed_at", "consecutive_failures", "etag", "last_modified")
    }
    Source.objects.filter(pk=source.pk).update(**values)
    held.filter(is_enabled=True).update(due_at=source.due_at)
    held.update(lease_until=None, lease_by="")
