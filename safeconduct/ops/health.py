"""How the house is: one list of checks for the page, the command and `/health`.

A check is `ok`, `notice` (worth a look), `bad` (somebody must act) or `unknown`. The public answer says only
whether any is bad.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.db.models import Count, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from safeconduct.alerts.models import Event
from safeconduct.feeds.models import Fetch, Rejection, Source
from safeconduct.lib import clock
from safeconduct.ops.models import BackupRecord, Heartbeat, WorkerFailure
from safeconduct.outbox import queries as outbox

State = Literal["ok", "notice", "bad", "unknown"]
# The page where something can be done about a check.
PAGES = {
    "mail": "ops:mail", "held": "ops:deliveries", "failed": "ops:deliveries", "deliveries": "ops:deliveries",
    "sources": "ops:sources", "rejected": "ops:rejections", "failures": "ops:health",
}  # fmt: skip
FIGURES = ("worker", "deliveries", "failures", "sources", "rejected")
LEVELS: dict[State, int] = {"ok": 1, "notice": 2, "bad": 4, "unknown": 0}

BEAT_LATE = timedelta(seconds=60)
URGENT_LATE_SECONDS = 15 * 60
ORDINARY_LATE_SECONDS = 60 * 60
BACKUP_LATE = timedelta(days=2)
LOW_DISK_BYTES = 1024**3
FAILURES_SINCE = timedelta(hours=1)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: a figure, what it counts, and what to do when it is not well."""

    code: str
    state: State
    figure: str
    label: str
    advice: str = ""

    @property
    def url(self) -> str:
        """Return the page where something can be done about it, or an empty text."""
        return reverse(PAGES[self.code]) if self.code in PAGES else ""

    @property
    def level(self) -> int:
        """Return the level of the sign (web/levels.py)."""
        return LEVELS[self.state]


@dataclass(frozen=True)
class Report:
    """All checks at one instant."""

    at: datetime
    checks: list[Check]

    @property
    def figures(self) -> list[Check]:
        """Return the five that are figures; a page shows at most five."""
        return [check for check in self.checks if check.code in FIGURES]

    @property
    def others(self) -> list[Check]:
        """Return the rest, which are words."""
        return [check for check in self.checks if check.code not in FIGURES]

    @property
    def is_well(self) -> bool:
        """Return whether nothing is bad."""
        return all(check.state != "bad" for check in self.checks)

    @property
    def status(self) -> str:
        """Return the public word."""
        return "ok" if self.is_well else "degraded"

    def as_data(self) -> dict[str, Any]:
        """Return the report as the command prints it."""
        return {
            "status": self.status,
            "at": self.at.isoformat(),
            "checks": [asdict(check) for check in self.checks],
        }


def length(seconds: float) -> str:
    """Return a length of time in its two largest units: `9 s`, `3 min`, `2 h 5 min`, `4 d 3 h`."""
    whole = int(seconds)
    if whole < 60:
        return _("%(n)d s") % {"n": whole}
    minutes = whole // 60
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return _("%(h)d h %(m)d min") % {"h": hours, "m": rest} if rest else _("%(h)d h") % {"h": hours}
    days, rest = divmod(hours, 24)
    return _("%(d)d d %(h)d h") % {"d": days, "h": rest} if rest else _("%(d)d d") % {"d": days}


def report() -> Report:
    """Look at everything."""
    now = clock.now()
    checks = [
        _worker(now),
        *_deliveries(),
        _failures(now),
        *_sources(),
        _backup(now),
        _disk(),
    ]
    return Report(now, checks)


def _worker(now: datetime) -> Check:
    label = _("since the last heartbeat of a worker")
    last = Heartbeat.objects.order_by("-beat_at").values_list("beat_at", flat=True).first()
    if last is None:
        return Check("worker", "bad", _("never"), label, _("No worker runs. Start `safeconduct serve`."))
    age = max(timedelta(0), now - last)
    late = age > BEAT_LATE
    advice = _("No worker runs: nothing is read, matched or sent. Start `safeconduct serve`.") if late else ""
    return Check("worker", "bad" if late else "ok", length(age.total_seconds()), label, advice)


def _deliveries() -> list[Check]:
    box = outbox.health()
    checks = []
    if box.goes_to_mailbox:
        checks.append(
            Check("mail", "notice", _("mailbox"), _("mail goes to the development mailbox, to nobody else"))
        )
    elif not box.is_configured:
        checks.append(
            Check(
                "mail",
                "bad",
                _("not set up"),
                _("mail"),
                _("Deliveries are held. Enter the mail server at the desk."),
            )
        )
    elif box.channel_failures:
        checks.append(Check("mail", "bad", _("no answer"), _("mail server"), box.channel_error))
    else:
        checks.append(Check("mail", "ok", _("set up"), _("mail server")))
    urgent, oldest = box.oldest_urgent_due_seconds, box.oldest_due_seconds
    late = (urgent or 0) > URGENT_LATE_SECONDS or (oldest or 0) > ORDINARY_LATE_SECONDS
    figure = length(oldest) if oldest is not None else _("none")
    checks.append(
        Check(
            "deliveries",
            "bad" if late else "ok",
            figure,
            _("oldest delivery that is due"),
            _("Look at the deliveries that wait.") if late else "",
        )
    )
    if box.held:
        checks.append(
            Check(
                "held",
                "bad",
                str(box.held),
                ngettext("delivery held", "deliveries held", box.held),
                _("They go out by themselves once mail is set up."),
            )
        )
    if box.failed_last_day:
        checks.append(
            Check(
                "failed", "notice", str(box.failed_last_day), _("deliveries failed for good since yesterday")
            )
        )
    return checks


