"""`safeconduct worker`: does due work for ever, or once until nothing is due (`--until-idle`)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from safeconduct.lib.commands import JsonCommand
from safeconduct.ops.jobs import all_jobs
from safeconduct.ops.processes import stop_on_signals
from safeconduct.ops.worker import Worker


class Command(JsonCommand):
    """Do due work."""

    help = "Do due work: end alerts, read feeds, match, tell, send."

    def add_arguments(self, parser: CommandParser) -> None:
        """Two ways to run."""
        super().add_arguments(parser)
        parser.add_argument("--until-idle", action="store_true", help="return when nothing is due")
        parser.add_argument("--poll", action="store_true", help="with --until-idle: also read due feeds")

    def act(self, **options: Any) -> None:
        """Run; until idle it prints how much each job did."""
        jobs = all_jobs()
        if options["until_idle"] and not options["poll"]:
            jobs = [job for job in jobs if not job.polls]
        worker = Worker(jobs)
        if not options["until_idle"]:
            stop_on_signals(worker.stop)
            worker.forever()
            return
        worker.until_idle()
        self.emit({"done": worker.done, "failed": worker.failed})
