"""Work that is due: polling sources under a lease, ending events whose time has passed."""

from __future__ import annotations

import logging

from safeconduct.alerts.actions import end_passed
from safeconduct.alerts.ingest import read_document
from safeconduct.alerts.models import Event
from safeconduct.feeds import fetching
from safeconduct.feeds.models import Source
from safeconduct.lib import clock, leases
from safeconduct.lib.errors import Refused

logger = logging.getLogger(__name__)
LEASE_SECONDS = 300.0


def run_due(limit: int = 10) -> int:
    """Poll sources that are due; return how many were asked."""
    by = leases.holder()
    claimed = leases.claim(
        Source.objects.filter(is_enabled=True).exclude(url="").order_by("due_at"),
        by=by, limit=limit, seconds=LEASE_SECONDS,
    )  # fmt: skip
    for source in claimed:
        poll(source)
    return len(claimed)


def poll(source: Source) -> None:
    """Ask one source and read what is new. Nothing that a source sends may stop the loop."""
    fetched = fetching.fetch(source)
    if fetched.document is None:
        return
    refusal = ""
    try:
        read_document(fetched.document, source=source, at=clock.now())
    except Refused as error:
        refusal = error.text
    except Exception as error:
        logger.exception("a document could not be read", extra={"source": source.key})
        refusal = f"could not be read: {type(error).__name__}"
    fetching.finish(source, fetched.fetch, refusal=refusal)


def end_due(limit: int = 200) -> int:
    """End active events whose time has passed; run at least once a minute. Return how many ended."""
    now = clock.now()
    due = Event.objects.filter(state=Event.State.ACTIVE, ends_at__lte=now).order_by("ends_at")[:limit]
    return sum(end_passed(event, at=now) for event in due)
