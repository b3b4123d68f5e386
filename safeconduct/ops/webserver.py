"""The web process: granian in WSGI mode. Started by the supervisor; imports Django in its own child only."""

from __future__ import annotations

import os
import sys

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from safeconduct.ops.processes import die_with_parent

# New settings (SIGHUP): the new worker is given this long to answer before the old one ends. On Linux each has a
# listening socket of its own, so in between both answer and nobody meets a closed door.
HANDOVER_SECONDS = 15.0
# Threads wait for the database most of the time; SQLite lets one of them write at once.
THREADS = 8


def main(bind: str, port: int, workers: int) -> None:
    """Serve until SIGTERM."""
    parent = os.environ.pop("SAFECONDUCT_PARENT", "")
    die_with_parent(int(parent) if parent else None)
    # Seen by ops/apps.py in the child that granian starts: it must not outlive this process either.
    os.environ["SAFECONDUCT_CHILD_OF_WEB"] = "1"
    Granian(
        "safeconduct.config.wsgi:application",
        address=bind,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        backpressure=64,
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        respawn_interval=HANDOVER_SECONDS,
        workers_kill_timeout=10,
    ).serve()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
