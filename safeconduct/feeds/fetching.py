"""Reading a source politely: conditional, capped, with back-off, and a Fetch row whatever happens.

An answer is kept as a Document and judged by the room that knows the format; `finish` tells this room what
became of it. Nothing here parses.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from safeconduct.feeds import hosts
from safeconduct.feeds.actions import keep_document, record_rejections
from safeconduct.feeds.models import Document, Fetch, LinkedMessage, Source
from safeconduct.feeds.notafeed import no_feed
from safeconduct.lib import clock, http
from safeconduct.lib.errors import Permanent, Temporary

LONGEST_PAUSE = timedelta(hours=6)
JITTER = 0.15
"""Pauses after a failure are up to so much shorter or longer, so that sources do not come back in step."""
LINK_TRIES = 5
LINK_PAUSE = timedelta(minutes=1)
"""After the first failure to reach a linked message; twice as long after every further one."""
SLOW_SECONDS = 2.0
"""A failure that took longer closes its host for LINK_PAUSE to the other linked messages."""
INTERRUPTED = "interrupted: the process that asked ended before it had read the answer"
ACCEPT = {
    Source.Format.CAP: "application/cap+xml, application/xml;q=0.9, */*;q=0.5",
    Source.Format.USGS: "application/geo+json, application/json;q=0.9, */*;q=0.5",
}
logger = logging.getLogger(__name__)
RANDOM: random.Random = random.SystemRandom()


@dataclass(frozen=True)
class Counts:
    """What stood in a document: entries read, of them new or changed, refused, linked, of those not reached."""

    read: int = 0
    new: int = 0
    refused: int = 0
    linked: int = 0
    unreachable: int = 0
    understood: int = 0
    """Entries whose level or words were really read: what proves a reader (shaped.py)."""
    known: int | None = None
    """Entries that were known, of half an answer."""


@dataclass(frozen=True)
class Fetched:
    """One try: its row, and the document when there is something to read.

    Without a document `fetch.outcome` is UNCHANGED (what was listed last is still all that is listed), FAILED
    or REFUSED.
    """

    fetch: Fetch
    document: Document | None


def fetch(source: Source) -> Fetched | None:
    """Ask a source once. Trouble is recorded, never raised. None: its host is busy, `due_at` is later now."""
    later = hosts.take_turn(_host(source.url), spacing=source.request_seconds)
    if later is not None:
        source.due_at = later
        _release(source)
        return None
    now = clock.now()
    source.fetches.filter(outcome=Fetch.Outcome.RUNNING).update(
        outcome=Fetch.Outcome.FAILED, problem=INTERRUPTED, finished_at=now
    )
    row = Fetch.objects.create(source=source, started_at=now)
    accept = ACCEPT.get(Source.Format(source.format), "*/*")
    answer = _asked(source.url, etag=source.etag, last_modified=source.last_modified, accept=accept)
    if isinstance(answer, http.Answer):
        return _received(source, row, answer)
    row.http_status = getattr(answer, "status", None)
    _failed(source, row, answer.reason, Fetch.Outcome.FAILED, _respected(answer, source.url))
    return Fetched(row, None)


def _asked(url: str, **asked: Any) -> http.Answer | Temporary | Permanent:
    """What comes of one request, trouble included. Nothing that a server does may stop the other sources."""
    try:
        return http.get(url, **asked)
    except (Temporary, Permanent) as error:
        return error
    except Exception as error:
        logger.exception("a request failed in a way that is not known")
        return Temporary(f"could not be asked: {type(error).__name__}")


def _received(source: Source, row: Fetch, answer: http.Answer) -> Fetched:
    """Keep what came and say whether there is something new to read."""
    row.http_status = answer.status
    row.bytes = len(answer.body)
    if answer.is_unchanged:
        _succeeded(source, row, Fetch.Outcome.UNCHANGED)
        return Fetched(row, None)
    known = source.fetches.filter(outcome__in=[Fetch.Outcome.NEW, Fetch.Outcome.REFUSED]).first()
    with transaction.atomic():
        row.document = _kept(answer)
        row.save(update_fields=["document", "http_status", "bytes"])
    source.etag, source.last_modified = answer.etag, answer.last_modified
    if problem := no_feed(answer.body):
        record_rejections(row.document, [("document", problem)], source=source, at=clock.now())
        finish(source, row, refusal=problem)
        return Fetched(row, None)
    if known and known.outcome == Fetch.Outcome.NEW and known.document_id == row.document.pk:
        _succeeded(source, row, Fetch.Outcome.UNCHANGED)
        return Fetched(row, None)
    return Fetched(row, row.document)


def _kept(answer: http.Answer) -> Document:
    return keep_document(
        answer.body, origin=answer.url, content_type=answer.content_type, received_at=clock.now()
    )


def finish(
    source: Source, row: Fetch, *, refusal: str = "", note: str = "", counts: Counts | None = None
) -> None:
    """Record what became of a fetched document: read, or refused with a reason; and what stood in it.

    `note`: what was odd about a good answer.
    """
    row.note = note[:500]
    if counts is not None:
        row.read_count, row.new_count, row.refused_count = counts.read, counts.new, counts.refused
        row.linked_count, row.unreachable_count = counts.linked, counts.unreachable
        row.known_count = counts.known
    if refusal:
        # Validators of a document that could not be read would hide its mended successor.
        source.etag = source.last_modified = ""
        _failed(source, row, refusal, Fetch.Outcome.REFUSED, None)
    else:
        if counts is not None:
            source.last_count = counts.read
            prove(source, counts)
        _succeeded(source, row, Fetch.Outcome.NEW)


def prove(source: Source, counts: Counts) -> None:
    """Note that a live answer of this source has been understood, the first time that an entry of one was."""
    if counts.understood and source.proved_at is None:
        source.proved_at = clock.now()
        Source.objects.filter(pk=source.pk, proved_at__isnull=True).update(proved_at=source.proved_at)


def take(source: Source, row: Fetch, *, counts: Counts, note: str) -> None:
    """Record that a document that was refused has been read after all; the source is asked again at once."""
    row.note, row.read_count, row.new_count = note[:500], counts.read, counts.new
    row.refused_count, row.linked_count = counts.refused, counts.linked
    at = row.finished_at or row.started_at
    with transaction.atomic():
        _store(row, Fetch.Outcome.NEW, "", finished_at=at)
        rows = Source.objects.filter(pk=source.pk)
        rows.update(last_ok_at=at, consecutive_failures=0, last_count=counts.read)
        rows.filter(is_enabled=True).update(due_at=clock.now())
    prove(source, counts)


def fetch_linked(
    message: LinkedMessage, *, what: Literal["message", "geometry"] = "message"
) -> Document | Temporary | Permanent:
    """Fetch a message that an index names, or its geometry, as politely as a source. Trouble is returned.

    The caller holds the row's lease, and `finish_linked` gives it back after the document was read. Trouble
    is on the row already and the lease given back:

    - Temporary: it is tried again at `message.due_at` (after a failure with back-off and one more of `tries`;
      when its host is busy or closed, without counting as a try);
    - Permanent: not there (404, 410), may not be asked, too large, or not reached in LINK_TRIES tries. The
      message is UNREACHABLE with the reason in `problem`.

    Without its geometry a message can still be read: then trouble changes nothing on the row but `problem`,
    and the caller goes on with the lease.
    """
    url = message.geometry_url if what == "geometry" else message.url
    later = hosts.take_turn(_host(url), spacing=message.source.request_seconds)
    if later is not None:
        busy = Temporary(f"{_host(url)} is asked again from {later:%Y-%m-%d %H:%M:%S} UTC on")
        if what == "message":
            _store_link(message, due_at=later)
        return busy
    began = time.monotonic()
    # Asked for again, it need not be sent again, as long as its bytes are here.
    is_known = what == "message" and message.document_id is not None
    answer = _asked(
        url,
        accept=ACCEPT[Source.Format.CAP],
        timeout_seconds=settings.SAFECONDUCT_FETCH_SECONDS / 2,
        etag=message.etag if is_known else "",
        last_modified=message.last_modified if is_known else "",
    )
    if isinstance(answer, Temporary) and time.monotonic() - began > SLOW_SECONDS:
        # Or every message that this host should deliver would be waited for as long.
        hosts.close(_host(url), until=clock.now() + LINK_PAUSE)
    if not isinstance(answer, http.Answer):
        return _not_reached(message, what, url, answer)
    if answer.is_unchanged and message.document is not None:
        return message.document
    with transaction.atomic():
        document = _kept(answer)
        if what == "message":
            message.document = document
            message.etag, message.last_modified = answer.etag, answer.last_modified
            message.save(update_fields=["document", "etag", "last_modified"])
    if refusal := no_feed(answer.body):
        return _not_reached(message, what, url, Temporary(refusal))
    return document


def _not_reached(
    message: LinkedMessage, what: str, url: str, error: Temporary | Permanent
) -> Temporary | Permanent:
    """Record trouble with a linked message: when it is tried again, or that it is given up."""
    wait = _respected(error, url)
    status = getattr(error, "status", None)
    if what == "geometry":
        message.problem = f"its area was not reached: {error.reason}"[:500]
        message.save(update_fields=["problem"])
        return error
    message.tries += 1
    is_gone = status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) or (
        isinstance(error, Permanent) and status is None
    )
    if is_gone or message.tries >= LINK_TRIES:
        reason = error.reason if is_gone else f"{error.reason} (given up after {message.tries} tries)"
        message.state, message.problem = LinkedMessage.State.UNREACHABLE, reason[:500]
        _store_link(message, due_at=None)
        return Permanent(reason)
    pause = _jittered(LINK_PAUSE * 2 ** (message.tries - 1))
    message.problem = error.reason[:500]
    _store_link(message, due_at=clock.now() + max(pause, wait or timedelta()))
    return Temporary(error.reason, retry_after=wait)


def ask_again(message: LinkedMessage, reason: str) -> None:
    """Count an answer that says less than its index announces as a try that failed: a cache may be behind."""
    _not_reached(message, "message", message.url, Temporary(reason))


def finish_linked(message: LinkedMessage, *, refusal: str = "") -> None:
    """Record what became of a linked message that was fetched: read, or refused with a reason."""
    message.state = LinkedMessage.State.REFUSED if refusal else LinkedMessage.State.READ
    message.problem = refusal[:500] if refusal else message.problem
    message.read_at = clock.now()
    _store_link(message, due_at=None)


def _store_link(message: LinkedMessage, *, due_at: datetime | None) -> None:
    """Store a result and give the lease back, unless the index named a newer edition meanwhile."""
    message.due_at = due_at
    names = ("state", "problem", "tries", "read_at", "due_at")
    held = LinkedMessage.objects.filter(pk=message.pk, lease_by=message.lease_by, updated=message.updated)
    held.update(**{name: getattr(message, name) for name in names})
    LinkedMessage.objects.filter(pk=message.pk, lease_by=message.lease_by).update(
        lease_until=None, lease_by=""
    )


def _host(url: str) -> str:
    """The name under which a host's turns are counted."""
    try:
        return (urlsplit(url).hostname or "")[:253]
    except ValueError:
        return ""


