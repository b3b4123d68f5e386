"""Loads the web process while `serve` itself still loads and sets up: each takes a second, together they take one.

Standard library only. Nobody is answered before set-up is done: the loaded process waits at a gate, a file that
`serve` makes, while visitors wait in the queue of the socket. Where anything is unusual (a new folder, options, a
port in use) nothing is started early and `serve` does one after the other.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from safeconduct.lib import folder
from safeconduct.ops.supervisor import take_lock, web_arguments

PID, GATE = "SAFECONDUCT_EARLY_WEB", "SAFECONDUCT_GATE"
# Set-up after an upgrade may load facts anew; a gate that nobody opens must not shut for ever.
LONGEST_WAIT = 600.0
_started: list[subprocess.Popen[bytes]] = []


def can_listen(bind: str, port: int) -> OSError | None:
    """Return why one cannot listen there, or None."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            return error
    return None


def start_web(home: Path, arguments: Sequence[str]) -> None:
    """Start the web process of `serve` when everything is as usual."""
    bind = os.environ.get("SAFECONDUCT_BIND", "127.0.0.1")
    port, workers = os.environ.get("SAFECONDUCT_PORT", "8000"), os.environ.get("SAFECONDUCT_WEB_WORKERS", "1")
    # Without its secret the folder is new: two processes must not make it at once.
    is_used = folder.is_marked(home) and (home / "signing.secret").exists()
    is_usual = len(arguments) == 1 and is_used and port.isdigit() and workers.isdigit()
    if not is_usual or not 0 < int(port) < 65536 or can_listen(bind, int(port)) is not None:
        return
    lock = take_lock(home)
    if lock is None:
        return
    lock.close()
    shut = gate(home)
    clear_gates(home)
    environment = {**os.environ, "SAFECONDUCT_PARENT": str(os.getpid()), GATE: str(shut)}
    child = subprocess.Popen(
        web_arguments(sys.executable, bind, port, workers), process_group=0, env=environment
    )
    _started.append(child)
    os.environ[PID] = str(child.pid)


def gate(home: Path) -> Path:
    """Return the gate of the `serve` that is this process."""
    return home / f".gate-{os.getpid()}"


def clear_gates(home: Path) -> None:
    """Remove the gates of earlier runs."""
    for path in home.glob(".gate-*"):
        path.unlink(missing_ok=True)


def wait_at_gate() -> None:
    """Wait until set-up is done; at once where no gate was made."""
    path = os.environ.get(GATE, "")
    end = time.monotonic() + LONGEST_WAIT
    while path and not Path(path).exists() and time.monotonic() < end:
        time.sleep(0.02)
