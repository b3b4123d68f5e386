"""From a mail in the mailbox to the trip: how long, with `serve` (web and worker) running for real on a folder.

The folder is the demonstration's, made first and not timed. The mailbox is the minimal IMAP server of the tests, in this
process, spoken to over a real line. Mails come one after another at odd moments; each is timed by the clock from when it
lies in the mailbox until the trip's row, which is what the traveller's page shows, is committed, and until the answer was
sent (to the development mailbox: no mail server is part of the figure). The slowest counts.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.common import Result

MAILS = 6
CLOCK = clock_time(10, 15)
MOST_SECONDS = 60.0


def run() -> list[Result]:
    """Send mails and wait for their trips; the slowest of each counts."""
    from benchmarks.start import _answers, _command, _environment
    from tests.e2e.screenshots import people_in
    from tests.inbox.imapserver import Box, Server
    from tests.inbox.mails import AUTHSERV

    with tempfile.TemporaryDirectory(prefix="safeconduct-bench-") as home, Server(Box()) as server:
        environment = _environment(Path(home)) | {
            "SAFECONDUCT_BOOKINGS_IMAP": server.url(),
            "SAFECONDUCT_BOOKINGS_AUTHSERV": AUTHSERV,
        }
        made = subprocess.run(_command("demo"), env=environment, check=True, stdout=subprocess.PIPE, text=True)
        email, _password = people_in(made.stdout)["traveller"]
        process = subprocess.Popen(_command("serve"), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            base = f"http://127.0.0.1:{environment['SAFECONDUCT_PORT']}/"
            while not _answers(base):
                if process.poll() is not None:
                    raise RuntimeError("serve did not start")
                time.sleep(0.1)
            name = _name_of(Path(home), email)
            times = [_one(server.box, Path(home), email, name, number) for number in range(MAILS)]
        finally:
            process.terminate()
            process.wait(60)
    trips, answers = (max(each) for each in zip(*times, strict=True))
    goal = f"≤ {MOST_SECONDS:.0f} s, the slowest of {MAILS}"
    return [
        Result("booking_mail", round(trips, 1), "s to the trip", "", None, None, goal, trips <= MOST_SECONDS),
        Result("booking_mail.answer", round(answers, 1), "s to the answer", "", None, None, goal, answers <= MOST_SECONDS),
    ]


def _one(box: object, home: Path, email: str, name: str, number: int) -> tuple[float, float]:
    from safeconduct.lib import clock
    from tests.inbox.mails import flight, mail

    # Six weeks apart, so that each is a trip of its own; at moments that have nothing to do with the poll's.
    day = (clock.now() + timedelta(days=30 + 42 * number)).date()
    # What a carrier writes: an offset that the clocks there do not have would rightly be asked about.
    offset = f"{datetime.combine(day, CLOCK, ZoneInfo('Europe/Berlin')):%z}"
    domain = email.rpartition("@")[2]
    data = mail(
        flight(str(200 + number), reference=f"BENCH{number}", day=day.isoformat(), name=name, offsets=(f"{offset[:3]}:{offset[3:]}", "+03:00")),
        sender=email,
        proof=f"dmarc=pass header.from={domain}", message_id=f"<bench-{number}@{domain}>",
    )  # fmt: skip
    time.sleep(1.7 * number)
    box.put(data)  # type: ignore[attr-defined]
    began = time.perf_counter()
    trip = _until(home, "SELECT count(*) FROM inbox_booking WHERE state = 'entered' AND stop_id IS NOT NULL", number + 1)
    answer = _until(
        home, "SELECT count(*) FROM outbox_delivery d JOIN outbox_message m ON m.id = d.message_id"
        " WHERE m.kind = 'booking.answer' AND d.state = 'sent'", number + 1,
    )  # fmt: skip
    return trip - began, answer - began


def _until(home: Path, sql: str, count: int) -> float:
    end = time.perf_counter() + 3 * MOST_SECONDS
    while time.perf_counter() < end:
        with contextlib.suppress(sqlite3.OperationalError):
            if _value(home, sql) >= count:
                return time.perf_counter()
        time.sleep(0.1)
    raise RuntimeError(f"nothing came of a mail: {_value(home, 'SELECT state || reason || changes FROM inbox_letter ORDER BY id DESC')}")


def _name_of(home: Path, email: str) -> str:
    return str(_value(home, f"SELECT given_name || ' ' || family_name FROM accounts_user WHERE email = '{email}'"))


def _value(home: Path, sql: str) -> Any:
    path = next(iter(home.glob("*.sqlite3")))
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
        row = database.execute(sql).fetchone()
    return row[0] if row else ""


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
    sys.stdout.write("\n".join(f"{one.name} {one.value} {one.unit}" for one in run()) + "\n")
