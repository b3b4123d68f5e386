"""Alerts that an index names without carrying them: noted as rows, fetched politely, read like any document.

An index that an index names is followed, a third one is not. `feeds.following` keeps the rows and their turns; the
links of official advice are not touched here.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from urllib.parse import urldefrag, urljoin

from django.db import OperationalError

from safeconduct.alerts.formats import swic
from safeconduct.alerts.formats.index import no_address
from safeconduct.alerts.ingest import Report, read_document
from safeconduct.alerts.parsed import Link
from safeconduct.feeds import fetching, following
from safeconduct.feeds.actions import record_rejections
from safeconduct.feeds.following import Named
from safeconduct.feeds.models import Document, LinkedMessage, Source
from safeconduct.lib import clock, leases
from safeconduct.lib.errors import Refused, Temporary

logger = logging.getLogger(__name__)
LEASE_SECONDS = 120.0
"""Longer than a message and its shapes may take to arrive and be read."""
BUDGET_SECONDS = 5.0
"""After this long a round stops claiming, so that slow servers do not keep the worker from everything else."""
DEEPEST = 2


def note_links(
    source: Source, document_url: str, links: Iterable[Link], at: datetime, *, level: int = 1
) -> int:
    """Note what an index at `document_url` names; return how many are to be fetched now.

    New ones and those with another `updated` become due; known ones are only seen again. The index itself, and the
    source's own, are not noted: they are read already.
    """
    own = {urldefrag(address).url for address in (document_url, source.url)}
    found = [one for one in _resolved(document_url, links) if one.url not in own]
    return following.note(source, found, at, level=level)


def _resolved(document_url: str, links: Iterable[Link]) -> Iterator[Named]:
    """Absolute web addresses without fragment, in the order of the index; the first mention counts."""
    seen = set()
    for link in links:
        if no_address(link.url):
            continue
        url = urldefrag(urljoin(document_url, link.url)).url
        if url.lower().startswith(("http://", "https://")) and len(url) <= 1000 and url not in seen:
            seen.add(url)
            shapes = urljoin(document_url, link.geometry_url) if link.geometry_url else ""
            yield Named(url, link.updated, link.key, shapes[:1000])


def follow_due(limit: int = 20) -> int:
    """Fetch and read linked messages that are due, one of each source in turn; return how many were asked for."""
    rows = LinkedMessage.objects.exclude(source__format__in=Source.ADVICE)
    return following.follow_due(
        rows, follow, limit=limit, lease_seconds=LEASE_SECONDS, budget_seconds=BUDGET_SECONDS
    )


def follow(message: LinkedMessage) -> bool:
    """Fetch and read one message whose lease is held. Nothing that comes stops the others.

    False: its host is busy, nothing was asked.
    """
    if following.let_go_unlisted(message):
        return False
    tries = message.tries
    before = message.document_id if message.state == LinkedMessage.State.READ else None
    answer = _message(message)
    if before is not None and (not isinstance(answer, Document) or answer.pk == before):
        following.keep_as_read(message)
        return isinstance(answer, Document)
    if not isinstance(answer, Document):
        following.look_again_while_listed(message)
        following.count(message.source, None)
        return message.tries > tries or not isinstance(answer, Temporary)
    if message.problem:
        message.problem = ""
        message.save(update_fields=["problem"])
    shapes = fetching.fetch_linked(message, what="geometry") if message.geometry_url else None
    if isinstance(shapes, Temporary) and not message.problem:
        _put_back(message)
        return False
    report, refusal = _read(message, answer, shapes if isinstance(shapes, Document) else None)
    if before is not None:
        # Another message stands there now: by its name it is listed, no longer by the one before.
        message.key = ""
        LinkedMessage.objects.filter(pk=message.pk, updated=message.updated).update(key="")
    _remember_name(message, report)
    fetching.finish_linked(message, refusal=refusal)
    following.count(message.source, report.for_fetch() if report is not None else None)
    return True


def _remember_name(message: LinkedMessage, report: Report | None) -> None:
    """Note what a message calls itself where its index does not: by that its event is known to be listed still,
    also when its bytes change and say the same. Another edition in the index makes it unknown again."""
    alerts = report.parsed.alerts if report is not None else []
    if not message.key and len(alerts) == 1:
        rows = LinkedMessage.objects.filter(pk=message.pk, key="", updated=message.updated)
        rows.update(key=alerts[0].identifier[:400])


def _message(message: LinkedMessage) -> object:
    """The message's document, fetched now or, when only its shapes were waited for, a moment ago."""
    if message.geometry_url and message.document is not None and not message.problem:
        return message.document
    return fetching.fetch_linked(message)


def _put_back(message: LinkedMessage) -> None:
    """Wait for the turn to ask for the shapes; the message itself is kept on the row."""
    pause = timedelta(seconds=max(message.source.request_seconds, 2.0))
    leases.release(LinkedMessage.objects.all(), [message.pk], by=message.lease_by, due_at=clock.now() + pause)


def _read(message: LinkedMessage, document: Document, shapes: Document | None) -> tuple[Report | None, str]:
    """Read a fetched message; what was read, and why it was refused."""
    now = clock.now()
    source = as_member(message.source, message.url)
    try:
        report = read_document(document, source=source, at=now, shapes=shapes)
    except Refused as error:
        return None, error.text
    except OperationalError:
        raise
    except Exception as error:
        logger.exception("a linked message could not be read", extra={"source": source.key})
        return None, f"could not be read: {type(error).__name__}"
    if not report.links:
        return report, ""
    if message.level < DEEPEST:
        note_links(message.source, message.url, report.links, now, level=message.level + 1)
        return report, ""
    problem = (
        f"it is an index again, of {len(report.links):,} messages: not followed, two indexes lie before it"
    )
    record_rejections(document, [("links", problem)], source=message.source, at=now)
    return report, "" if any(report.counts.values()) else problem


def as_member(source: Source, url: str) -> Source:
    """The source as the authority behind a message: a list of many countries' messages has no country itself."""
    if source.format != Source.Format.SWIC or source.country_code:
        return source
    member = copy.copy(source)
    member.country_code = swic.member_country(url)
    return member
