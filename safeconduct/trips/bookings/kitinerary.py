"""KDE's `kitinerary-extractor` as a second reader, where it is installed (Debian: `libkpimitinerary-bin`, LGPL).

A program of its own that is called and never needed. It knows the wording of many senders, and its rules age with its
release: what it alone has found is therefore never sure. Its JSON-LD is read like anybody's.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import threading
from datetime import date
from glob import glob
from typing import Final

from safeconduct.trips.bookings import schema
from safeconduct.trips.bookings.model import Findings, Found

READER: Final = "kitinerary"
NAME: Final = "kitinerary-extractor"
PLACES: Final = (
    "/usr/lib/*/libexec/kf[56]/" + NAME,
    "/usr/libexec/kf[56]/" + NAME,
    "/usr/lib*/libexec/kf[56]/" + NAME,
)
MOST_SENT: Final = 12 * 1024 * 1024
ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8", "QT_QPA_PLATFORM": "offscreen", "HOME": "/nonexistent", "QT_LOGGING_RULES": "*=false",
    "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
}  # fmt: skip


def installed() -> str:
    """The path of the program; empty when it is not installed."""
    return shutil.which(NAME) or next((path for pattern in PLACES for path in sorted(glob(pattern))), "")  # noqa: PTH207


class Asked:
    """The program at work on a document while others read it."""

    def __init__(self, path: str, data: bytes, context: date | None, wall_seconds: float) -> None:
        self._wall_seconds = wall_seconds
        self._data = data
        self._answer = b""
        self._process: subprocess.Popen[bytes] | None = None
        if not path or len(data) > MOST_SENT:
            return
        day = ["-c", context.isoformat()] if context else []
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                [path, *day], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=ENVIRONMENT, cwd="/",
            )  # fmt: skip
        if self._process is None:
            return
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        assert self._process is not None  # noqa: S101 - the thread is started with it
        try:
            self._answer = self._process.communicate(self._data, timeout=self._wall_seconds)[0]
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def add_to(self, findings: Findings) -> None:
        """Wait for the answer and add what it found; a program that fails or hangs has found nothing."""
        if self._process is None:
            return
        self._thread.join()
        findings.read.add(READER)
        try:
            value = json.loads(self._answer or b"[]")
        except ValueError:
            return
        findings.found += [Found(READER, node) for node in schema.reservations(value)]
