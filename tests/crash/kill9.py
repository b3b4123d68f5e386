"""Kill -9 in the middle of a fan-out, again and again: nobody is missed, few are told twice.

`python -m tests.crash.kill9 --kills 50 --mails 2000` forks workers that send through SMTP to a sink on loopback which answers each mail after 5 ms. A worker is killed at a random moment after its first
mail. A kill counts only when it left mails that were marked as being sent. At the end every delivery must be sent,
every recipient must have the mail, every repeat must carry the Message-ID of the first, and no kill may have
repeated more than the window.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ANSWER_AFTER_SECONDS = 0.005
REPORT = Path(__file__).parent.parent.parent / "docs" / "evidence" / "kill9.md"


@dataclass(frozen=True)
class Outcome:
    """What a run showed."""

    kills: int
    kills_outside_a_batch: int
    mails: int
    in_flight: int
    most_in_flight_at_one_kill: int
    window: int
    unknown_attempts: int
    accepted_by_sink: int
    distinct_recipients: int
    repeated: int
    written_without_stored_answer: int
    most_written_without_stored_answer: int
    repeats_with_another_message_id: int
    unsent: int
    seconds: float

    def problems(self) -> list[str]:
        """What is wrong with it; empty when the promise held."""
        wrong = {
            "a recipient was missed": self.distinct_recipients != self.mails,
            "a delivery is not marked sent": self.unsent != 0,
            "a kill left more in flight than the window": self.most_in_flight_at_one_kill > self.window,
            "a kill repeated more than the window": self.most_written_without_stored_answer > self.window,
            "something else was told twice": self.repeated > self.written_without_stored_answer,
            "a repeat had another Message-ID": self.repeats_with_another_message_id != 0,
            "an interrupted try has no unknown attempt": self.unknown_attempts != self.in_flight,
        }
        return [words for words, is_so in wrong.items() if is_so]


def prepare(home: Path, port: int, window: int) -> None:
    """Set Django up on an empty folder with a database of its own."""
    os.environ.update(
        {
            "SAFECONDUCT_HOME": str(home),
            "EMAIL_URL": f"smtp://127.0.0.1:{port}?tls=none",
            "SAFECONDUCT_EMAIL_WINDOW": str(window),
            "SAFECONDUCT_LOG_LEVEL": "CRITICAL",
        }
    )
    for name in ("SAFECONDUCT_AT", "DATABASE_URL"):
        os.environ.pop(name, None)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", "outbox", verbosity=0)


def fill(mails: int) -> None:
    """Enqueue one message to `mails` recipients."""
    from safeconduct.lib import clock
    from safeconduct.outbox import actions, kinds
    from safeconduct.outbox.models import Message

    kinds.register(kinds.Kind(code="crash.mail", room="outbox"))
    message = Message.objects.create(
        content_key="crash",
        kind="crash.mail",
        subject="Typhoon will cross Leyte on Tuesday",
        text="Dear \ue000name\ue001,\nleave the coast.\n",
        html="<p>Dear \ue000name\ue001,</p><p>leave the coast.</p>",
        created_at=clock.now(),
    )
    rows = (
        actions.Row(f"crash:{number}", f"t{number}@example.edu", {"name": f"Traveller {number}"})
        for number in range(mails)
    )
    assert actions.enqueue_many(message, rows) == mails


def fork(run: object, *arguments: object) -> int:
    """Run a function in a child process that never returns here."""
    from django.db import connections

    connections.close_all()
    child = os.fork()
    if child:
        return child
    try:
        run(*arguments)  # type: ignore[operator]
    finally:
        os._exit(0)


def sink(listener: socket.socket, log: Path) -> None:
    """Take every mail, write down its recipient and Message-ID when its text is whole, answer after 5 ms."""
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    while True:
        line, _ = listener.accept()
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if os.fork() == 0:
            try:
                _converse(line, handle)
            finally:
                os._exit(0)
        line.close()
        _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _converse(line: socket.socket, handle: int) -> None:
    file = line.makefile("rwb", buffering=0)
    reader = line.makefile("rb")
    file.write(b"220 sink\r\n")
    recipient = b""
    for command in reader:
        verb = command[:4].upper()
        if verb == b"EHLO":
            file.write(b"250-sink\r\n250 PIPELINING\r\n")
        elif verb == b"RCPT":
            recipient = command[9:].strip().strip(b"<>")
            file.write(b"250 ok\r\n")
        elif verb == b"DATA":
            file.write(b"354 go\r\n")
            message_id = b""
            for text in reader:
                if text.startswith(b"Message-ID:"):
                    message_id = text[11:].strip()
                if text == b".\r\n":
                    break
            else:
                return
            os.write(handle, recipient + b" " + message_id + b"\n")
            time.sleep(ANSWER_AFTER_SECONDS)
            file.write(b"250 2.0.0 queued\r\n")
        elif verb == b"QUIT":
            file.write(b"221 bye\r\n")
            return
        else:
            file.write(b"250 ok\r\n")


def work(lease: float) -> None:
    """Send what is due until nothing is left, as the worker does."""
    from safeconduct.outbox import jobs
    from safeconduct.outbox.models import Delivery

    while Delivery.objects.filter(due_at__isnull=False).exists():
        if not jobs.run_due(lease_seconds=lease):
            time.sleep(0.02)


def told(log: Path) -> list[tuple[str, str]]:
    """Return (recipient, Message-ID) of every mail the sink has whole."""
    if not log.exists():
        return []
    return [(line.split(" ")[0], line.split(" ")[1]) for line in log.read_text().splitlines()]


def in_flight(worker: int) -> set[str]:
    """Return the addresses that a worker had marked as being sent when it died."""
    from safeconduct.outbox.models import Delivery

    left = Delivery.objects.filter(state="sending", lease_by__contains=f":{worker}:")
    return set(left.values_list("address", flat=True))


def wait_for_more(log: Path, beyond: int, child: int) -> bool:
    """Wait until the sink has more than `beyond` mails; False when the worker ended first."""
    while len(told(log)) <= beyond:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.002)
    return True


def run(*, kills: int, mails: int, window: int, seed: int, lease: float) -> Outcome:
    """Kill `kills` workers inside a batch, let the last one finish, and count."""
    chance = random.Random(seed)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        home, log = Path(folder), Path(folder) / "told.txt"
        prepare(home, listener.getsockname()[1], window)
        fill(mails)
        server = fork(sink, listener, log)
        try:
            flights: list[int] = []
            unanswered: list[int] = []
            outside = 0
            # Each round may use up only its share, so that there is a batch to kill in every one.
            share = max(2, mails // (kills + 1) - window)
            while len(flights) < kills:
                before = len(told(log))
                child = fork(work, lease)
                if not wait_for_more(log, before + chance.randrange(share), child):
                    break
                time.sleep(chance.uniform(0, 2 * ANSWER_AFTER_SECONDS))
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                time.sleep(2 * ANSWER_AFTER_SECONDS)
                left = in_flight(child)
                unanswered.append(len(left & {recipient for recipient, _ in told(log)[before:]}))
                if left:
                    flights.append(len(left))
                else:
                    outside += 1
            os.waitpid(fork(work, lease), 0)
            return _count(told(log), flights, unanswered, outside, mails, window, time.monotonic() - started)
        finally:
            os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)


def _count(
    mailed: Sequence[tuple[str, str]],
    flights: list[int],
    unanswered: list[int],
    outside: int,
    mails: int,
    window: int,
    seconds: float,
) -> Outcome:
    from safeconduct.outbox.models import Attempt, Delivery

    tries = Counter(recipient for recipient, _ in mailed)
    ids = set(mailed)
    return Outcome(
        kills=len(flights),
        kills_outside_a_batch=outside,
        mails=mails,
        in_flight=sum(flights),
        most_in_flight_at_one_kill=max(flights, default=0),
        window=window,
        unknown_attempts=Attempt.objects.filter(outcome="unknown").count(),
        accepted_by_sink=len(mailed),
        distinct_recipients=len(tries),
        repeated=len(mailed) - len(tries),
        written_without_stored_answer=sum(unanswered),
        most_written_without_stored_answer=max(unanswered, default=0),
        repeats_with_another_message_id=len(ids) - len(tries),
        unsent=Delivery.objects.exclude(state="sent").count(),
        seconds=round(seconds, 1),
    )


def report(outcome: Outcome, command: str) -> str:
    """Return the evidence page."""
    rows = "\n".join(f"| {name.replace('_', ' ')} | {value:,} |" for name, value in asdict(outcome).items())
    verdict = "; ".join(outcome.problems()) or "nothing lost; repeats within the window, same Message-ID"
    return f"""# Kill -9 in the middle of a fan-out

Made by

    {command}

A worker sends {outcome.mails:,} mails over SMTP to a sink on loopback that answers each after 5 ms. It is killed with
SIGKILL at a random moment after its first mail, and another one takes over when the leases (1 s here) have run
out. A kill counts only when it left mails marked as being sent (*in flight*): those may have reached the sink
without an answer that was stored, and are sent again under the same Message-ID.

| | |
|---|---|
{rows}

Result: {verdict}.
"""


def main() -> int:
    """Run from the command line; returns 1 when the promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--window", type=int, default=20)
    parser.add_argument("--lease", type=float, default=1.0, help="seconds after which work is taken over")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-report", action="store_true", help="print only")
    options = parser.parse_args()
    outcome = run(
        kills=options.kills,
        mails=options.mails,
        window=options.window,
        seed=options.seed,
        lease=options.lease,
    )
    sys.stdout.write(json.dumps(asdict(outcome) | {"problems": outcome.problems()}, indent=1) + "\n")
    if not options.no_report:
        command = f"python -m tests.crash.kill9 --kills {options.kills} --mails {options.mails}"
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(report(outcome, command), encoding="utf-8")
    return 1 if outcome.problems() or outcome.kills < options.kills else 0


if __name__ == "__main__":
    sys.exit(main())
