"""`safeconduct serve` after set-up: keeps one web and one worker process running, in one process tree.

Standard library only and no Django: it holds no data and needs a few MB. A child that dies is started again,
at once the first time, then with growing pauses. SIGTERM and SIGINT stop both gracefully.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from safeconduct.ops.processes import GRACE_SECONDS

LOCK = "serve.lock"
# Settings that the operator changes in the browser and that processes read when they start (lib/folder.py).
SITE = "site.json"
# A child that has lived this long is healthy; its next end begins a new row of pauses.
HEALTHY_SECONDS = 30.0
LONGEST_PAUSE = 30.0


def log(message: str, **fields: object) -> None:
    """Write one JSON line to stderr, of the same shape as the rest of the product's log."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime())
    line = {"at": at, "level": "info", "logger": "safeconduct.serve", "message": message, **fields}
    print(json.dumps(line), file=sys.stderr, flush=True)


class Adopted:
    """A child that was started before this program took the place of another in the same process (ops/early.py)."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once it has ended. Raises TimeoutExpired as Popen does."""
        end = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if end is not None and timeout is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.05)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


@dataclass
class Child:
    """One process that should be running."""

    name: str
    arguments: list[str]
    # How it takes new settings. The web server starts new workers on SIGHUP before it ends the old ones, so that
    # nobody's click meets a closed door; the others end and are started again.
    renewed_by: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | Adopted | None = None
    started: float = 0.0
    quick_ends: int = 0
    start_at: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Start it in a process group of its own: Ctrl-C reaches the supervisor alone, which then stops it."""
        self.process = subprocess.Popen(
            self.arguments,
            process_group=0,
            env={**os.environ, "SAFECONDUCT_PARENT": str(os.getpid())},
        )
        self.started = time.monotonic()
        log("started", job=self.name, pid=self.process.pid)

    def adopt(self, pid: int) -> None:
        """Take over a process that runs already."""
        self.process, self.started = Adopted(pid), time.monotonic()
        log("started", job=self.name, pid=pid)

    def has_ended(self) -> bool:
        """Return whether it ended since the last look, and plan the next start."""
        if self.process is None or self.process.poll() is None:
            return False
        now = time.monotonic()
        self.quick_ends = 0 if now - self.started > HEALTHY_SECONDS else self.quick_ends + 1
        pause = min(LONGEST_PAUSE, 0.25 * 2 ** (self.quick_ends - 1)) if self.quick_ends else 0.0
        log("ended", job=self.name, pid=self.process.pid, status=self.process.returncode, seconds=pause)
        self.process, self.start_at = None, now + pause
        return True

    def renew(self) -> None:
        """Let it take new settings; one that ends for that starts again at once."""
        if self.renewed_by == signal.SIGTERM:
            self.started = 0.0
        self.signal(self.renewed_by)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


def take_lock(home: Path) -> IO[str] | None:
    """Return the open lock file of the folder, or None when another `serve` holds it."""
    file = (home / LOCK).open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


class Supervisor:
    """Runs children until it is told to stop."""

    def __init__(self, children: list[Child], home: Path) -> None:
        self.children = children
        self.site = home / SITE
        self.seen = self._stamp()
        self.stopping = False

    def _stamp(self) -> float:
        return self.site.stat().st_mtime if self.site.exists() else 0.0

    def stop(self, *_: object) -> None:
        """Ask for the end; `run` does it."""
        self.stopping = True

    def run(self) -> None:
        """Start, watch, start again; then stop all."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        while not self.stopping:
            if self._stamp() != self.seen:
                self.seen = self._stamp()
                log("settings changed")
                for child in self.children:
                    child.renew()
            for child in self.children:
                child.has_ended()
                if child.process is None and time.monotonic() >= child.start_at and not self.stopping:
                    child.start()
            time.sleep(0.1)
        self._stop_children()

    def _stop_children(self) -> None:
        log("stopping")
        for child in self.children:
            child.signal(signal.SIGTERM)
        last = time.monotonic() + GRACE_SECONDS + 2
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, last - time.monotonic()))
            except subprocess.TimeoutExpired:
                log("did not stop in time", job=child.name, pid=child.process.pid)
                child.process.kill()
                child.process.wait()
        log("stopped")


def web_arguments(python: str, bind: str, port: str, workers: str) -> list[str]:
    """Return the command of the web process."""
    return [python, "-m", "safeconduct.ops.webserver", bind, port, workers]


def children_of(options: argparse.Namespace) -> list[Child]:
    """Return what the command line asks for."""
    python = sys.executable
    command = web_arguments(python, options.bind, str(options.port), str(options.web_workers))
    web = Child("web", command, renewed_by=signal.SIGHUP)
    if options.web_pid:
        web.adopt(options.web_pid)
    worker = [python, "-m", "safeconduct.ops.processes", "worker"]
    return [web] if options.no_worker else [web, Child("worker", worker)]


def main() -> None:
    """Read the command line, take the folder's lock, run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--web-workers", type=int, default=1)
    parser.add_argument("--web-pid", type=int, default=0, help="a web process that runs already")
    parser.add_argument("--no-worker", action="store_true")
    options = parser.parse_args()
    lock = take_lock(options.home)
    if lock is None:
        raise SystemExit(f"safeconduct: {options.home} is being served already")
    with lock:
        Supervisor(children_of(options), options.home).run()


if __name__ == "__main__":
    main()
