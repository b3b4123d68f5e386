"""Two worker processes on PostgreSQL, one killed with SIGKILL now and then: who was told, how often, and by whom.

`python -m tests.crash.two_workers --people 2000` makes a database of its own beside the one that DATABASE_URL names,
registers trips of fictitious travellers, and serves two sources on loopback that warn of one storm. Two processes of
`safeconduct worker` poll, match, tell and send through SMTP to a sink. Both sources warn; both update; both widen the
area; both cancel. While the first mails go out, the worker that is sending is killed; while a source holds its answer
back, the worker that waits for it is killed. Each time another one is started. At the end every traveller must have
been told once of the storm and once of its end, by one mail each, apart from what was on the line when a worker was
killed: that is sent again under the same Message-ID.

A trigger of this database alone writes down which worker took which lease and wrote which notice.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.crash.kill9 import fork, sink, told
from tests.crash.two_workers_outcome import WINDOW, Outcome, count, report, story_of_one

ROOT = Path(__file__).parent.parent.parent
REPORT = ROOT / "docs" / "evidence" / "two-workers.md"
DATABASE = f"safeconduct_two_workers_{os.getpid()}"
SOURCES = ("met", "relay")
COAST = "38,-10 38,-8 40,-8 40,-10 38,-10"
WIDER = "38,-10 38,-8 42,-8 42,-10 38,-10"
# Three of four travellers are in the first area, the fourth is only in the wider one.
CITIES = ("Lisbon", "Lisbon", "Lisbon", "Porto")
LEASED = ("feeds_source", "matching_matchrun", "matching_tripmatch", "outbox_delivery")
TRIGGER = """
CREATE TABLE who_did (at timestamptz NOT NULL DEFAULT clock_timestamp(), what text, row_id bigint, worker text);
CREATE FUNCTION note_who() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO who_did (what, row_id, worker) VALUES (TG_TABLE_NAME, NEW.id, current_setting('application_name'));
  RETURN NULL;
END $$;
"""


class Office:
    """Two sources on loopback. What each says now is `bodies`; one may hold its next answer back."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.held = ""
        self.is_waited_for = threading.Event()
        self.go_on = threading.Event()
        office = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.strip("/")
                if office.held == name:
                    office.held = ""
                    office.is_waited_for.set()
                    office.go_on.wait(60)
                body = office.bodies.get(name, b"")
                # Whoever asked may be dead by now.
                with suppress(ConnectionError):
                    self.send_response(200 if body else 404)
                    self.send_header("Content-Type", "application/cap+xml")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@dataclass
