"""No row is two workers' at once, nothing due is left lying, and a dead worker's rows come back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connections
from django.db.models import QuerySet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeconduct.config import environment
from safeconduct.lib import leases
from safeconduct.outbox.models import Delivery, Message

START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def rows(count: int, using: str = "default") -> QuerySet[Delivery]:
    """Return `count` fresh deliveries, due one second after the other."""
    message = Message.objects.using(using).create(
        content_key="leases", kind="test", subject="s", text="t", created_at=START
    )
    Delivery.objects.using(using).bulk_create(
        Delivery(
            key=f"lease:{number}",
            message=message,
            address="a@example.edu",
            rfc_message_id=f"<{number}@x>",
            due_at=START + timedelta(seconds=number),
            created_at=START,
        )
        for number in range(count)
    )
    return Delivery.objects.using(using).order_by("due_at")


def test_a_claim_takes_what_is_due_soonest_first_and_a_second_takes_the_rest(db: None) -> None:
    queue = rows(5)
    first = leases.claim(queue, by="a", limit=2, seconds=60, now=START + timedelta(seconds=3))
    second = leases.claim(queue, by="b", limit=9, seconds=60, now=START + timedelta(seconds=3))
    assert [row.key for row in first] == ["lease:0", "lease:1"]
    assert [row.key for row in second] == ["lease:2", "lease:3"]
    assert {row.lease_by for row in second} == {"b"}


def test_a_lease_that_ran_out_is_taken_over_and_its_old_holder_can_store_nothing(db: None) -> None:
    queue = rows(1)
    [row] = leases.claim(queue, by="a", limit=1, seconds=60, now=START)
    assert leases.claim(queue, by="b", limit=1, seconds=60, now=START + timedelta(seconds=59)) == []
    [taken] = leases.claim(queue, by="b", limit=1, seconds=60, now=START + timedelta(seconds=60))
    assert taken.pk == row.pk
    assert leases.held(queue, by="a").update(state="sent") == 0
    assert leases.extend(queue, [row.pk], by="a", seconds=60, now=START) == 0
    assert leases.release(queue, [row.pk], by="a") == 0


def test_extending_and_releasing(db: None) -> None:
    queue = rows(2)
    claimed = leases.claim(queue, by="a", limit=2, seconds=10, now=START + timedelta(seconds=5))
    keys = [row.pk for row in claimed]
    assert leases.extend(queue, keys, by="a", seconds=100, now=START) == 2
    assert leases.claim(queue, by="b", limit=2, seconds=10, now=START + timedelta(seconds=50)) == []
    assert leases.release(queue, keys[:1], by="a", due_at=START + timedelta(hours=1)) == 1
    assert leases.claim(queue, by="b", limit=2, seconds=10, now=START + timedelta(seconds=50)) == []
    assert len(leases.claim(queue, by="b", limit=2, seconds=10, now=START + timedelta(hours=1))) == 2


def test_nothing_due_and_no_limit_claim_nothing(db: None) -> None:
    queue = rows(1)
    Delivery.objects.update(due_at=None)
    assert leases.claim(queue, by="a", limit=5, seconds=60, now=START + timedelta(days=1)) == []
    assert leases.claim(queue, by="a", limit=0, seconds=60) == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "finish", "extend", "release", "die", "wait"]),
        st.integers(0, 2),
        st.integers(1, 4),
    ),
    max_size=30,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_three_workers_do_no_row_has_two_holders_and_every_row_is_finished(
    db: None, steps: list[tuple[str, int, int]]
) -> None:
    Delivery.objects.all().delete()
    Message.objects.all().delete()
    queue = rows(6)
    now = START + timedelta(minutes=1)
    holding: dict[int, dict[int, datetime]] = {0: {}, 1: {}, 2: {}}
    for act, worker, number in steps:
        by, mine = f"worker {worker}", holding[worker]
        keys = list(mine)[:number]
        if act == "claim":
            fresh = leases.claim_ids(queue, by=by, limit=number, seconds=10, now=now)
            others = {
                key
                for other, kept in holding.items()
                if other != worker
                for key, until in kept.items()
                if until > now
            }
            assert not others & set(fresh), "two live leases on one row"
            mine |= dict.fromkeys(fresh, now + timedelta(seconds=10))
        elif act == "finish":
            leases.held(queue.filter(pk__in=keys), by=by).update(
                due_at=None, lease_until=None, lease_by="", state="sent"
            )
            holding[worker] = {key: until for key, until in mine.items() if key not in keys}
        elif act == "extend":
            leases.extend(queue, keys, by=by, seconds=10, now=now)
            still = set(leases.held(queue.filter(pk__in=keys), by=by).values_list("pk", flat=True))
            holding[worker] = {key: until for key, until in mine.items() if key not in keys}
            holding[worker] |= dict.fromkeys(still, now + timedelta(seconds=10))
        elif act == "release":
            leases.release(queue, keys, by=by)
            holding[worker] = {key: until for key, until in mine.items() if key not in keys}
        elif act == "die":
            holding[worker] = {}
        else:
            now += timedelta(seconds=3 * number)
    later = now + timedelta(seconds=11)
    left = leases.claim_ids(queue, by="last", limit=100, seconds=10, now=later)
    finished = Delivery.objects.filter(state="sent").count()
    assert len(left) + finished == 6, "a row is lost"


@pytest.fixture
def shared_database(django_db_blocker: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database file that threads may share; the test database of SQLite is in memory."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        connections.databases["claims"] = {
            **connections["default"].settings_dict,
            **environment.sqlite(tmp_path / "claims.sqlite3"),
        }
        with connections["claims"].schema_editor() as editor:
            editor.create_model(Message)
            editor.create_model(Delivery)
        yield "claims"
        connections["claims"].close()
        del connections["claims"]
        del connections.databases["claims"]


def test_four_threads_claiming_at_once_share_every_row_exactly_once(shared_database: str) -> None:
    queue = rows(200, using=shared_database)
    taken: list[list[int]] = [[] for _ in range(4)]
    gate = threading.Barrier(4)

    def work(number: int) -> None:
        gate.wait()
        while got := leases.claim_ids(
            queue, by=f"w{number}", limit=7, seconds=600, now=START + timedelta(hours=1)
        ):
            taken[number] += got
        connections[shared_database].close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    everything = [key for part in taken for key in part]
    assert len(everything) == 200
    assert len(set(everything)) == 200