def _failures(now: datetime) -> Check:
    count = WorkerFailure.objects.filter(failed_at__gt=now - FAILURES_SINCE).count()
    return Check(
        "failures",
        "bad" if count else "ok",
        str(count),
        _("failed jobs in the last hour"),
        _("See the list below; the log has the same places.") if count else "",
    )


@dataclass(frozen=True)
class SourceLine:
    """A source as the desk lists it. `bars`: the last twelve tries, oldest first, True for a good one."""

    source: Source
    state: str
    wrong: str
    bars: list[tuple[int, bool]]
    alerts: int

    @property
    def needs_you(self) -> bool:
        """Return whether somebody should look."""
        return self.state in ("late", "failing", "partial")

    @property
    def good(self) -> int:
        """Return how many of the last tries were good."""
        return sum(ok for _x, ok in self.bars)


GOOD = (Fetch.Outcome.NEW, Fetch.Outcome.UNCHANGED)
TRIES_SHOWN = 12
# Codes of web/levels.py, worst first.
SOURCE_ORDER = ("failing", "late", "partial", "never", "fresh", "off", "hand")


def source_line(source: Source) -> SourceLine:
    """Look at one source."""
    return _lines([source])[0]


def source_lines() -> list[SourceLine]:
    """Look at every source, in four queries; those that need somebody come first."""
    lines = _lines(list(Source.objects.all()))
    return sorted(lines, key=lambda line: (SOURCE_ORDER.index(line.state), line.source.name.casefold()))


def _lines(sources: list[Source]) -> list[SourceLine]:
    keys = [source.pk for source in sources]
    newest_first = Window(RowNumber(), partition_by="source_id", order_by=["-started_at", "-id"])
    done = Fetch.objects.filter(source_id__in=keys).exclude(outcome=Fetch.Outcome.RUNNING)
    tries: dict[int, list[Fetch]] = {}
    for row in done.annotate(nth=newest_first).filter(nth__lte=TRIES_SHOWN).order_by("nth"):
        tries.setdefault(row.source_id, []).append(row)
    since = clock.now() - timedelta(days=1)
    refusals = Rejection.objects.filter(source_id__in=keys, created_at__gt=since).order_by()
    rejected = dict(refusals.values_list("source_id").annotate(n=Count("id")))
    active = Event.objects.filter(source_id__in=keys, state=Event.State.ACTIVE).order_by()
    alerts = dict(active.values_list("source_id").annotate(n=Count("id")))
    return [
        _line(source, tries.get(source.pk, []), rejected.get(source.pk, 0), alerts.get(source.pk, 0))
        for source in sources
    ]


def _line(source: Source, tries: list[Fetch], rejected: int, alerts: int) -> SourceLine:
    bars = [(index * 8, row.outcome in GOOD) for index, row in enumerate(reversed(tries))]
    state, wrong = "fresh", ""
    if not source.url:
        state = "hand"
    elif not source.is_enabled:
        state = "off"
    elif source.consecutive_failures:
        state, wrong = "failing", tries[0].problem if tries else ""
    elif source.last_ok_at is None:
        state = "never"
    elif source.is_stale:
        state, wrong = "late", _("Not read for longer than three polls.")
    elif rejected:
        state = "partial"
    if rejected and not wrong:
        text = ngettext(
            "%(n)d entry refused since yesterday", "%(n)d entries refused since yesterday", rejected
        )
        wrong = text % {"n": rejected}
    return SourceLine(source, state, wrong, bars, alerts)


def rejected_today() -> int:
    """Return how many entries were refused since yesterday."""
    return Rejection.objects.filter(created_at__gt=clock.now() - timedelta(days=1)).count()


def _sources() -> list[Check]:
    rows = list(Source.objects.filter(is_enabled=True))
    behind = [row for row in rows if row.consecutive_failures or row.is_stale]
    state: State = "notice" if behind else "ok" if rows else "unknown"
    figure = _("%(n)d of %(all)d") % {"n": len(behind), "all": len(rows)}
    label = _("sources that are late or fail")
    checks = [Check("sources", state, figure, label, _("See the sources.") if behind else "")]
    rejected = rejected_today()
    checks.append(
        Check("rejected", "notice" if rejected else "ok", str(rejected), _("entries refused since yesterday"))
    )
    return checks


def _backup(now: datetime) -> Check:
    last = BackupRecord.objects.first()
    if settings.SAFECONDUCT_FOLDER_KIND != "real":
        return Check("backup", "ok", _("not needed"), _("last backup: this is no real folder"))
    label = _("since the last backup")
    if last is None:
        return Check("backup", "notice", _("never"), label, _("Run `safeconduct backup FILE`, once a day."))
    age = now - last.made_at
    state: State = "notice" if age > BACKUP_LATE else "ok"
    return Check("backup", state, length(age.total_seconds()), label)


def _disk() -> Check:
    free = shutil.disk_usage(Path(settings.SAFECONDUCT_HOME)).free
    low = free < LOW_DISK_BYTES
    return Check(
        "disk",
        "bad" if low else "ok",
        _("%(n).1f GB") % {"n": free / 1024**3},
        _("free on the disk of the data folder"),
        _("Make room: a full disk stops everything.") if low else "",
    )