class Crew:
    """The worker processes, by the name that their connections carry."""

    environment: dict[str, str]
    database: str
    lease: float
    log: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    started: int = 0

    def hire(self) -> None:
        """Start one more worker."""
        self.started += 1
        name = f"worker-{self.started}"
        command = [sys.executable, "-m", "tests.crash.two_workers", "work", "--lease", str(self.lease)]
        url = f"{self.database}?application_name={name}"
        self.running[name] = subprocess.Popen(
            command, cwd=ROOT, env={**self.environment, "DATABASE_URL": url}, stderr=self.log.open("ab")
        )

    def kill(self, name: str) -> None:
        """SIGKILL one, and hire another."""
        process = self.running.pop(name)
        process.kill()
        process.wait()
        self.hire()

    def dismiss(self) -> None:
        """End them all, politely at first."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def work(lease: float) -> None:
    """Be a worker: `safeconduct worker` as it is, with short leases and short rests, so that nobody waits for minutes."""
    import dataclasses

    import django
    from django.core.management import call_command

    django.setup()
    from safeconduct.feeds import polling
    from safeconduct.matching import jobs as matching
    from safeconduct.ops.jobs import all_jobs
    from safeconduct.ops.management.commands import worker
    from safeconduct.outbox import jobs as outbox

    polling.LEASE_SECONDS = lease
    matching.LEASE_SECONDS = lease  # type: ignore[misc]
    assert outbox.run_due.__kwdefaults__ is not None
    outbox.run_due.__kwdefaults__["lease_seconds"] = lease
    # What rests for minutes (tidying, reckoning ratings) is not on the way of a warning.
    jobs = [
        dataclasses.replace(job, rest_seconds=min(job.rest_seconds, 0.5)) if job.rest_seconds <= 60 else job
        for job in all_jobs()
    ]
    worker.all_jobs = lambda: jobs  # type: ignore[attr-defined]
    call_command("worker")


@contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """Make an empty database on the server of `url`, give its address, and remove it at the end."""
    import psycopg

    # The one that `url` names need not exist: that of a test run does not.
    server = urlsplit(url)._replace(path="/postgres", query="").geturl()
    with psycopg.connect(server, autocommit=True) as line:
        line.execute(f"CREATE DATABASE {DATABASE}")
        try:
            yield urlsplit(url)._replace(path=f"/{DATABASE}", query="").geturl()
        finally:
            line.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def prepare(home: Path, database: str, port: int) -> dict[str, str]:
    """Set Django up on the empty database; return the environment of the workers."""
    for name in ("SAFECONDUCT_AT", "SAFECONDUCT_URL"):
        os.environ.pop(name, None)
    os.environ.update(
        {
            "SAFECONDUCT_HOME": str(home),
            "DATABASE_URL": database,
            "EMAIL_URL": f"smtp://127.0.0.1:{port}?tls=none",
            "SAFECONDUCT_EMAIL_WINDOW": str(WINDOW),
            "SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES": "1",
            "SAFECONDUCT_LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "safeconduct.config.settings",
        }
    )
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(TRIGGER)
        for table in LEASED:
            cursor.execute(
                f"CREATE TRIGGER who AFTER UPDATE OF lease_by ON {table} FOR EACH ROW"
                " WHEN (NEW.lease_by <> '' AND NEW.lease_by <> OLD.lease_by) EXECUTE FUNCTION note_who()"
            )
        cursor.execute(
            "CREATE TRIGGER who AFTER INSERT ON notify_notice FOR EACH ROW EXECUTE FUNCTION note_who()"
        )
    return dict(os.environ)


def fill(people: int, url: str) -> None:
    """Register the travellers and switch the two sources on."""
    from allauth.account.models import EmailAddress

    from safeconduct.accounts.models import User
    from safeconduct.feeds.models import Source
    from safeconduct.lib import clock
    from safeconduct.orgs.access import seat_for
    from safeconduct.orgs.models import Membership
    from safeconduct.places.actions import load_facts
    from safeconduct.places.queries import resolve
    from safeconduct.trips.actions import register_trip
    from safeconduct.trips.drafts import StopDraft
    from tests.conftest import make_organisation

    load_facts(only={"PT"})
    house, programme = make_organisation("Northfield University", "northfield.example.edu", "NFU-26-004417")
    users = User.objects.bulk_create(
        [
            User(
                email=f"t{number}@northfield.example.edu", given_name="Invented", family_name=f"No. {number}"
            )
            for number in range(people)
        ]
    )
    EmailAddress.objects.bulk_create(
        [EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users]
    )
    today = clock.today()
    since = today - timedelta(days=30)
    members = Membership.objects.bulk_create(
        [Membership(user=user, organisation=house, programme=programme, starts_on=since) for user in users]
    )
    cities = {name: resolve(name) for name in CITIES}
    begin = datetime.combine(today - timedelta(days=2), datetime.min.time())
    for number, member in enumerate(members):
        city = cities[CITIES[number % len(CITIES)]]
        stay = StopDraft(place=city, arrive=begin, depart=begin + timedelta(days=9))
        register_trip(seat_for(member.user, member), title="Field season", stops=[stay], by=member.user)
    for key in SOURCES:
        Source.objects.create(
            key=key, name=key.title(), format="cap", url=f"{url}/{key}", is_enabled=True, due_at=clock.now(),
            poll_seconds=1, request_seconds=0.0,
        )  # fmt: skip


def says(key: str, number: int, sent: list[datetime], **changes: Any) -> bytes:
    """Return the next message of a source; it refers to the one before."""
    from tests.alerts.messages import message, triple

    # Minutes apart, as far as the sources are concerned: what is sent within a minute may be parts of one message.
    first = sent[0] if sent else datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    sent.append(first + timedelta(minutes=5 * number))
    sender = f"{key}@example.org"
    before = triple(f"{key}-{number - 1}", sent[-2].isoformat(), sender) if number else ""
    words: dict[str, Any] = {
        "sent": sent[-1].isoformat(),
        "msg_type": "Update" if number else "Alert",
        "references": before,
        "expires": (sent[0] + timedelta(days=1)).isoformat(),
        "sender": sender,
        **changes,
    }
    body = message(f"{key}-{number}", **words)
    # The same storm: what begins at another time would be another warning.
    return body.replace(f"<onset>{words['sent']}".encode(), f"<onset>{sent[0].isoformat()}".encode())


def until(is_so: Callable[[], bool], what: str, *, seconds: float = 240.0) -> None:
    """Wait. Raises TimeoutError with what was waited for."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.1)


