"""The worker: runs every room's due work, in order, again and again. It knows no room's rows.

A job that raises is written down (class and places, never values) and the others go on; this is one of the
three loops that may catch everything.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import Error as DatabaseTrouble
from django.db import close_old_connections, connection

from safeconduct.lib import clock
from safeconduct.lib.leases import holder
from safeconduct.ops.models import Heartbeat, WorkerFailure

logger = logging.getLogger("safeconduct.worker")

BEAT_SECONDS = 5.0
FORGET_BEATS = timedelta(hours=1)
KEEP_FAILURES = 1000
LANES_END_SECONDS = 5.0
# More rounds than any honest backlog needs: a job that always finds work is a fault and must not spin for ever.
MOST_ROUNDS = 100_000


@dataclass(frozen=True)
class Job:
    """Work of one room. `run(limit)` does at most so much of what is due and returns how much it did."""

    code: str
    run: Callable[[int], int]
    limit: int = 500
    # Asks other people's servers: only with --poll when the worker runs until idle. For ever it runs beside the
    # others, in `lanes` threads of its own, so that a slow server delays neither an end nor a warning.
    polls: bool = False
    lanes: int = 1
    # How long to rest when nothing was due.
    rest_seconds: float = 1.0


class Worker:
    """Runs jobs until stopped or idle."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self.stopping = threading.Event()
        self.done: dict[str, int] = {job.code: 0 for job in jobs}
        self.failed: dict[str, int] = {}
        self._holder = holder()
        self._started_at = clock.now()
        self._last_beat = 0.0
        self._rest_until: dict[str, float] = {}
        self._failures_in_a_row: dict[str, int] = {}
        self._counting = threading.Lock()

    def stop(self) -> None:
        """End after the batch in hand."""
        self.stopping.set()

    def until_idle(self) -> None:
        """Do everything that is due now, what follows from it included, then return."""
        for _round in range(MOST_ROUNDS):
            if self.stopping.is_set() or not self._round(self.jobs):
                break
        self.beat(force=True)

    def forever(self) -> None:
        """Work until stopped."""
        lanes = [
            threading.Thread(target=self._lane, args=(job,), name=f"{job.code}-{number}", daemon=True)
            for job in self.jobs
            if job.polls
            for number in range(job.lanes)
        ]
        for lane in lanes:
            lane.start()
        near = [job for job in self.jobs if not job.polls]
        while not self.stopping.is_set():
            close_old_connections()
            now = time.monotonic()
            ready = [job for job in near if self._rest_until.get(job.code, 0.0) <= now]
            if not self._round(ready):
                self.stopping.wait(0.5)
        # Whoever still waits for a server is left to its lease: another worker takes the source over.
        deadline = time.monotonic() + LANES_END_SECONDS
        for lane in lanes:
            lane.join(max(0.0, deadline - time.monotonic()))
        self.leave()

    def _lane(self, job: Job) -> None:
        """One job's own thread: its work, one small claim at a time, until stopped."""
        share = max(1, job.limit // job.lanes)
        while not self.stopping.is_set():
            close_old_connections()
            count = self._run(job, share)
            failures = self._failures_in_a_row.get(job.code, 0)
            if failures or not count:
                self.stopping.wait(max(job.rest_seconds, min(60.0, 2.0**failures - 1)))
        close_old_connections()
        connection.close()

    def _round(self, jobs: Sequence[Job]) -> int:
        total = 0
        for job in jobs:
            if self.stopping.is_set():
                break
            self.beat(doing=job.code)
            count = self._run(job, job.limit)
            total += count
            rest = 0.0 if count else job.rest_seconds
            rest = max(rest, min(60.0, 2.0 ** self._failures_in_a_row.get(job.code, 0) - 1))
            self._rest_until[job.code] = time.monotonic() + rest
        return total

    def _run(self, job: Job, limit: int) -> int:
        try:
            count = job.run(limit)
        except Exception as error:  # noqa: BLE001 - one job's fault must not stop the others
            with self._counting:
                self._failures_in_a_row[job.code] = min(7, self._failures_in_a_row.get(job.code, 0) + 1)
                self.failed[job.code] = self.failed.get(job.code, 0) + 1
            note_failure(job.code, error)
            return 0
        with self._counting:
            self._failures_in_a_row.pop(job.code, None)
            self.done[job.code] += count
        return count

    def beat(self, *, doing: str = "", force: bool = False) -> None:
        """Write the heartbeat when the last one is some seconds old."""
        if not force and time.monotonic() - self._last_beat < BEAT_SECONDS:
            return
        self._last_beat = time.monotonic()
        now = clock.now()
        try:
            Heartbeat.objects.update_or_create(
                holder=self._holder,
                defaults={"pid": os.getpid(), "started_at": self._started_at, "beat_at": now, "doing": doing},
            )
            Heartbeat.objects.filter(beat_at__lt=now - FORGET_BEATS).exclude(holder=self._holder).delete()
        except DatabaseTrouble as error:
            note_failure("heartbeat", error)

    def leave(self) -> None:
        """Take the heartbeat away: this worker ended on purpose."""
        try:
            Heartbeat.objects.filter(holder=self._holder).delete()
        except DatabaseTrouble as error:
            note_failure("heartbeat", error)


def note_failure(job: str, error: Exception) -> None:
    """Write a failure down, in the log always and in its table when that can be reached."""
    logger.error("a job failed", exc_info=error, extra={"job": job})
    places = [
        f"{f.filename.rpartition('safeconduct/')[2]}:{f.lineno} {f.name}"
        for f in traceback.extract_tb(error.__traceback__)
    ]
    try:
        WorkerFailure.objects.create(
            job=job, error=type(error).__name__, places=places[-12:], failed_at=clock.now()
        )
        last_kept = WorkerFailure.objects.order_by("-id").values_list("id", flat=True)[KEEP_FAILURES:][:1]
        for pk in last_kept:
            WorkerFailure.objects.filter(id__lte=pk).delete()
    except DatabaseTrouble as second:
        logger.error("a failure could not be written down", exc_info=second, extra={"job": job})
