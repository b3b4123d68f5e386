"""How official sources are: one state each, their rhythm, what they sent and what of it was refused.

Reads only. A state is a code of web/levels.py. It refuses to take silence for health: a source that answers but has
said nothing new for far longer than it usually takes is `quiet`, one that re-issued everything is `held`.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Count, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from safeconduct.alerts.models import Event
from safeconduct.feeds.models import Fetch, Host, LinkedMessage, Reissue, Rejection, Source
from safeconduct.lib import clock

GOOD = (Fetch.Outcome.NEW, Fetch.Outcome.UNCHANGED)
TRIES_SHOWN = 12
GAPS_LOOKED_AT = 30
LEAST_GAPS = 5
"""A rhythm is the median of at least so many gaps between documents that brought something new."""
QUIET_TIMES, QUIET_AT_LEAST = 12, timedelta(hours=6)
"""Quiet: nothing new for so many times the usual gap, and so long at least."""
SOURCE_ORDER = ("failing", "late", "held", "quiet", "partial", "never", "fresh", "off", "hand")
"""Codes of web/levels.py, worst first."""
NEEDING = frozenset({"failing", "late", "held", "quiet", "partial"})


@dataclass(frozen=True)
class SourceLine:
    """A source as the desk lists it. `bars`: the last twelve tries, oldest first, True for a good one."""

    source: Source
    state: str
    wrong: str
    bars: list[tuple[int, bool]]
    alerts: int
    last: Fetch | None
    last_new_at: datetime | None
    rhythm: timedelta | None
    links: dict[str, int] = field(default_factory=dict)
    """Linked messages by state."""
    closed_until: datetime | None = None
    """Its host asked to be left alone until then."""

    @property
    def needs_you(self) -> bool:
        """Return whether somebody should look."""
        return self.state in NEEDING

    @property
    def mark(self) -> str:
        """Return the code of web/levels.py; deliveries have a `held` of their own there."""
        return "reissued" if self.state == "held" else self.state

    @property
    def good(self) -> int:
        """Return how many of the last tries were good."""
        return sum(ok for _x, ok in self.bars)

    @property
    def rhythm_seconds(self) -> float | None:
        """Return the usual time between two documents with news, None when too few are known."""
        return self.rhythm.total_seconds() if self.rhythm else None

    @property
    def silent_seconds(self) -> float | None:
        """Return how long ago something new came."""
        return (clock.now() - self.last_new_at).total_seconds() if self.last_new_at else None


def source_line(source: Source) -> SourceLine:
    """Look at one source."""
    return _lines([source])[0]


def source_lines(sources: Iterable[Source] | None = None) -> list[SourceLine]:
    """Look at sources (all by default), in eight queries; those that need somebody come first."""
    lines = _lines(list(Source.objects.all() if sources is None else sources))
    return sorted(lines, key=lambda line: (SOURCE_ORDER.index(line.state), line.source.name.casefold()))


def _lines(sources: list[Source]) -> list[SourceLine]:
    keys = [source.pk for source in sources]
    done = Fetch.objects.filter(source_id__in=keys).exclude(outcome=Fetch.Outcome.RUNNING)
    tries = _newest(done, TRIES_SHOWN)
    news = _newest(done.filter(outcome=Fetch.Outcome.NEW), GAPS_LOOKED_AT + 1)
    since = clock.now() - timedelta(days=1)
    refusals = Rejection.objects.filter(source_id__in=keys, created_at__gt=since).order_by()
    rejected = dict(refusals.values_list("source_id").annotate(n=Count("id")))
    active = Event.objects.filter(
        source_id__in=keys, state=Event.State.ACTIVE, ends_at__gt=clock.now()
    ).order_by()
    alerts = dict(active.values_list("source_id").annotate(n=Count("id")))
    links: dict[int, dict[str, int]] = defaultdict(dict)
    counted = LinkedMessage.objects.filter(source_id__in=keys).order_by()
    for key, state, n in counted.values_list("source_id", "state").annotate(n=Count("id")):
        links[key][state] = n
    held = dict(
        Reissue.objects.filter(source_id__in=keys, seen_at=None)
        .order_by("at")
        .values_list("source_id", "count")
    )
    closed = dict(
        Host.objects.filter(
            name__in={_host(source) for source in sources}, closed_until__gt=clock.now()
        ).values_list("name", "closed_until")
    )
    return [
        _line(
            source,
            closed.get(_host(source)),
            tries[source.pk],
            [row.started_at for row in news[source.pk]],
            rejected.get(source.pk, 0),
            alerts.get(source.pk, 0),
            links[source.pk],
            held.get(source.pk, 0),
        )
        for source in sources
    ]


def _host(source: Source) -> str:
    try:
        return (urlsplit(source.url).hostname or "")[:253]
    except ValueError:
        return ""


def _newest(rows: Any, count: int) -> dict[int, list[Fetch]]:
    """Return the newest `count` tries of each source, newest first."""
    newest_first = Window(RowNumber(), partition_by="source_id", order_by=["-started_at", "-id"])
    found: dict[int, list[Fetch]] = defaultdict(list)
    for row in rows.annotate(nth=newest_first).filter(nth__lte=count).order_by("nth"):
        found[row.source_id].append(row)
    return found


def rhythm(moments: Sequence[datetime]) -> timedelta | None:
    """Return the median gap between instants given newest first, None when they are too few to tell."""
    gaps = [(newer - older).total_seconds() for newer, older in pairwise(moments)]
    return timedelta(seconds=statistics.median(gaps)) if len(gaps) >= LEAST_GAPS else None


def _line(
    source: Source,
    closed_until: datetime | None,
    tries: list[Fetch],
    news: list[datetime],
    rejected: int,
    alerts: int,
    links: dict[str, int],
    held: int,
) -> SourceLine:
    usual = rhythm(news)
    state, wrong = _state(source, tries, news, usual, held)
    unreachable = links.get(LinkedMessage.State.UNREACHABLE, 0)
    if state == "fresh" and (rejected or unreachable):
        state = "partial"
    notes = [wrong] if wrong else []
    if rejected:
        notes.append(
            ngettext(
                "%(n)d entry refused since yesterday.", "%(n)d entries refused since yesterday.", rejected
            )
            % {"n": rejected}
        )
    if unreachable:
        notes.append(
            ngettext("%(n)d linked message not reached.", "%(n)d linked messages not reached.", unreachable)
            % {"n": unreachable}
        )
    if tries and tries[0].note:
        notes.append(tries[0].note)
    return SourceLine(
        source=source,
        state=state,
        wrong=" ".join(notes),
        bars=[(index * 8, row.outcome in GOOD) for index, row in enumerate(reversed(tries))],
        alerts=alerts,
        last=tries[0] if tries else None,
        last_new_at=news[0] if news else None,
        rhythm=usual,
        links=links,
        closed_until=closed_until,
    )


def _state(
    source: Source, tries: list[Fetch], news: list[datetime], usual: timedelta | None, held: int
) -> tuple[str, str]:
    """Return the state and what is wrong, in a sentence."""
    if not source.url:
        return "hand", ""
    if not source.is_enabled:
        return "off", ""
    if source.is_stale:
        problem = tries[0].problem if tries and source.consecutive_failures else ""
        if problem and source.last_ok_at is None:
            # Switched on a minute ago, perhaps: no limit has passed, its first try failed.
            return "late", problem
        if problem:
            return "late", _("Not read for longer than its limit: %(problem)s") % {"problem": problem}
        return "late", _("Not read for longer than its limit.")
    if source.consecutive_failures:
        return "failing", tries[0].problem if tries else ""
    if held:
        text = ngettext(
            "It said %(n)d message again under a new identifier; nobody was told twice.",
            "It said %(n)d messages again under new identifiers; nobody was told twice.",
            held,
        )
        return "held", text % {"n": held}
    if source.last_ok_at is None:
        return "never", ""
    if usual is not None and clock.now() - news[0] > max(usual * QUIET_TIMES, QUIET_AT_LEAST):
        return "quiet", _("It answers, but has said nothing new for far longer than usual.")
    return "fresh", ""


def as_row(line: SourceLine) -> dict[str, Any]:
    """One source as the `sources` command prints it."""
    source = line.source
    return {
        "name": source.key,
        "title": source.name,
        "format": source.format,
        "url": source.url,
        "enabled": source.is_enabled,
        "last_good_at": _iso(source.last_ok_at),
        "last_read_at": _iso(source.last_read_at),
        "last_read_from": source.handed_in_as if source.is_from_a_file else "",
        "last_try_at": _iso(line.last.started_at) if line.last else None,
        "state": line.state,
        "problem": line.wrong,
        "display": source.display,
        "licence": source.licence,
        "attribution": source.attribution,
        "country": source.country_code,
        "trust": source.trust,
        "severity_floor": source.severity_floor,
        "poll_seconds": source.poll_seconds,
        "active_alerts": line.alerts,
        "src": source.src,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
