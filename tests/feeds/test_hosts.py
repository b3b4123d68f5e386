"""Turns at a host: spaced over all processes, put off when far, closed when it asks."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from safeconduct.alerts import jobs
from safeconduct.feeds import hosts
from safeconduct.feeds.models import Fetch, Host, Source
from safeconduct.lib import clock
from safeconduct.lib.errors import Temporary
from tests.alerts.messages import NOW, message
from tests.feeds.network import Install, ok, says

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.django_db


def make(key: str, url: str = "", **values: object) -> Source:
    return Source.objects.create(
        key=key, name=key, format="cap", url=url or f"https://example.org/{key}", is_enabled=True, due_at=NOW,
        **values,
    )  # fmt: skip


def test_turns_are_spaced_and_a_far_one_is_not_waited_for(steady: list[float]) -> None:
    with clock.held_at(NOW):
        assert [hosts.take_turn("example.org", spacing=1.0) for _ in range(3)] == [None, None, None]
        assert steady == [1.0, 2.0]
        assert hosts.take_turn("example.org", spacing=1.0) == NOW + timedelta(seconds=3)
        assert hosts.take_turn("example.org", spacing=1.0) == NOW + timedelta(seconds=3), "it took no turn"
        assert hosts.take_turn("other.example.org", spacing=1.0) is None
    with clock.held_at(NOW + timedelta(seconds=9)):
        assert hosts.take_turn("example.org", spacing=1.0) is None
    assert steady == [1.0, 2.0]


def test_the_host_of_an_address_is_one_whatever_its_port_and_case() -> None:
    make("a", "https://Example.org:8443/x")
    make("b", "http://example.org/y")
    Source.objects.update(due_at=NOW)
    with clock.held_at(NOW), pytest.MonkeyPatch.context() as patch:
        patch.setattr(hosts, "PATIENCE", timedelta())
        patch.setattr("safeconduct.lib.http.get", lambda url, **asked: ok(message("A")))
        jobs.run_due()
    assert Host.objects.get().name == "example.org"
    assert sorted(Source.objects.values_list("due_at", flat=True)) == [
        NOW + timedelta(seconds=1),
        NOW + timedelta(seconds=300),
    ]


def test_a_source_whose_host_is_busy_comes_later_without_a_try(network: Install) -> None:
    source = make("a", consecutive_failures=2)
    Host.objects.create(name="example.org", free_at=NOW + timedelta(seconds=40))
    server = network()
    with clock.held_at(NOW):
        assert jobs.run_due() == 1
    source.refresh_from_db()
    assert source.due_at == NOW + timedelta(seconds=40)
    assert (source.consecutive_failures, source.lease_until, source.lease_by) == (2, None, "")
    assert server.asked == [] and not Fetch.objects.exists()


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_wants_quiet_gets_it_from_every_source(network: Install, status: int) -> None:
    first, second = make("a", request_seconds=0), make("b", request_seconds=0)
    server = network(says(status, timedelta(hours=2)))
    with clock.held_at(NOW):
        assert jobs.run_due() == 2
    assert len(server.asked) == 1
    for source in (first, second):
        source.refresh_from_db()
        assert source.due_at == NOW + timedelta(hours=2)
    row = Fetch.objects.get()
    assert (row.http_status, row.outcome) == (status, "failed")
    assert {first.consecutive_failures, second.consecutive_failures} == {0, 1}


def test_the_host_that_asked_for_quiet_is_closed_not_the_one_that_led_there(network: Install) -> None:
    make("a")
    network(says(503, timedelta(hours=2), host="mirror.example.net"))
    with clock.held_at(NOW):
        jobs.run_due()
    closed = dict(Host.objects.values_list("name", "closed_until"))
    assert closed == {"example.org": None, "mirror.example.net": NOW + timedelta(hours=2)}


def test_a_later_end_of_quiet_stays() -> None:
    hosts.close("example.org", until=NOW + timedelta(hours=2))
    hosts.close("example.org", until=NOW + timedelta(hours=1))
    assert Host.objects.get().closed_until == NOW + timedelta(hours=2)
    hosts.close("example.org", until=NOW + timedelta(hours=3))
    assert Host.objects.get().closed_until == NOW + timedelta(hours=3)


def test_an_ordinary_failure_closes_nothing(network: Install) -> None:
    make("a")
    network(Temporary("no route"))
    with clock.held_at(NOW):
        jobs.run_due()
    assert Host.objects.get().closed_until is None


ASKING = """
import sys, time
import django
django.setup()
from django.db import connection
from safeconduct.feeds import hosts
while not sys.stdin.readline():
    pass
for _ in range(8):
    while hosts.take_turn("example.org", spacing=0.1) is not None:
        time.sleep(0.02)
    print(time.time(), flush=True)
"""


def test_two_processes_share_the_turns_of_a_host(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "turns.sqlite3") as database:
        database.execute(
            "CREATE TABLE feeds_host (id integer PRIMARY KEY AUTOINCREMENT, name varchar(253) UNIQUE NOT NULL,"
            " free_at datetime NOT NULL, closed_until datetime NULL)"
        )
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/turns.sqlite3"}
    workers = [
        subprocess.Popen([sys.executable, "-c", ASKING], env=environment, text=True, cwd=ROOT,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]  # fmt: skip
    answers = [worker.communicate("go\n", timeout=120)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    asked = sorted(float(line) for answer in answers for line in answer.split())
    assert len(asked) == 16
    # A late wake-up shortens the gap to the next one, by a little; without turns it would be next to nothing.
    assert asked[-1] - asked[0] >= 1.45


def test_a_clock_that_ran_ahead_closes_neither_hosts_nor_sources_for_good(network: Install) -> None:
    source = make("a", "https://example.org/a")
    ahead = NOW + timedelta(days=60)
    Source.objects.update(due_at=ahead)
    Host.objects.create(name="example.org", free_at=ahead, closed_until=ahead)
    network(ok(message("A")))
    with clock.held_at(NOW):
        assert jobs.run_due() == 1
        assert source.fetches.get().outcome == Fetch.Outcome.NEW
