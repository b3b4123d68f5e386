"""What a run of two_workers.py showed: its figures, what is wrong with them, and the evidence page made of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.crash.kill9 import told

WINDOW = 20


@dataclass
class Outcome:
    """What a run showed."""

    people: int
    kills: int = 0
    exposures: int = 0
    notices: int = 0
    not_told_same_event: int = 0
    deliveries: int = 0
    taken_back: int = 0
    told_of_the_storm: int = 0
    told_of_its_end: int = 0
    untold: int = 0
    duplicates: int = 0
    unsent: int = 0
    mails_at_the_sink: int = 0
    repeated_after_a_kill: int = 0
    most_repeats_allowed: int = 0
    repeats_with_another_message_id: int = 0
    polls: int = 0
    polls_of_one_source_at_once: int = 0
    polls_taken_over: int = 0
    taken_over_before_the_lease_ended: int = 0
    failures: int = 0
    seconds: float = 0.0
    shared: dict[str, dict[str, int]] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """What is wrong with it; empty when the promise held."""
        both = [set(counts) for what, counts in self.shared.items() if what != "matching_matchrun"]
        wrong = {
            "somebody was not told of the storm": self.told_of_the_storm != self.people,
            "somebody was not told of its end": self.told_of_its_end != self.people,
            "somebody was not told": self.untold != 0,
            "somebody was told twice": self.duplicates != 0,
            "a delivery is not marked sent": self.unsent != 0,
            "more was sent again than was on the line": self.repeated_after_a_kill
            > self.most_repeats_allowed,
            "a repeat had another Message-ID": self.repeats_with_another_message_id != 0,
            "a source was polled twice at once": self.polls_of_one_source_at_once != 0,
            "the poll of a killed worker was not taken over": self.polls_taken_over < 1,
            "a poll was taken over before its lease ended": self.taken_over_before_the_lease_ended != 0,
            "a worker did nothing": any(len(workers) < 2 for workers in both),
            "a job failed": self.failures != 0,
        }
        return [words for words, is_so in wrong.items() if is_so]


def count(outcome: Outcome, log: Path, lease: float) -> None:
    """Fill in what the database and the sink know."""
    from django.db import connection

    from safeconduct.feeds.models import Fetch
    from safeconduct.matching import jobs
    from safeconduct.ops.models import WorkerFailure
    from safeconduct.outbox.models import Delivery

    rows = jobs.everybody()
    outcome.exposures = rows.exposures.count()
    notices = list(rows.notices.values_list("user_id", "kind", "key", "told", "why_not", "context"))
    outcome.notices = len(notices)
    outcome.not_told_same_event = sum(not told for _user, _kind, _key, told, _why, _context in notices)
    heard: Counter[tuple[Any, ...]] = Counter()
    for user, kind, _key, is_told, _why, context in notices:
        # One incident in all: of its beginning and its end everybody hears once, of a version's news once.
        news = (context["event"], context["version"]) if kind == "alert.exposure.updated" else ()
        if is_told:
            heard[(user, kind, *news)] += 1
    outcome.duplicates = sum(times - 1 for times in heard.values())
    outcome.told_of_the_storm = sum(key[1] == "alert.exposure.opened" for key in heard)
    outcome.told_of_its_end = sum(key[1] == "alert.exposure.ended" for key in heard)
    outcome.sent = dict(
        Counter(kind.removeprefix("alert.") for _u, kind, _k, told, _w, _c in notices if told)
    )
    keys = {key for _user, _kind, key, is_told, _why, _context in notices if is_told}
    deliveries = dict(Delivery.objects.values_list("key", "state"))
    mailed = told(log)
    ids = dict(Delivery.objects.values_list("key", "rfc_message_id"))
    taken = {message_id for _recipient, message_id in mailed}
    outcome.deliveries = len(deliveries)
    outcome.taken_back = sum(state == "cancelled" for state in deliveries.values())
    outcome.unsent = sum(state not in ("sent", "cancelled") for state in deliveries.values())
    outcome.untold = (
        sum(deliveries.get(key) != "cancelled" and ids.get(key, "") not in taken for key in keys)
        + rows.exposures.filter(told_at__isnull=True, told_by__isnull=True, state="open").count()
    )
    outcome.mails_at_the_sink = len(mailed)
    outcome.repeated_after_a_kill = len(mailed) - len(taken)
    outcome.most_repeats_allowed = outcome.kills * WINDOW
    outcome.repeats_with_another_message_id = len(taken - set(ids.values()))
    fetches = list(Fetch.objects.order_by("source_id", "started_at", "id"))
    outcome.polls = len(fetches)
    for before, after in pairwise(fetches):
        if before.source_id != after.source_id:
            continue
        if before.problem.startswith("interrupted"):
            outcome.polls_taken_over += 1
            wait = (after.started_at - before.started_at).total_seconds()
            # The lease was taken a moment before the row was written.
            outcome.taken_over_before_the_lease_ended += wait < lease - 0.5
        elif before.finished_at is None or before.finished_at > after.started_at:
            outcome.polls_of_one_source_at_once += 1
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT what, worker, count(*) FROM who_did GROUP BY what, worker ORDER BY what, worker"
        )
        for what, worker, times in cursor.fetchall():
            outcome.shared.setdefault(what, {})[worker] = times
    outcome.failures = WorkerFailure.objects.count()
    outcome.faults = [
        f"{row.job}: {row.error} at {row.places[-1:]}" for row in WorkerFailure.objects.all()[:10]
    ]


def story_of_one() -> str:
    """Return what became of the versions and of one traveller who was told too often or not at all, in time's order."""
    from safeconduct.alerts.models import AlertVersion
    from safeconduct.audit.models import Entry
    from safeconduct.matching import jobs

    rows = jobs.everybody()
    lines: list[tuple[datetime, str]] = []
    for version in AlertVersion.objects.select_related("event__incident", "event__source"):
        words = f"{version} of incident {version.event.incident_id}, {version.event.state}, sent {version.sent_at}"
        lines.append((version.received_at, words))
    lines += [
        (entry.at, f"{entry.action} {entry.subject_id} {entry.detail}")
        for entry in Entry.objects.filter(action__startswith="alert.")
    ]
    often: Counter[int] = Counter(
        rows.notices.filter(
            told=True, kind__in=("alert.exposure.opened", "alert.exposure.ended")
        ).values_list("user_id", flat=True)
    )
    user = max(often, key=lambda pk: (abs(often[pk] - 2), -pk)) if often else 0
    for notice in rows.notices.filter(user_id=user):
        words = f"{notice.kind} {notice.key} {notice.why_not or 'told'} {notice.context}"
        lines.append((notice.created_at, words))
    for row in rows.exposures.filter(user_id=user).select_related("event"):
        words = f"exposure {row.pk} of {row.event} {row.state} {row.closed_reason} told {row.told_at} due {row.tell_due_at}"
        lines.append((row.closed_at or row.opened_at, f"{words} by {row.told_by_id}"))
    return "".join(f"{at:%H:%M:%S.%f} {words}\n" for at, words in sorted(lines))


