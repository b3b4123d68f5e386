"""Reading one document of official advice: parse, write entry by entry, note where the rest of entries is.

A document of which nothing could be read raises Refused, after its bytes and the reason were kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from urllib.parse import urldefrag, urljoin

from django.db import models, transaction
from django.utils.translation import gettext as _

from safeconduct.advisories import formats
from safeconduct.advisories.actions import Report, apply_register
from safeconduct.advisories.parsed import Detail, ParsedRegister
from safeconduct.audit.actions import record
from safeconduct.feeds import fetching, following
from safeconduct.feeds.actions import record_rejections
from safeconduct.feeds.fetching import Counts
from safeconduct.feeds.following import Named
from safeconduct.feeds.models import Document, Fetch, LinkedMessage, Source
from safeconduct.feeds.polling import address_of
from safeconduct.lib.errors import Refused

MOST_DETAILS = 1000


def read_document(
    document: Document,
    *,
    source: Source,
    at: datetime,
    address: str = "",
    follows: bool = True,
    is_again: bool = False,
    is_taken: bool = False,
) -> Report:
    """Read a kept document as one of `source`, received `at`. Raises Refused when nothing in it could be read.

    `address`: where it came from, when that is not the source's own. `follows`: it is a register whose entries have
    the rest of their words elsewhere. `is_again`: it was read before. `is_taken`: an operator says that it is complete.
    """
    where = address or address_of(document, source)
    try:
        parsed = _parsed(document, source, where)
        report = apply_register(
            parsed, source=source, document=document, at=at, is_again=is_again, is_taken=is_taken
        )
    except Refused as refusal:
        record_rejections(document, [("document", refusal.text)], source=source, at=at)
        raise
    problems = [(item.where, item.text) for item in report.problems]
    record_rejections(document, problems, source=source, at=at)
    if follows:
        report.details = note_details(parsed.details, source, where, at)
    return report


def _parsed(document: Document, source: Source, where: str) -> ParsedRegister:
    reader = formats.READERS.get(source.format)
    if reader is None:
        raise Refused("document.format", f"“{source.format}” is no format of official advice")
    return reader(document.content(), where)


def note_details(details: Iterable[Detail], source: Source, where: str, at: datetime) -> int:
    """Note the addresses that hold the rest of entries; return how many are to be asked: new ones and changed ones.

    Of a source whose words may not be shown nothing more is fetched.
    """
    if source.display == Source.Display.LINK:
        return 0
    return following.note(source, list(_named(details, source, where))[:MOST_DETAILS], at)


def _named(details: Iterable[Detail], source: Source, where: str) -> Iterator[Named]:
    """Whole web addresses, each once; never the register itself."""
    seen = {urldefrag(source.url).url}
    for detail in details:
        url = urldefrag(urljoin(where, detail.url)).url
        if url.lower().startswith(("http://", "https://")) and len(url) <= 1000 and url not in seen:
            seen.add(url)
            yield Named(url, detail.changed, detail.identifier)


def read_again(source: Source) -> Report | None:
    """Read the last good documents of a source once more: somebody said what a name in them means.

    None: no document is kept. What is known already is not changed by it, and of what was there when the source was
    first read whole nobody is told.
    """
    good = source.fetches.filter(document__isnull=False, outcome__in=("new", "unchanged"))
    last = good.select_related("document").first()
    index = last.document if last else None
    if index is None:
        return None
    at = source.last_ok_at or index.received_at
    report = read_document(index, source=source, at=at, is_again=True)
    named = {problem.where for problem in report.problems}
    rows = source.links.filter(document__isnull=False, state=LinkedMessage.State.READ).exclude(key__in=named)
    fresh = source.advisories.filter(number=0).values("identifier")
    for row in rows.filter(key__in=fresh).select_related("document"):
        if row.document is not None:
            read_document(row.document, source=source, at=row.read_at or at, address=row.url, follows=False)
    return report


def for_fetch(report: Report) -> Counts:
    """Return the counts that the fetch of the document keeps."""
    return Counts(
        read=report.read,
        new=report.new + report.changed,
        refused=len(report.problems),
        linked=report.details,
        understood=report.understood,
    )


def half_answer(source: Source) -> Fetch | None:
    """Return the answer of a source that waits for somebody to say whether it is complete: the last one with a kept
    document, refused as half, and nothing good has come since. None: there is none."""
    heard = (Fetch.Outcome.NEW, Fetch.Outcome.UNCHANGED, Fetch.Outcome.REFUSED)
    last = source.fetches.filter(outcome__in=heard).select_related("document").first()
    if last is None or last.outcome != Fetch.Outcome.REFUSED or last.known_count is None:
        return None
    return last if last.document_id is not None else None


def take_as_complete(source: Source, *, document: int, reason: str, by: models.Model) -> Report:
    """Read exactly the half answer that somebody looked at as a complete one: what it does not name ends at once.

    `document`: the key of that kept document. Raises Refused without a reason, or when another answer came meanwhile.
    """
    kept = " ".join(reason.split())[:500]
    if not kept:
        raise Refused("complete.reason", _("Say why this answer is complete."))
    last = half_answer(source)
    if last is None or last.document is None or last.document.pk != document:
        raise Refused("complete.other", _("Another answer has come meanwhile. Look at it first."))
    at = last.finished_at or last.started_at
    report = read_document(last.document, source=source, at=at, is_taken=True)
    before, now = last.known_count, last.read_count
    with transaction.atomic():
        fetching.take(source, last, counts=for_fetch(report), note="taken as complete by an operator")
        record(
            "source.taken_as_complete", by=by, subject=source,
            detail={"before": before, "now": now, "ended": report.ended, "reason": kept},
        )  # fmt: skip
    return report
