"""Two connections at once: what one does must not be undone, lost or said twice because of the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from safeconduct.accounts.models import User
from safeconduct.alerts import actions, writing
from safeconduct.alerts.formats import cap
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.feeds.actions import by_hand, keep_document
from safeconduct.lib import clock
from safeconduct.matching import emails, jobs
from safeconduct.matching.active import ActiveWarnings
from safeconduct.matching.models import MatchRun
from safeconduct.notify.actions import News, Telling, tell_many
from safeconduct.notify.models import Notice, UnsubscribeLink
from safeconduct.ops.models import WorkerFailure
from safeconduct.ops.worker import Job, Worker
from safeconduct.outbox import actions as outbox
from safeconduct.outbox.models import Delivery, Message
from tests.alerts.messages import NOW, message, put, triple
from tests.conftest import World, join, make_user, make_world

TWO = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time anyway")
COMMITTED = pytest.mark.django_db(transaction=True)
OLDER, NEWER = "2026-11-20T10:00:00+00:00", "2026-11-20T11:00:00+00:00"


@pytest.fixture
def failures() -> list[BaseException]:
    """What a thread of a test raised."""
    return []


@pytest.fixture
def beside(failures: list[BaseException]) -> Iterator[Callable[[Callable[[], object]], threading.Thread]]:
    """Return a function that runs another one in a thread with a connection of its own."""
    threads: list[threading.Thread] = []

    def start(task: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                with clock.held_at(NOW):
                    task()
            except BaseException as error:
                failures.append(error)
            finally:
                connection.close()

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return threads[-1]

    yield start
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "a worker waits for ever"


def delivery(key: str = "k") -> Delivery:
    """Enqueue one mail."""
    words = Message.objects.create(
        content_key=key, kind="outbox.test", subject="s", text="t", html="", created_at=clock.now()
    )
    return Delivery.objects.create(
        key=key, message=words, address="t@example.edu", state="queued", due_at=clock.now(),
        rfc_message_id=f"<{key}@example.edu>", created_at=clock.now(),
    )  # fmt: skip


@TWO
@COMMITTED
def test_a_mail_that_is_put_on_the_line_just_now_is_not_called_cancelled(
    beside: Callable[..., threading.Thread], failures: list[BaseException]
) -> None:
    row = delivery()
    counts: list[int] = []
    with transaction.atomic():
        Delivery.objects.filter(pk=row.pk).update(state="sending", lease_by="another worker")
        recall = beside(
            lambda: counts.append(
                outbox.cancel_queued(Delivery.objects.filter(pk=row.pk), by=None, reason="the warning ended")
            )
        )
        time.sleep(0.5)
        assert recall.is_alive(), "it waits for whoever has the row"
    recall.join(20)
    assert (counts, failures) == ([0], [])
    row.refresh_from_db()
    assert (row.state, row.lease_by) == ("sending", "another worker")


@TWO
@COMMITTED
def test_two_workers_that_write_mail_in_two_languages_do_not_wait_for_each_other(
    beside: Callable[..., threading.Thread], failures: list[BaseException]
) -> None:
    world = make_world()
    programme = world.seat(world.bob).membership.programme
    people: list[User] = []
    for number, language in enumerate(("de", "en", "en", "de")):
        people.append(make_user(f"t{number}@northfield.example.edu", f"T{number}", "Lee"))
        User.objects.filter(pk=people[-1].pk).update(language=language)
        join(people[-1], programme)
    put(message("A"))
    version = AlertVersion.objects.get()
    both = threading.Barrier(2)

    def tell(some: list[User]) -> None:
        seen: list[str] = []

        def content(language: str) -> Mapping[str, Any]:
            seen.append(language)
            if len(seen) == 2:
                # Both have written one message now, unless they write them in one order.
                with suppress(threading.BrokenBarrierError):
                    both.wait(2)
            return emails.alert_words(version, language, now=NOW)

        words = dict.fromkeys(
            ("why", "place", "when", "closed", "trip_title", "trip_url", "centre_name", "centre_phone"), "x"
        )
        tell_many(
            News(emails.OPENED.code, "event:1", "version:1", content, "Severe"),
            [
                Telling(
                    f"1:1:{person.pk}", person.pk, world.northfield.pk, lambda _person: AnyWord(words),
                    (UnsubscribeLink.Purpose.TRIP, f"trip{person.pk}"),
                )
                for person in some
            ],
        )  # fmt: skip

    threads = [beside(lambda some=some: tell(some)) for some in (people[:2], people[2:])]
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert Notice.objects.for_org(world.northfield).filter(told=True).count() == 4
    assert Message.objects.filter(kind=emails.OPENED.code).count() == 2
    assert Delivery.objects.filter(message__kind=emails.OPENED.code).count() == 4


class AnyWord(dict[str, str]):
    """Slots of every name: this test is not about the words."""

    def keys(self) -> Any:
        """Every name."""
        return Every()


class Every(frozenset[str]):
    """Holds everything."""

    def __ge__(self, other: object) -> bool:
        return True


def applied(*bodies: bytes) -> list[Any]:
    """Store messages as those of one document of the source by hand."""
    source = by_hand("cap")
    document = keep_document(b"".join(bodies), origin="test", received_at=NOW)
    alerts = [cap.parse(body).alerts[0] for body in bodies]
    return actions.apply_all(alerts, source=source, document=document, received_at=NOW)


def update(of: str) -> bytes:
    """Return an update of a message."""
    return message(f"{of}-2", msg_type="Update", sent=NEWER, references=triple(of), headline="Stronger")


@COMMITTED
def test_a_batch_that_the_database_took_back_is_stored_again(monkeypatch: pytest.MonkeyPatch) -> None:
    put(message("A"))
    real, calls = writing.add_version, []

    def once(*arguments: Any, **named: Any) -> AlertVersion:
        calls.append(1)
        if len(calls) == 1:
            raise OperationalError("deadlock detected")
        return real(*arguments, **named)

    monkeypatch.setattr(writing, "add_version", once)
    answers = applied(update("A"), message("B"))
    assert [str(answer.outcome) for answer in answers] == ["updated", "new"]
    assert AlertVersion.objects.count() == 3


@COMMITTED
def test_a_database_that_goes_on_refusing_refuses_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    put(message("A"))

    def never(*_arguments: Any, **_named: Any) -> AlertVersion:
        raise OperationalError("the disk is full")

    monkeypatch.setattr(writing, "add_version", never)
    with pytest.raises(OperationalError):
        applied(update("A"), message("B"))
    assert AlertVersion.objects.count() == 1


@TWO
@COMMITTED
def test_a_deadlock_with_the_desk_loses_no_message(
    beside: Callable[..., threading.Thread], failures: list[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (put(message(name, headline=f"Storm {name}")).version.event_id for name in "AB")
    desk_has_one, batch_has_one = threading.Event(), threading.Event()
    real = writing.add_version

    def slowly(*arguments: Any, **named: Any) -> AlertVersion:
        batch_has_one.set()
        desk_has_one.wait(10)
        return real(*arguments, **named)

    monkeypatch.setattr(writing, "add_version", slowly)

    def desk() -> None:
        with suppress(OperationalError), transaction.atomic():
            Event.objects.select_for_update().get(pk=first)
            desk_has_one.set()
            batch_has_one.wait(10)
            Event.objects.select_for_update().get(pk=second)

    beside(desk)
    # The document names B before A: its locks are taken in that order.
    answers = applied(update("B"), update("A"))
    assert [str(answer.outcome) for answer in answers] == ["updated", "updated"]
    assert failures == []
    assert AlertVersion.objects.count() == 4


@pytest.mark.django_db
def test_a_version_that_was_stored_late_is_matched(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put(message("slow", sender="a@example.org", polygon="1,1 1,2 2,2 2,1 1,1"))
    put(message("fast", sender="b@example.org", polygon="5,5 5,6 6,6 6,5 5,5"))
    slow, fast = AlertVersion.objects.order_by("pk")
    MatchRun.objects.create(version=fast, ran_at=NOW)
    monkeypatch.setattr(jobs, "LOOK_BACK", 0)
    with clock.held_at(NOW):
        jobs.run_due()
    assert MatchRun.objects.get(version=slow).ran_at is not None


@pytest.mark.django_db
def test_a_version_that_comes_in_below_the_newest_is_in_the_index() -> None:
    put(message("A"))
    put(message("A-2", msg_type="Update", sent=NEWER, references=triple("A"), headline="Stronger"))
    put(message("B", sender="b@example.org", polygon="5,5 5,6 6,6 6,5 5,5"))
    before, after = AlertVersion.objects.filter(identifier__in=("A", "A-2")).order_by("pk")
    # As another process sees it while the update of A is not committed yet.
    Event.objects.filter(pk=before.event_id).update(current_version=before)
    warnings = ActiveWarnings()
    warnings.current(NOW)
    assert before.pk in warnings.ids
    Event.objects.filter(pk=before.event_id).update(current_version=after)
    warnings.current(NOW)
    assert after.pk in warnings.ids


def lines() -> int:
    """How many other connections the database of the test has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def soon(is_so: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@TWO
@COMMITTED
def test_lanes_outlive_a_lost_connection_and_close_theirs_at_the_end() -> None:
    before = lines()
    done: list[str] = []

    def look(_limit: int) -> int:
        Event.objects.exists()
        done.append(threading.current_thread().name)
        return 0

    worker = Worker(
        [
            Job("near", look, rest_seconds=0.1),
            Job("far", look, limit=2, polls=True, lanes=2, rest_seconds=0.1),
        ]
    )

    def run() -> None:
        worker.forever()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        names = {"far-0", "far-1", thread.name}
        assert soon(lambda: names <= set(done))
        assert lines() == before + 3
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        done.clear()
        assert soon(lambda: names <= set(done)), "a thread ended with its connection"
    finally:
        worker.stop()
        thread.join(30)
    assert soon(lambda: lines() <= before)
    assert set(WorkerFailure.objects.values_list("error", flat=True)) <= {"OperationalError"}
