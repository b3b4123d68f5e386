"""Watching the sources for the operator: an alarm when one is later than its own limit, a report once a week.

An alarm is raised once for each silence and taken back when the source answers again; one mail tells of all that were
raised at once. Both are rows before they are mails, written in one transaction with them, so a killed worker neither
forgets nor repeats them.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.urls import reverse

from safeconduct.accounts.models import User
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.audit.actions import record
from safeconduct.feeds.models import Fetch, Reissue, Source
from safeconduct.lib import clock
from safeconduct.ops import emails
from safeconduct.ops.models import SourceReport
from safeconduct.outbox.actions import enqueue

REPORT_AT = time(6, 0, tzinfo=UTC)
GOOD = (Fetch.Outcome.NEW, Fetch.Outcome.UNCHANGED)


def run_due(limit: int) -> int:
    """Raise and clear alarms, write the report of the week that is over; return how many were written."""
    now = clock.now()
    changed = _changed()[:limit]
    return (_watch(changed, now) if changed else 0) + _report_due(now)


def _changed() -> list[Source]:
    """Return the sources whose alarm no longer fits how they are."""
    rows = Source.objects.exclude(url="")
    return [row for row in rows if row.is_stale != (row.alarmed_at is not None)]


@transaction.atomic
def _watch(changed: list[Source], now: datetime) -> int:
    """Raise and clear the alarms of sources; return of how many. Another worker may have done some meanwhile."""
    done = 0
    late: list[Source] = []
    keys = [source.pk for source in changed]
    for row in Source.objects.select_for_update().filter(pk__in=keys).order_by("pk"):
        is_late = row.is_stale
        if is_late == (row.alarmed_at is not None):
            continue
        row.alarmed_at = now if is_late else None
        row.save(update_fields=["alarmed_at"])
        action = "source.late" if is_late else "source.answers_again"
        record(action, by=None, subject=row, detail={"key": row.key})
        done += 1
        if is_late:
            late.append(row)
    if late:
        lines = sorted((_late_line(row) for row in late), key=lambda line: line["name"].casefold())
        _mail(emails.SOURCE_LATE.code, f"{late[0].key}:{now.isoformat()}", _late_context(lines))
    return done


def _late_line(source: Source) -> dict[str, Any]:
    """One late source, for a mail."""
    last = source.fetches.exclude(outcome=Fetch.Outcome.RUNNING).first()
    return {
        "name": source.name,
        "last_good_at": source.last_ok_at,
        "limit_seconds": source.limit_seconds,
        "problem": last.problem if last else "",
        "url": settings.SAFECONDUCT_URL + reverse("ops:source", args=[source.key]),
    }


def _late_context(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """What the mail about late sources says; `url` leads to the one, or to all that need somebody."""
    is_one = len(lines) == 1
    every = settings.SAFECONDUCT_URL + reverse("ops:sources") + "?show=needs"
    return {
        "lines": lines,
        "n": len(lines),
        "source": lines[0]["name"] if is_one else "",
        "url": lines[0]["url"] if is_one else every,
    }


def _mail(kind: str, key: str, context: dict[str, Any]) -> None:
    for person in User.objects.filter(desk_role=User.DeskRole.OPERATOR, is_active=True).order_by("pk"):
        enqueue(
            kind,
            key=f"{kind}:{key}:{person.pk}",
            address=person.email,
            language=person.language,
            context={**context, "zone": person.zone},
        )


def week_before(now: datetime) -> date:
    """Return the Monday of the last whole week (UTC)."""
    today = now.astimezone(UTC).date()
    return today - timedelta(days=today.weekday() + 7)


def _report_due(now: datetime) -> int:
    monday = week_before(now)
    is_too_early = now.astimezone(UTC).weekday() == 0 and now.astimezone(UTC).timetz() < REPORT_AT
    if is_too_early or SourceReport.objects.filter(week_on=monday).exists():
        return 0
    start = datetime.combine(monday, time(), tzinfo=UTC)
    if not Fetch.objects.filter(started_at__gte=start, started_at__lt=start + timedelta(days=7)).exists():
        return 0
    return write_report(monday, now)


@transaction.atomic
def write_report(monday: date, now: datetime) -> int:
    """Keep the report of the week that begins on `monday` and send it; 0 when another worker just did."""
    lines = report_lines(monday)
    _report, is_new = SourceReport.objects.get_or_create(
        week_on=monday, defaults={"made_at": now, "lines": lines}
    )
    if not is_new:
        return 0
    worst = [line for line in lines if line["good"] < line["tries"] or line["refused"] or line["reissues"]]
    context = {
        "week_on": monday,
        "sources": len(lines),
        "tries": sum(line["tries"] for line in lines),
        "good": sum(line["good"] for line in lines),
        "alerts": sum(line["alerts"] for line in lines),
        "refused": sum(line["refused"] for line in lines),
        "worst": worst[:10],
        "url": settings.SAFECONDUCT_URL + reverse("ops:source_report") + f"?week={monday.isoformat()}",
    }
    _mail(emails.SOURCES_WEEKLY.code, monday.isoformat(), context)
    return 1


def report_lines(monday: date) -> list[dict[str, Any]]:
    """Return a line for each source that was asked in a week, those with most failures first.

    `longest_silence_seconds` runs between good answers and from the borders of the week; `delay_seconds` is the
    median from a message's own `sent` to when we had read it.
    """
    start = datetime.combine(monday, time(), tzinfo=UTC)
    end = min(start + timedelta(days=7), clock.now())
    tries: dict[int, list[Fetch]] = defaultdict(list)
    done = Fetch.objects.filter(started_at__gte=start, started_at__lt=end).exclude(
        outcome=Fetch.Outcome.RUNNING
    )
    for row in done.order_by("started_at", "pk").iterator(2000):
        tries[row.source_id].append(row)
    events = Event.objects.filter(source_id__in=tries, versions__received_at__range=(start, end)).order_by()
    alerts = dict(events.values_list("source_id").annotate(n=Count("id", distinct=True)))
    gone = Event.objects.filter(
        source_id__in=tries, state=Event.State.VANISHED, ended_at__range=(start, end)
    ).order_by()
    vanished = dict(gone.values_list("source_id").annotate(n=Count("id")))
    again = Reissue.objects.filter(source_id__in=tries, at__range=(start, end)).order_by()
    reissues = dict(again.values_list("source_id").annotate(n=Count("id")))
    delays = _delays(tries, start, end)
    lines = [
        _line(source, tries[source.pk], start, end)
        | {
            "alerts": alerts.get(source.pk, 0),
            "vanished": vanished.get(source.pk, 0),
            "reissues": reissues.get(source.pk, 0),
            "delay_seconds": delays.get(source.pk),
        }
        for source in Source.objects.filter(pk__in=tries)
    ]
    return sorted(lines, key=lambda line: (line["good"] - line["tries"], -line["refused"], line["name"]))


def _line(source: Source, rows: list[Fetch], start: datetime, end: datetime) -> dict[str, Any]:
    good = [row for row in rows if row.outcome in GOOD]
    marks = [start, *(row.started_at for row in good), end]
    silence = max(later - sooner for sooner, later in pairwise(marks))
    problems: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.problem:
            problems[row.problem] += 1
    return {
        "key": source.key,
        "name": source.name,
        "tries": len(rows),
        "good": len(good),
        "news": sum(row.outcome == Fetch.Outcome.NEW for row in rows),
        "refused": sum(row.refused_count for row in rows),
        "unreachable": max((row.unreachable_count for row in rows), default=0),
        "longest_silence_seconds": int(silence.total_seconds()),
        "problem": max(problems, key=lambda text: problems[text], default=""),
    }


def _delays(sources: Iterable[int], start: datetime, end: datetime) -> dict[int, int]:
    """Return the median delay of each source's messages in seconds; those from the future or older than a day out."""
    found: dict[int, list[float]] = defaultdict(list)
    rows = AlertVersion.objects.filter(event__source_id__in=list(sources), received_at__range=(start, end))
    columns = rows.order_by().values_list("event__source_id", "sent_at", "received_at")
    for key, sent_at, received_at in columns.iterator(5000):
        delay = (received_at - sent_at).total_seconds()
        if 0 <= delay <= 86400:
            found[key].append(delay)
    return {key: int(statistics.median(values)) for key, values in found.items()}
