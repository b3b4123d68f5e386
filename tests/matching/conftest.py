"""What the tests of matching share: trips, warnings, the worker's rounds, and the mail that is waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest

from safeconduct.accounts.models import User
from safeconduct.alerts.jobs import end_due
from safeconduct.lib import clock
from safeconduct.matching import jobs
from safeconduct.orgs.models import Membership
from safeconduct.outbox import jobs as outbox
from safeconduct.outbox.models import Delivery
from safeconduct.outbox.rendering import fill
from safeconduct.places.queries import resolve
from safeconduct.trips.actions import register_trip
from safeconduct.trips.drafts import StopDraft
from safeconduct.trips.models import Trip
from tests.conftest import World

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LEYTE = "10,124 12.5,124 12.5,126 10,126 10,124"
"""Holds Tacloban (11.24 N, 125.00 E)."""

TripMaker = Callable[..., Trip]


@dataclass(frozen=True)
class Mail:
    """One delivery as its reader sees it."""

    kind: str
    to: str
    subject: str
    text: str
    html: str
    unsubscribe_url: str


def mails() -> list[Mail]:
    """Return every delivery that was not taken back, oldest first."""
    found = []
    for row in Delivery.objects.exclude(state="cancelled").select_related("message").order_by("pk"):
        slots = {**row.slots, "unsubscribe_url": row.unsubscribe_url, "address": row.address}
        found.append(
            Mail(
                row.message.kind, row.address, fill(row.message.subject, slots), fill(row.message.text, slots),
                fill(row.message.html, slots, escape=True), row.unsubscribe_url,
            )
        )
    return found


def told() -> list[tuple[str, str]]:
    """Return (kind, address) of every delivery, oldest first."""
    return [(mail.kind.removeprefix("alert."), mail.to.split("@")[0]) for mail in mails()]


def work(at: datetime = NOW, *, mail: bool = True) -> int:
    """Do everything that is due at an instant, mail goes to the mailbox of the test folder; return the rounds."""
    with clock.held_at(at):
        for rounds in range(50):
            if not end_due() + jobs.run_due() + (outbox.run_due() if mail else 0):
                return rounds
    raise AssertionError("the jobs never come to rest")


@pytest.fixture
def trip_of(world: World) -> TripMaker:
    """Return a function: person, then (place, from, to, more) … → the registered trip. Memberships are old enough."""
    for organisation in (world.northfield, world.southgate):
        Membership.objects.for_org(organisation).update(starts_on=date(2020, 1, 1))

    def make(user: User, *stops: tuple[Any, ...], title: str = "Field season", at: datetime = NOW) -> Trip:
        drafts = []
        for where, arrive, depart, *more in stops:
            drafts.append(
                StopDraft(
                    place=resolve(where),
                    arrive=datetime.fromisoformat(arrive),
                    depart=datetime.fromisoformat(depart) if depart else None,
                    **(more[0] if more else {}),
                )
            )
        with clock.held_at(at):
            return register_trip(world.seat(user), title=title, stops=drafts, by=user)

    return make