NAMES = {
    "feeds_source": "polls of sources (leases)",
    "matching_matchrun": "warnings matched (leases)",
    "matching_tripmatch": "trips matched (leases)",
    "notify_notice": "notices written",
    "outbox_delivery": "deliveries (leases)",
}


def report(outcome: Outcome, command: str, lease: float) -> str:
    """Return the evidence page."""
    figures = {name: value for name, value in asdict(outcome).items() if not isinstance(value, dict | list)}
    rows = "\n".join(f"| {name.replace('_', ' ')} | {value:,} |" for name, value in figures.items())
    workers = sorted({worker for counts in outcome.shared.values() for worker in counts if worker})
    shared = "\n".join(
        f"| {NAMES[what]} | " + " | ".join(f"{counts.get(worker, 0):,}" for worker in workers) + " |"
        for what, counts in outcome.shared.items()
    )
    phases = "\n".join(f"| {phase} | {seconds} |" for phase, seconds in outcome.phases.items())
    kinds = ", ".join(f"{number:,} × {kind}" for kind, number in sorted(outcome.sent.items()))
    verdict = "; ".join(outcome.problems()) or "everybody was told once, nobody twice; the work was shared"
    return f"""# Two workers on PostgreSQL, one killed now and then

Made by

    DATABASE_URL=postgresql://postgres@127.0.0.1:5432/postgres {command}

{outcome.people:,} invented travellers are on trips, three of four in Lisbon, the fourth in Porto. Two sources on
loopback warn of one storm over Lisbon; both update it, both widen it to Porto, both cancel it. Two processes of
`safeconduct worker` (their leases shortened to {lease:g} s, their rests to 0.5 s) poll, match, tell, and send over SMTP
to a sink that answers each mail after 5 ms. While the first mails go out, the worker that took the last of them is
killed with SIGKILL; later the one that waits for a source's answer is; each time another is started.

| | |
|---|---|
{rows}

*Duplicates*: one person told more than once of the storm, of its end, or of the same version's news. *Untold*: a notice
that says “told” without its mail at the sink, or an open exposure that nobody told. *Not told, same event*: the second
source said no more than the first. *Repeated*: on the line when a worker was killed, sent again with its Message-ID.

Told: {kinds}.

| Who did it | {" | ".join(workers)} |
|---|{"---|" * len(workers)}
{shared}

| Seconds until nothing was left to do | |
|---|---|
{phases}

Result: {verdict}.
"""
