"""Reading one document of a source: parse, apply message by message, record what was refused.

One bad message never stops the others: what it raises becomes a Rejection. A document of which nothing could
be read raises Refused, after its bytes and the reason were kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from safeconduct.alerts import vanishing
from safeconduct.alerts.actions import Outcome, apply_all
from safeconduct.alerts.formats import READERS, SHAPES
from safeconduct.alerts.parsed import Link, Parsed, Problem
from safeconduct.alerts.queries import reaches_public
from safeconduct.alerts.writing import FROM_THE_FUTURE
from safeconduct.feeds.actions import record_rejections
from safeconduct.feeds.fetching import Counts
from safeconduct.feeds.models import Document, Source
from safeconduct.lib.errors import Refused
from safeconduct.lib.xml import Unreadable

FORMATS = READERS


@dataclass
class Report:
    """What became of a document."""

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    rejected: list[Problem] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    """Messages that it names without carrying them, for linked.py."""
    unplaced: set[str] = field(default_factory=set)
    """Codes of areas in new messages that no boundary table holds."""
    reissued: int = 0
    """Messages that repeat, under a new identifier, what was known."""
    note: str = ""
    """What was odd about it, for the fetch's row."""
    parsed: Parsed = field(default_factory=Parsed)
    """What was read of it, for vanishing.py."""

    def for_fetch(self) -> Counts:
        """Return the counts that the fetch of the document keeps."""
        read = sum(self.counts.values())
        return Counts(
            read=read,
            new=read - self.counts[Outcome.UNCHANGED],
            refused=len(self.rejected),
            linked=len(self.links),
            understood=read,
        )


def read_document(
    document: Document, *, source: Source, at: datetime, shapes: Document | None = None
) -> Report:
    """Read a kept document as one of `source`. Raises Refused when nothing in it could be read.

    `shapes`: a message's shapes, for sources that serve them apart.
    """
    report = Report()
    try:
        parsed = FORMATS[source.format](document.content())
    except Unreadable as refusal:
        record_rejections(document, [("document", str(refusal))], source=source, at=at)
        raise Refused(f"document.{refusal.code}", str(refusal)) from None
    if shapes is not None:
        parsed = _with_shapes(parsed, shapes, source)
    report.parsed, report.links = parsed, parsed.links
    report.rejected.extend(parsed.problems)
    answers = apply_all(
        parsed.alerts,
        source=source,
        document=document,
        received_at=at,
        present=parsed.present,
        is_list=parsed.is_list,
    )
    for answer in answers:
        if isinstance(answer, Problem):
            report.rejected.append(answer)
        else:
            report.counts[answer.outcome] += 1
            report.reissued += answer.is_reissue
            if answer.outcome != Outcome.UNCHANGED:
                report.unplaced.update(answer.version.unplaced)
    report.rejected.extend(
        Problem(alert.identifier, f"scope {alert.scope}: kept, and told to nobody")
        for alert in parsed.alerts
        if not reaches_public(alert.scope, source)
    )
    record_rejections(
        document, [(item.where, item.problem) for item in report.rejected], source=source, at=at
    )
    # An index is judged once its links are noted (jobs.py).
    odd = "" if parsed.links else vanishing.conclude(source, parsed, document, at).text
    ahead = sum(bool(alert.sent_at and alert.sent_at > at + FROM_THE_FUTURE) for alert in parsed.alerts)
    early = f"{ahead} of {len(parsed.alerts)} messages claim to be sent in the future" if ahead else ""
    rough = f"{len(report.unplaced)} codes without a shape" if report.unplaced else ""
    report.note = "; ".join(note for note in (odd, early, rough, *parsed.notes) if note)
    return report


def _with_shapes(parsed: Parsed, shapes: Document, source: Source) -> Parsed:
    """What was read of a message with its shapes put in; without them when they cannot be read."""
    if source.format not in SHAPES:
        return parsed
    try:
        return SHAPES[source.format](parsed, shapes.content())
    except Unreadable as refusal:
        parsed.problems.append(Problem("shapes", str(refusal)))
        return parsed