def is_idle(versions: int) -> bool:
    """Whether so many versions were read, and matched, told and sent is all that follows."""
    from safeconduct.alerts.models import AlertVersion
    from safeconduct.lib import clock
    from safeconduct.matching import jobs
    from safeconduct.matching.models import MatchRun
    from safeconduct.outbox.models import Delivery

    rows, now = jobs.everybody(), clock.now()
    return (
        AlertVersion.objects.count() == versions
        and MatchRun.objects.filter(due_at__isnull=True).count() == versions
        and not rows.trip_matches.filter(due_at__isnull=False).exists()
        and not rows.exposures.filter(tell_due_at__lte=now).exists()
        and not Delivery.objects.filter(due_at__isnull=False).exists()
    )


def holder_of(table: str) -> str:
    """Return the worker that took the last lease of a table."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT worker FROM who_did WHERE what = %s ORDER BY at DESC LIMIT 1", [table])
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def play(office: Office, crew: Crew, log: Path, outcome: Outcome) -> None:
    """Let the two sources tell their story, killing a worker twice."""
    sent: dict[str, list[datetime]] = {key: [] for key in SOURCES}
    story: dict[str, dict[str, Any]] = {
        "both warn": {},
        "both update": {"severity": "Extreme", "headline": "Hurricane-force wind over the coast"},
        "both widen the area": {"severity": "Extreme", "polygon": WIDER},
        "both cancel": {"msg_type": "Cancel", "polygon": WIDER},
    }
    for number, (phase, changes) in enumerate(story.items()):
        began = time.monotonic()
        if phase == "both update":
            office.held = SOURCES[1]
            until(office.is_waited_for.is_set, "a worker that asks the source that holds its answer back")
            crew.kill(holder_of_source(SOURCES[1]))
            outcome.kills += 1
            office.go_on.set()
        for key in SOURCES:
            office.bodies[key] = says(key, number, sent[key], **changes)
        if phase == "both warn":
            until(lambda: len(told(log)) > outcome.people // 8, "the first mails")
            crew.kill(holder_of("outbox_delivery"))
            outcome.kills += 1
        versions = len(SOURCES) * (number + 1)
        until(lambda versions=versions: is_idle(versions), f"the end of “{phase}”")  # type: ignore[misc]
        time.sleep(1)
        until(lambda versions=versions: is_idle(versions), f"the end of “{phase}”")  # type: ignore[misc]
        outcome.phases[phase] = round(time.monotonic() - began, 1)


def holder_of_source(key: str) -> str:
    """Return the worker that took the last lease of a source."""
    from django.db import connection

    from safeconduct.feeds.models import Source

    row_id = Source.objects.get(key=key).pk
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT worker FROM who_did WHERE what = 'feeds_source' AND row_id = %s ORDER BY at DESC LIMIT 1",
            [row_id],
        )
        return str(cursor.fetchone()[0])


@contextmanager
def sink_at(log: Path, port_of: socket.socket) -> Iterator[None]:
    """Take mail on a listening socket in a process of its own."""
    server = fork(sink, port_of, log)
    try:
        yield
    finally:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)


def run(*, people: int, lease: float, url: str) -> Outcome:
    """Do it once, on the server that `url` names."""
    outcome = Outcome(people)
    with (
        fresh_database(url) as database,
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        home, log = Path(folder), Path(folder) / "told.txt"
        environment = prepare(home, database, listener.getsockname()[1])
        with sink_at(log, listener):
            office = Office()
            fill(people, office.url)
            crew = Crew(environment, database, lease, home / "workers.log")
            began = time.monotonic()
            crew.hire()
            crew.hire()
            try:
                play(office, crew, log, outcome)
            except TimeoutError as error:
                outcome.faults.append(f"gave up waiting for {error}")
            finally:
                crew.dismiss()
            outcome.seconds = round(time.monotonic() - began, 1)
            faults = outcome.faults
            count(outcome, log, lease)
            outcome.faults = faults + outcome.faults
            if outcome.problems():
                sys.stderr.write((home / "workers.log").read_text()[-6000:] + story_of_one())
    from django.db import connections

    connections.close_all()
    return outcome


def main() -> int:
    """Run from the command line; returns 1 when the promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", default="run", choices=["run", "work"])
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--lease", type=float, default=8.0, help="seconds after which work is taken over")
    parser.add_argument("--no-report", action="store_true", help="print only")
    options = parser.parse_args()
    if options.what == "work":
        work(options.lease)
        return 0
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        parser.error("DATABASE_URL must name a PostgreSQL server")
    outcome = run(people=options.people, lease=options.lease, url=url)
    sys.stdout.write(json.dumps(asdict(outcome) | {"problems": outcome.problems()}, indent=1) + "\n")
    if not options.no_report:
        command = f"python -m tests.crash.two_workers --people {options.people}"
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(report(outcome, command, options.lease), encoding="utf-8")
    return 1 if outcome.problems() else 0


if __name__ == "__main__":
    sys.exit(main())
