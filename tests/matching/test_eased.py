"""One source eases its warning while another still says it is as bad as before: that is said, and said once."""

from __future__ import annotations

from datetime import timedelta

from safeconduct.lib import clock
from safeconduct.notify.actions import subscribe
from safeconduct.places.queries import resolve
from tests.conftest import World
from tests.matching.conftest import NOW, TripMaker, mails, work
from tests.matching.test_incidents import STAY, kinds, says, updates


def test_who_was_not_told_of_the_worse_one_hears_it_when_the_other_eases(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    work()
    says("other", "B")
    work()
    updates("met", "A2", "A", severity="Minor")
    work()
    assert kinds() == ["opened", "updated"]
    # What only repeats another source's message is a while behind it.
    work(NOW + timedelta(minutes=31))
    assert kinds() == ["opened", "updated", "updated"]
    assert "Now Other warns of it as well: Severe." in mails()[-1].text
    for minutes in (32, 70):
        assert work(NOW + timedelta(minutes=minutes)) == 0
    assert len(mails()) == 3


def test_a_source_that_eases_a_little_later_is_not_told(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    says("met", "A")
    work()
    says("other", "B")
    work()
    updates("met", "A2", "A", severity="Moderate")
    work()
    updates("other", "B2", "B", severity="Moderate", at=NOW + timedelta(minutes=10))
    work(NOW + timedelta(minutes=31))
    assert kinds() == ["opened", "updated"]


def test_a_subscriber_hears_it_as_well(world: World) -> None:
    with clock.held_at(NOW):
        subscribe(world.seat(world.bob), place=resolve("Lisbon"), from_severity="Minor")
    says("met", "A")
    work()
    says("other", "B", headline="The other")
    work(NOW + timedelta(minutes=1))
    updates("met", "A2", "A", severity="Minor", at=NOW + timedelta(minutes=2))
    work(NOW + timedelta(minutes=2))
    assert len(mails()) == 2
    work(NOW + timedelta(minutes=40))
    assert [mail.subject for mail in mails()][2:] == ["Update, Severe: The other"]
    assert work(NOW + timedelta(minutes=80)) == 0
    assert len(mails()) == 3
