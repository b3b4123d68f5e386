"""Work that is due: polling sources under a lease, ending events whose time has passed."""

from __future__ import annotations

import logging
from dataclasses import replace

from safeconduct.alerts import incidents, linked, recognise, vanishing
from safeconduct.alerts.actions import end_passed
from safeconduct.alerts.ingest import read_document
from safeconduct.feeds import following, polling
from safeconduct.feeds.fetching import Counts
from safeconduct.feeds.models import Document, Fetch, Source
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused

logger = logging.getLogger(__name__)
LEASE_SECONDS = polling.LEASE_SECONDS


def run_due(limit: int = 10) -> int:
    """Poll sources that are due; return how many were asked."""
    claimed = polling.claim_due(Source.objects.exclude(format__in=Source.ADVICE), limit=limit)
    for source in claimed:
        poll(source)
        # Sources that hardly answer take minutes; what ends meanwhile does not wait for them.
        end_due()
    return len(claimed)


def poll(source: Source) -> None:
    """Ask one source and read what is new. Nothing that a source sends may stop the loop."""
    polling.poll(source, read=_read, unchanged=_unchanged)


def poll_at_once(source: Source) -> Fetch | None:
    """Ask one source now; return the try, None when it is being asked already or its host is busy."""
    before = source.fetches.order_by("-pk").values_list("pk", flat=True).first() or 0
    mine = Source.objects.filter(pk=source.pk).exclude(format__in=Source.ADVICE)
    for claimed in polling.claim_due(mine, limit=1):
        poll(claimed)
    return source.fetches.filter(pk__gt=before).order_by("-pk").first()


def _read(document: Document, source: Source) -> tuple[Counts, str]:
    now = clock.now()
    try:
        report = read_document(document, source=source, at=now)
    except Refused as refusal:
        seems = recognise.hint(document.content(), read_as=source.format)
        raise Refused(refusal.code, "; ".join(part for part in (refusal.text, seems) if part)) from None
    counts = report.for_fetch()
    if report.rejected and not counts.read and not report.links:
        seems = recognise.hint(document.content(), read_as=source.format)
        report.note = "; ".join(part for part in (report.note, seems) if part)
    if report.links:
        linked.note_links(source, polling.address_of(document, source), report.links, now)
        following.look_again(source, now)
        counts = replace(counts, unreachable=following.unreachable(source, since=now))
        odd = vanishing.conclude(source, report.parsed, document, now).text
        report.note = "; ".join(part for part in (report.note, odd) if part)
    return counts, report.note


def _unchanged(source: Source) -> str:
    now = clock.now()
    following.look_again(source, now)
    return vanishing.conclude_unchanged(source, now).text


def follow_due(limit: int = 20) -> int:
    """Fetch and read messages that indexes name; return how many were asked for."""
    asked = linked.follow_due(limit)
    if asked:
        _conclude_late()
    return asked


def _conclude_late() -> None:
    """What indexes no longer name can be told once the messages that they name are read."""
    indexes = Source.objects.filter(is_enabled=True, lists_all=True, links__isnull=False)
    for source in indexes.exclude(format__in=Source.ADVICE).distinct():
        try:
            vanishing.conclude_late(source, clock.now())
        except Exception:
            logger.exception("an index could not be judged", extra={"source": source.key})


def end_due(limit: int = 200) -> int:
    """End every active event whose time has passed, up to `limit` in a transaction; return how many ended.

    Run at least once a minute: an event leaves “active” within 60 seconds of its end, however many end at once.
    """
    total = 0
    while count := end_passed(at=clock.now(), limit=limit):
        total += count
    # Also where a source withdrew its warning: the one that is left leads.
    while incidents.hand_over_due(limit):
        pass
    return total
