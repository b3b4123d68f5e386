"""Reading one document of a source: parse, apply message by message, record what was refused.

One bad message never stops the others: what it raises becomes a Rejection. A document of which nothing could
be read raises Refused, after its bytes and the reason were kept.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from safeconduct.alerts.actions import Outcome, apply
from safeconduct.alerts.formats import READERS
from safeconduct.alerts.parsed import ParsedAlert, Problem
from safeconduct.feeds.actions import record_rejections
from safeconduct.feeds.models import Document, Source
from safeconduct.lib.errors import Refused
from safeconduct.lib.xml import Unreadable

logger = logging.getLogger(__name__)
FORMATS = READERS
BATCH = 100
"""Messages per transaction: SQLite waits for the disk once a batch; each message has its own savepoint."""


@dataclass
class Report:
    """What became of a document."""

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    rejected: list[Problem] = field(default_factory=list)


def read_document(document: Document, *, source: Source, at: datetime) -> Report:
    """Read a kept document as one of `source`. Raises Refused when nothing in it could be read."""
    report = Report()
    try:
        parsed = FORMATS[source.format](document.content())
    except Unreadable as refusal:
        record_rejections(document, [("document", str(refusal))], source=source, at=at)
        raise Refused(f"document.{refusal.code}", str(refusal)) from None
    report.rejected.extend(parsed.problems)
    for start in range(0, len(parsed.alerts), BATCH):
        with transaction.atomic():
            for alert in parsed.alerts[start : start + BATCH]:
                _apply_one(alert, report, document, source, at)
    record_rejections(
        document, [(item.where, item.problem) for item in report.rejected], source=source, at=at
    )
    return report


def _apply_one(alert: ParsedAlert, report: Report, document: Document, source: Source, at: datetime) -> None:
    try:
        applied = apply(alert, source=source, document=document, received_at=at)
    except Exception as error:
        logger.exception("an alert could not be stored")
        report.rejected.append(Problem(alert.identifier, f"could not be stored: {type(error).__name__}"))
        return
    report.counts[applied.outcome] += 1
