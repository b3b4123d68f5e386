"""`safeconduct serve`: set-up, then web and worker in one process tree until SIGTERM or Ctrl-C."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from safeconduct.ops import demo_logins, setup, start_links
from safeconduct.ops.supervisor import take_lock


class Command(BaseCommand):
    """Serve the portal."""

    help = "Run web and worker; set the folder up first where that is needed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen; the environment gives the defaults."""
        parser.add_argument("--port", type=int, default=settings.SAFECONDUCT_PORT)
        parser.add_argument("--bind", default=settings.SAFECONDUCT_BIND)
        parser.add_argument("--no-worker", action="store_true", help="web only: workers run elsewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, set up, say where, and become the supervisor."""
        home = Path(settings.SAFECONDUCT_HOME)
        refuse_when_served(home)
        refuse_when_taken(options["bind"], options["port"])
        for step in setup.run():
            if not step.is_unchanged:
                self.stdout.write(f"{step.code}: {step.did}")
        self._say_where(options["bind"], options["port"])
        connections.close_all()
        self.stdout.flush()
        arguments = [
            sys.executable,
            "-m",
            "safeconduct.ops.supervisor",
            "--home",
            str(home),
            "--bind",
            options["bind"],
            "--port",
            str(options["port"]),
            "--web-workers",
            str(settings.SAFECONDUCT_WEB_WORKERS),
        ]
        # The same process goes on as the supervisor, without Django in its memory.
        os.environ["SAFECONDUCT_HOME"] = str(home)
        os.environ["SAFECONDUCT_PORT"] = str(options["port"])
        os.execv(sys.executable, [*arguments, "--no-worker"] if options["no_worker"] else arguments)  # noqa: S606

    def _say_where(self, bind: str, port: int) -> None:
        here = f"http://{'127.0.0.1' if bind in ('0.0.0.0', '::') else bind}:{port}"  # noqa: S104
        public = settings.SAFECONDUCT_URL if settings.SAFECONDUCT_URL_IS_FIXED else here
        self.stdout.write(f"Safeconduct: {here}/")
        if settings.SAFECONDUCT_DEMO_FOLDER:
            for login in demo_logins.read():
                self.stdout.write(login.line)
        elif not start_links.has_operator():
            self.stdout.write("There is no operator yet. Open this link once, within seven days:")
            self.stdout.write(start_links.make_link(base_url=public))


def refuse_when_served(home: Path) -> None:
    """End with a sentence when another `serve` runs on this folder."""
    lock = take_lock(home)
    if lock is None:
        raise SystemExit(f"safeconduct: {home} is being served already")
    lock.close()


def refuse_when_taken(bind: str, port: int) -> None:
    """End with a sentence when something listens on the port already."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            raise SystemExit(
                f"safeconduct: cannot listen on {bind}:{port} ({error.strerror}). Set SAFECONDUCT_PORT to another port."
            ) from error
