"""A wrong area is laid over with a reason: who is matched, until when it holds, and what stays as the source said it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import shapely

from safeconduct.alerts import corrections
from safeconduct.alerts.listing import Filters, fitting
from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.overview import incident_rows
from safeconduct.alerts.queries import active_for_place
from safeconduct.audit.models import Entry
from safeconduct.lib import clock, geo
from safeconduct.lib.errors import Refused
from safeconduct.matching.models import Exposure
from safeconduct.ops.desk.eventlists import found
from safeconduct.places.queries import resolve
from tests.conftest import World
from tests.matching.conftest import TripMaker, mails, told, trip_of, work

from .messages import NOW, message, put, triple

assert trip_of

PORTO = geo.disc(-8.61, 41.15, 30)
WRONG = "38,-10 38,-8 40,-8 40,-10 38,-10"
LATER = "2026-11-20T11:00:00+00:00"
STAY = ("Lisbon", "2026-11-19T12:00", "2026-11-27T10:00")


def update(identifier: str, **changes: Any) -> AlertVersion:
    """Apply an update of A."""
    return put(message(identifier, msg_type="Update", references=triple("A"), sent=LATER, **changes)).version


def correct(version: AlertVersion, world: World, area: Any = PORTO) -> Any:
    """Make a correction as Olga."""
    version.event.refresh_from_db()
    with clock.held_at(NOW):
        return corrections.correct_area(version, by=world.olga, geometry=area, reason="Axes  swapped")


def test_a_correction_needs_a_reason_and_an_area(world: World) -> None:
    version = put(message("A")).version
    with pytest.raises(Refused, match="why"):
        corrections.correct_area(version, by=world.olga, geometry=PORTO, reason=" \n")
    with pytest.raises(Refused, match="no area"):
        corrections.correct_area(version, by=world.olga, geometry=shapely.Point(1, 2), reason="x")
    with pytest.raises(Refused, match="500"):
        corrections.correct_area(version, by=world.olga, geometry=PORTO, reason="x" * 501)
    update("B")
    with pytest.raises(Refused, match="newer version"):
        corrections.correct_area(version, by=world.olga, geometry=PORTO, reason="x")


def test_the_version_stays_as_it_was_and_the_log_says_who(world: World) -> None:
    version = put(message("A")).version
    before = bytes(version.impact_area or b"")
    row = correct(version, world)
    version = AlertVersion.objects.get(pk=version.pk)
    assert bytes(version.impact_area or b"") == before
    assert (row.reason, row.made_at) == ("Axes swapped", NOW)
    area = corrections.effective(version)
    assert (area.origin, area.countries) == ("corrected", ("PT",))
    assert area.geometry is not None and area.geometry.equals(PORTO)
    entry = Entry.objects.get(action="alert.area_corrected")
    assert (entry.actor_id, entry.detail["reason"]) == (world.olga.pk, "Axes swapped")


def test_it_holds_for_later_versions_with_the_same_area_only(world: World) -> None:
    first = put(message("A")).version
    row = correct(first, world)
    same = update("B", headline="Stronger")
    assert corrections.current(same) == row
    assert corrections.fallen_back(same.event) is None
    other = put(
        message(
            "C",
            msg_type="Update",
            references=triple("A"),
            sent="2026-11-20T11:30:00+00:00",
            polygon="41,-9 41,-8 42,-8 42,-9 41,-9",
        )
    ).version
    assert corrections.current(other) is None
    assert corrections.effective(other).origin == "given"
    assert corrections.fallen_back(other.event) == row
    assert corrections.of_versions([first, same, other]) == {first.pk: row, same.pk: row}


def test_withdrawing_gives_the_sources_area_back_once(world: World) -> None:
    version = put(message("A")).version
    key = corrections.key()
    row = correct(version, world)
    assert corrections.key() != key
    key = corrections.key()
    corrections.withdraw(row, by=world.olga)
    corrections.withdraw(row, by=world.alice)
    assert corrections.key() != key
    assert corrections.current(version) is None
    row.refresh_from_db()
    assert row.withdrawn_by == corrections.made_of(version.event)[0].withdrawn_by
    assert Entry.objects.filter(action="alert.area_restored").count() == 1


def test_people_no_longer_inside_hear_it_once_and_the_newly_inside_are_told(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, STAY)
    trip_of(world.alice, ("Porto", "2026-11-19T12:00", "2026-11-27T10:00"))
    version = put(message("A")).version
    work()
    assert told() == [("exposure.opened", "bob")]
    row = correct(version, world)
    work(NOW + timedelta(minutes=1))
    assert sorted(told()[1:]) == [("exposure.ended", "bob"), ("exposure.opened", "alice")]
    mail = next(mail for mail in mails() if mail.to.startswith("alice"))
    assert "Porto is inside the warning area as our desk corrected it." in mail.text
    closed = Exposure.objects.for_org(world.northfield).get(user=world.bob)
    assert (closed.state, closed.closed_reason) == ("closed", "moved_away")
    # A trip that is registered now meets the corrected area as well.
    trip_of(world.dana, ("Porto", "2026-11-19T12:00", "2026-11-27T10:00"))
    work(NOW + timedelta(minutes=2))
    assert ("exposure.opened", "dana") in told()
    with clock.held_at(NOW + timedelta(minutes=3)):
        corrections.withdraw(row, by=world.olga)
    work(NOW + timedelta(minutes=3))
    assert [line for line in told() if line[1] == "bob"] == [
        ("exposure.opened", "bob"), ("exposure.ended", "bob"), ("exposure.opened", "bob"),
    ]  # fmt: skip


def test_nowhere_concerns_nobody(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    version = put(message("A")).version
    correct(version, world, None)
    work()
    assert told() == []
    lisbon, porto, portugal = resolve("Lisbon"), resolve("Porto"), resolve("PT")
    assert [active_for_place(place, now=NOW) for place in (lisbon, porto, portugal)] == [[], [], []]


def test_guides_show_the_corrected_area(world: World) -> None:
    version = put(message("A")).version
    lisbon, porto, portugal = resolve("Lisbon"), resolve("Porto"), resolve("PT")
    assert active_for_place(lisbon, now=NOW) == [version]
    assert active_for_place(porto, now=NOW) == []
    correct(version, world)
    assert active_for_place(lisbon, now=NOW) == []
    assert active_for_place(porto, now=NOW) == [version]
    assert active_for_place(portugal, now=NOW) == [version]


def test_lists_name_the_country_of_the_corrected_area(world: World) -> None:
    version = put(message("A")).version
    before = corrections.countries_of(version, {})
    correct(version, world, area=geo.disc(36.8, -1.3, 30))
    with clock.held_at(NOW):
        assert [row["countries"] for row in incident_rows(active=True)] == [["KE"]]
        assert [row.pk for row in fitting(Filters(country="KE"))] == [version.pk]
        assert before and not any(fitting(Filters(country=code)) for code in before)
        assert len(found(kind="", source="", country="KE", words="")) == 1
        assert not any(found(kind="", source="", country=code, words="") for code in before)


def test_axes_can_be_swapped_when_the_result_is_on_earth(world: World) -> None:
    version = put(message("A", polygon="-8,38 -8,40 -10,40 -10,38 -8,38")).version
    assert corrections.swapped(version).bounds == (-10, 38, -8, 40)
    far = put(message("Z", polygon="38,100 38,102 40,102 40,100 38,100")).version
    with pytest.raises(geo.BadShape, match="pole"):
        corrections.swapped(far)
    none = put(message("N", polygon="")).version
    with pytest.raises(geo.BadShape, match="no shape"):
        corrections.swapped(none)
