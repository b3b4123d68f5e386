"""Two workers at once on PostgreSQL: one trip hears of one event once, whoever tells, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection

from safeconduct.accounts.models import User
from safeconduct.alerts import incidents
from safeconduct.alerts.models import AlertVersion, Event, Incident
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.matching import jobs, telling
from safeconduct.matching.subscriptions import tell_subscribers
from safeconduct.notify.actions import subscribe
from safeconduct.places.actions import load_facts
from safeconduct.places.models import Place
from safeconduct.places.queries import resolve
from tests.conftest import World, join, make_user
from tests.matching.conftest import NOW, TripMaker, told, work
from tests.matching.test_incidents import STAY, cancels, says

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time anyway"),
    pytest.mark.django_db(transaction=True),
]
PEOPLE = 12


@pytest.fixture
def places(transactional_db: None) -> None:
    """Load the places again: a test before this one may have emptied all tables."""
    if not Place.objects.exists():
        load_facts(only={"PT", "DE", "PH"})


def at_once(*tasks: Callable[[], object]) -> None:
    """Run tasks in threads that start together; their failures are the test's."""
    barrier, failures = threading.Barrier(len(tasks)), []

    def run(task: Callable[[], object]) -> None:
        try:
            with clock.held_at(NOW):
                barrier.wait(20)
                task()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert not any(thread.is_alive() for thread in threads), "a worker waits for ever"
    assert failures == []


def travellers(world: World, count: int = PEOPLE) -> list[User]:
    """Return so many members of Northfield."""
    programme = world.seat(world.bob).membership.programme
    people = [make_user(f"t{number}@northfield.example.edu", f"T{number}", "Lee") for number in range(count)]
    for person in people:
        join(person, programme)
    return people


def tell_all() -> None:
    """Tell what is due in small batches until nothing is."""
    for _round in range(200):
        if not telling.tell_due(jobs.everybody(), NOW, 3) and not jobs.everybody().exposures.filter(
            tell_due_at__lte=NOW
        ).exists():  # fmt: skip
            return
    raise AssertionError("it never comes to rest")


@pytest.mark.usefixtures("places")
def test_two_exposures_of_one_trip_are_told_once(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person in travellers(world):
        trip_of(person, STAY)
    says("met", "A")
    says("other", "B")
    assert Incident.objects.count() == 1
    with monkeypatch.context() as quiet:
        quiet.setattr(telling, "tell_due", lambda *_args: 0)
        work(mail=False)
    assert jobs.everybody().exposures.filter(tell_due_at__isnull=False).count() == 2 * PEOPLE
    at_once(tell_all, tell_all, tell_all)
    assert Counter(kind for kind, _who in told()) == {"exposure.opened": PEOPLE}
    assert len(set(told())) == PEOPLE
    assert jobs.everybody().exposures.filter(told_by__isnull=False).count() == PEOPLE


@pytest.mark.usefixtures("places")
def test_matching_telling_and_ending_at_once(world: World, trip_of: TripMaker) -> None:
    for person in travellers(world):
        trip_of(person, STAY)
    says("met", "A")
    work(mail=False)

    def rounds() -> None:
        for _round in range(30):
            jobs.run_due(5)

    def more() -> None:
        says("other", "B")
        cancels("met", "A")

    at_once(rounds, rounds, more)
    work(mail=False)
    kinds = Counter(who for kind, who in told() if kind == "exposure.opened")
    assert set(kinds.values()) == {1}
    # The first source fell silent, the other still warns: nobody hears “over”, everybody hears of the one that is left.
    assert "exposure.ended" not in {kind for kind, _who in told()}
    known = jobs.everybody().exposures.filter(state="open", told_at__isnull=False)
    assert known.count() == PEOPLE


@pytest.mark.usefixtures("places")
def test_subscribers_are_told_of_one_incident_once(world: World) -> None:
    with clock.held_at(NOW):
        for person in travellers(world):
            subscribe(world.seat(person), place=resolve("Lisbon"), from_severity="Moderate")
    versions = [says("met", "A"), says("other", "B")]

    def tell(version: AlertVersion) -> None:
        version.event.refresh_from_db()
        tell_subscribers(version, everybody=jobs.everybody(), now=NOW)

    at_once(*(partial(tell, version) for version in versions))
    assert Counter(told()) == {("subscription", f"t{number}"): 1 for number in range(PEOPLE)}


@pytest.mark.usefixtures("places")
def test_placing_merging_and_splitting_at_once_never_wait_for_each_other(world: World) -> None:
    polygons = [f"{lat},-10 {lat},-8 {lat + 2},-8 {lat + 2},-10 {lat},-10" for lat in range(36, 60, 4)]
    versions = [
        says(key, f"{key}-{number}", polygon=polygon)
        for number, polygon in enumerate(polygons)
        for key in ("met", "other")
    ]
    assert Incident.objects.count() == len(polygons)

    def place() -> None:
        for _round in range(10):
            incidents.place_all(versions, at=NOW)

    def join_and_part() -> None:
        for _round in range(10):
            first, second = Incident.objects.order_by("?")[:2]
            try:
                incidents.merge(first, [second], by=world.olga, reason="a drill")
                event = Event.objects.filter(incident=first).order_by("?")[0]
                incidents.split(event, by=world.olga, reason="a drill")
            except (Refused, Incident.DoesNotExist, IndexError):
                continue

    at_once(place, place, join_and_part, join_and_part, incidents.hand_over_due)
    for incident in Incident.objects.all():
        assert incident.events.exists()
        assert incident.lead is not None and incident.lead.incident_id == incident.pk


@pytest.mark.usefixtures("places")
def test_two_sources_that_tell_of_one_storm_in_the_same_second_meet() -> None:
    for turn in range(6):
        lat = 36 + 4 * turn
        polygon = f"{lat},-10 {lat},-8 {lat + 2},-8 {lat + 2},-10 {lat},-10"
        tasks = [partial(says, key, f"{key}-{turn}", polygon=polygon) for key in ("met", "other", "third")]
        at_once(*tasks)
        assert Incident.objects.count() == turn + 1
