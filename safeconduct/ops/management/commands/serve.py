"""`safeconduct serve`: set-up, then web and worker in one process tree until SIGTERM or Ctrl-C."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from safeconduct.ops import demo_logins, early, setup, start_links
from safeconduct.ops.demo_logins import Login
from safeconduct.ops.supervisor import take_lock


class Command(BaseCommand):
    """Serve the portal."""

    help = "Run web and worker; set the folder up first where that is needed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen; the environment gives the defaults."""
        parser.add_argument("--port", type=int, default=settings.SAFECONDUCT_PORT)
        parser.add_argument("--bind", default=settings.SAFECONDUCT_BIND)
        parser.add_argument("--json", action="store_true", help="say where as one line of JSON")
        parser.add_argument("--no-worker", action="store_true", help="web only: workers run elsewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, set up, say where, and become the supervisor."""
        home = Path(settings.SAFECONDUCT_HOME)
        refuse_when_served(home)
        web_pid = os.environ.pop(early.PID, "")
        if not web_pid:
            refuse_when_taken(options["bind"], options["port"])
        setup.run(told=(lambda _step: None) if options["json"] else self._told)
        said = where(options["bind"], options["port"])
        self.stdout.write(json.dumps(asdict(said), ensure_ascii=False) if options["json"] else said.text)
        connections.close_all()
        self.stdout.flush()
        if web_pid:
            early.gate(home).touch()
        # The same process goes on as the supervisor, without Django in its memory.
        os.environ["SAFECONDUCT_HOME"] = str(home)
        os.environ["SAFECONDUCT_PORT"] = str(options["port"])
        command = [sys.executable, "-m", "safeconduct.ops.supervisor", "--home", str(home)]
        command += ["--bind", options["bind"], "--port", str(options["port"])]
        command += ["--web-workers", str(settings.SAFECONDUCT_WEB_WORKERS), "--web-pid", web_pid or "0"]
        os.execv(sys.executable, [*command, "--no-worker"] if options["no_worker"] else command)  # noqa: S606

    def _told(self, step: setup.Step) -> None:
        """Say what a step did, as soon as it is done."""
        if not step.is_unchanged:
            self.stdout.write(f"{step.code}: {step.did}")
            self.stdout.flush()


@dataclass(frozen=True)
class Where:
    """What is said at the start: the address, and the way in."""

    address: str
    start_link: str
    logins: list[Login]

    @property
    def text(self) -> str:
        """Return it in words."""
        lines = [f"Safeconduct: {self.address}", *(login.line for login in self.logins)]
        if self.start_link:
            lines += ["There is no operator yet. Open this link once, within seven days:", self.start_link]
        return "\n".join(lines)


def where(bind: str, port: int) -> Where:
    """Return where the portal answers; in a demo its log-ins, without an operator a one-time link."""
    here = f"http://{'127.0.0.1' if bind in ('0.0.0.0', '::') else bind}:{port}"  # noqa: S104
    if settings.SAFECONDUCT_DEMO_FOLDER:
        return Where(f"{here}/", "", demo_logins.read())
    if start_links.has_operator():
        return Where(f"{here}/", "", [])
    public = settings.SAFECONDUCT_URL if settings.SAFECONDUCT_URL_IS_FIXED else here
    return Where(f"{here}/", start_links.make_link(base_url=public), [])


def refuse_when_served(home: Path) -> None:
    """End with a sentence when another `serve` runs on this folder."""
    lock = take_lock(home)
    if lock is None:
        raise SystemExit(f"safeconduct: {home} is being served already")
    lock.close()


def refuse_when_taken(bind: str, port: int) -> None:
    """End with a sentence when something listens on the port already."""
    error = early.can_listen(bind, port)
    if error is not None:
        raise SystemExit(
            f"safeconduct: cannot listen on {bind}:{port} ({error.strerror}). Set SAFECONDUCT_PORT to another port."
        ) from error
