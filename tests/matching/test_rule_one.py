"""The right person is told, once, and sees why: no “moved away” for what is only hidden, and no silence of an authority."""

from __future__ import annotations

from datetime import timedelta

import pytest

from safeconduct.alerts.models import AlertVersion, Incident
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.matching.models import Exposure
from safeconduct.notify.actions import subscribe
from safeconduct.places.queries import resolve
from tests.alerts.messages import message, put, triple
from tests.conftest import World
from tests.matching.conftest import NOW, TripMaker, mails, work
from tests.matching.test_incidents import STAY, kinds, not_told, says

LATER = NOW + timedelta(minutes=20)


def update(scope: str = "Public", severity: str = "Severe", identifier: str = "A2") -> AlertVersion:
    """Let the met office go on, for somebody."""
    office = Source.objects.get(key="met")
    data = message(
        identifier, msg_type="Update", sent="2026-11-20T12:10:00+00:00", severity=severity, sender="met@example.org",
        references=triple("A", sender="met@example.org"), headline="Where the troops go",
    )  # fmt: skip
    return put(data.replace(b"<scope>Public", f"<scope>{scope}".encode()), at=LATER, source=office).version


def test_a_message_that_is_not_for_the_public_says_neither_over_nor_moved_away(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    work()
    update("Restricted")
    work(LATER)
    row = Exposure.objects.for_org(world.northfield).get()
    assert (row.state, row.closed_reason) == ("closed", "restricted")
    assert kinds() == ["opened", "ended"]
    mail = mails()[-1]
    assert mail.subject == "No longer told in public: Storm over the coast"
    for text in (mail.text, mail.html):
        assert "We do not know whether the danger is over" in text
        assert "no longer covers" not in text and "You need do nothing" not in text
        assert "No longer concerns you" not in text and "troops" not in text
    # In public again: told in full.
    office = Source.objects.get(key="met")
    put(
        message("A3", msg_type="Update", sent="2026-11-20T12:30:00+00:00", sender="met@example.org",
                references=triple("A2", "2026-11-20T12:10:00+00:00", "met@example.org"), headline="Back"),
        at=LATER, source=office,
    )  # fmt: skip
    work(LATER + timedelta(minutes=20))
    assert kinds() == ["opened", "ended", "opened"]


def test_a_subscriber_hears_the_same(world: World) -> None:
    with clock.held_at(NOW):
        subscribe(world.seat(world.bob), place=resolve("Lisbon"), from_severity="Moderate")
    says("met", "A")
    work()
    update("Private")
    work(LATER)
    assert mails()[-1].subject == "No longer told in public: Storm over the coast"
    assert "We do not know whether the danger is over" in mails()[-1].text
    assert "withdrawn" not in mails()[-1].text


def test_a_warning_that_eases_below_what_is_told_has_not_moved(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    work()
    Source.objects.filter(key="met").update(severity_floor="Severe")
    update(severity="Moderate")
    work(LATER)
    assert Exposure.objects.for_org(world.northfield).get().closed_reason == "eased"
    assert "milder than what we write about" in mails()[-1].text
    assert "no longer covers" not in mails()[-1].text


def estimate(trust: str = "relay", identifier: str = "G", sender: str = "gdacs@example.org") -> None:
    """Let a relay tell of the storm in its own name, or pass somebody's message on."""
    says("gdacs", identifier, headline="Relayed", sender=sender)
    Source.objects.filter(key="gdacs").update(trust=trust)


def test_an_authority_is_heard_where_only_an_estimate_was_told(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    estimate()
    work()
    says("met", "A", headline="Stay indoors")
    work()
    assert Incident.objects.count() == 1
    assert kinds() == ["opened", "updated"]
    assert "You were told of this by Gdacs. Now Met warns of it as well: Severe." in mails()[-1].text
    # Once: the next authority says no more.
    says("civil", "C", headline="Stay indoors, too")
    work()
    assert kinds() == ["opened", "updated"]
    assert not_told(world) == ["same_event"]


@pytest.mark.parametrize(
    ("trust", "identifier", "sender"),
    [("official", "G", "gdacs@example.org"), ("relay", "A", "met@example.org")],
    ids=["another", "relayed"],
)
def test_an_authority_that_was_heard_already_is_not(
    world: World, trip_of: TripMaker, trust: str, identifier: str, sender: str
) -> None:
    """Another authority said it, or this one did, through a relay."""
    trip_of(world.bob, STAY)
    estimate(trust, identifier, sender)
    work()
    says("met", "A")
    work()
    assert (kinds(), not_told(world)) == (["opened"], ["same_event"])


def test_an_authority_whose_area_merely_touches_is_not(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    estimate()
    work()
    says("met", "A", polygon="38.77,-10 38.77,-8 40,-8 40,-10 38.77,-10")
    work()
    assert Incident.objects.count() == 1
    assert (kinds(), not_told(world)) == (["opened"], ["same_event"])


def test_a_subscriber_hears_the_authority_once(world: World) -> None:
    with clock.held_at(NOW):
        subscribe(world.seat(world.bob), place=resolve("Lisbon"), from_severity="Moderate")
    estimate()
    work()
    says("met", "A", headline="Stay indoors")
    work()
    says("civil", "C", headline="Stay indoors, too")
    work()
    assert [mail.subject for mail in mails()] == ["Severe: Relayed", "Update, Severe: Stay indoors"]