def _respected(error: Temporary | Permanent, url: str) -> timedelta | None:
    """How long a server asked to be left alone; its host is closed for everybody until then."""
    wait = error.retry_after if isinstance(error, Temporary) else None
    if wait:
        hosts.close(getattr(error, "host", "") or _host(url), until=clock.now() + wait)
    return wait


def _jittered(pause: timedelta) -> timedelta:
    return pause * RANDOM.uniform(1 - JITTER, 1 + JITTER)


def _succeeded(source: Source, row: Fetch, outcome: Fetch.Outcome) -> None:
    now = clock.now()
    _store(row, outcome, "")
    source.last_ok_at, source.consecutive_failures = now, 0
    source.due_at = now + timedelta(seconds=source.poll_seconds)
    _release(source)


def _failed(
    source: Source, row: Fetch, problem: str, outcome: Fetch.Outcome, retry_after: timedelta | None
) -> None:
    """Back off: about twice as long after every failure, as long as the server asks, six hours at most."""
    now = clock.now()
    _store(row, outcome, problem)
    source.last_failed_at = now
    source.consecutive_failures += 1
    pause = timedelta(seconds=source.poll_seconds * 2 ** min(source.consecutive_failures, 12))
    source.due_at = now + max(_jittered(min(pause, LONGEST_PAUSE)), retry_after or timedelta())
    _release(source)


def _store(
    row: Fetch, outcome: Fetch.Outcome, problem: str, *, finished_at: datetime | None = None
) -> None:
    row.outcome, row.problem, row.finished_at = outcome, problem[:500], finished_at or clock.now()
    row.save(
        update_fields=[
            "outcome", "problem", "note", "finished_at", "http_status", "bytes",
            "read_count", "new_count", "known_count", "refused_count", "linked_count", "unreachable_count",
        ]
    )  # fmt: skip


def _release(source: Source) -> None:
    """Store the result of a poll. A source switched off meanwhile stays off; a lost lease changes no lease."""
    held = Source.objects.filter(pk=source.pk, lease_by=source.lease_by)
    values = {
        name: getattr(source, name)
        for name in (
            "last_ok_at", "last_failed_at", "consecutive_failures", "etag", "last_modified", "last_count",
        )
    }  # fmt: skip
    Source.objects.filter(pk=source.pk).update(**values)
    held.filter(is_enabled=True).update(due_at=source.due_at)
    held.update(lease_until=None, lease_by="")
