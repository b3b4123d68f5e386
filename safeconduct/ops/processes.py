"""Processes that live and die together: no Django here, so that the supervisor stays small.

A child dies with its parent even when the parent is killed with SIGKILL: on Linux the kernel sends the signal
(prctl PR_SET_PDEATHSIG); elsewhere a thread looks once a second whether the parent is still the same.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
# Long enough for a batch of deliveries to end and store its replies.
GRACE_SECONDS = 20.0


def die_with_parent(expected_parent: int | None = None) -> None:
    """Have SIGTERM sent to this process when its parent ends. Ends at once when it has ended already."""
    parent = expected_parent or os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def stop_on_signals(stop: Callable[[], None], *, within: float = GRACE_SECONDS) -> None:
    """Call `stop` on SIGTERM and SIGINT; whoever has not ended `within` seconds after that is ended."""

    def handle(_signum: int, _frame: object) -> None:
        stop()
        last_resort = threading.Timer(within, os._exit, args=(1,))
        last_resort.daemon = True
        last_resort.start()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def main() -> None:
    """Run a command of ours as a child of the supervisor: tied to its life before anything slow is imported."""
    parent = os.environ.pop("SAFECONDUCT_PARENT", "")
    die_with_parent(int(parent) if parent else None)
    sys.argv = ["safeconduct", *sys.argv[1:]]
    runpy.run_module("safeconduct.config.cli", run_name="__main__")


if __name__ == "__main__":
    main()
