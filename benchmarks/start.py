"""How fast `serve` answers on a filled folder, and how much memory web and worker take together.

The folder is the demonstration's, made first and not timed. Memory is Pss of every process of the tree (shared
pages counted once), read from /proc after some pages were asked for: Linux only.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.common import Result

ROUNDS = 3
MOST_SECONDS, MOST_MB = 3.0, 300.0
PAGES = ("/", "/centres/", "/account/login/", "/legal/privacy/", "/health")


def run() -> list[Result]:
    """Start and stop `serve` a few times; the median start and the largest memory count."""
    with tempfile.TemporaryDirectory(prefix="safeconduct-bench-") as home:
        environment = _environment(Path(home))
        subprocess.run(_command("demo"), env=environment, check=True, stdout=subprocess.DEVNULL)
        rounds = [_round(environment) for _ in range(ROUNDS)]
    seconds = sorted(one[0] for one in rounds)[ROUNDS // 2]
    megabytes = max(one[1] for one in rounds)
    return [
        Result(
            "start.answers", seconds, "s", "", None, None, f"≤ {MOST_SECONDS:.0f} s", seconds <= MOST_SECONDS
        ),
        Result(
            "start.memory", megabytes, "MB Pss", "", None, None, f"≤ {MOST_MB:.0f} MB", megabytes <= MOST_MB
        ),
    ]


def _environment(home: Path) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SAFECONDUCT", "DATABASE", "EMAIL"))
    }
    return {**kept, "SAFECONDUCT_HOME": str(home), "SAFECONDUCT_PORT": str(port)}


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", "safeconduct.config.cli", name]


def _round(environment: dict[str, str]) -> tuple[float, float]:
    base = f"http://127.0.0.1:{environment['SAFECONDUCT_PORT']}"
    began = time.perf_counter()
    process = subprocess.Popen(
        _command("serve"), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not _answers(f"{base}/"):
            if process.poll() is not None or time.perf_counter() - began > 120:
                raise RuntimeError("serve did not start")
            time.sleep(0.02)
        seconds = time.perf_counter() - began
        for _ in range(5):
            for page in PAGES:
                _answers(base + page)
        # Long enough for the worker to have run every job.
        time.sleep(5)
        return seconds, sum(_pss_kb(pid) for pid in _tree(process.pid)) / 1024
    finally:
        process.terminate()
        process.wait(60)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _tree(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _tree(int(child))
    return found


def _pss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {pid} tells no Pss")
