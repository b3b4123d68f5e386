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
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from safeconduct.feeds.models import Rejection, Source
from safeconduct.lib import clock
from safeconduct.ops import sourcehealth
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
        page = reverse(PAGES[self.code]) if self.code in PAGES else ""
        return f"{page}?show=needs" if self.code == "sources" else page

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


def rejected_today() -> int:
    """Return how many entries were refused since yesterday."""
    return Rejection.objects.filter(created_at__gt=clock.now() - timedelta(days=1)).count()


def _sources() -> list[Check]:
    # Judged as the list of sources judges them, so that both name the same number.
    lines = sourcehealth.source_lines(Source.objects.filter(is_enabled=True))
    needing = sum(line.needs_you for line in lines)
    state: State = "notice" if needing else "ok" if lines else "unknown"
    figure = _("%(n)d of %(all)d") % {"n": needing, "all": len(lines)}
    label = _("sources that need somebody")
    checks = [Check("sources", state, figure, label, _("See the sources.") if needing else "")]
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
