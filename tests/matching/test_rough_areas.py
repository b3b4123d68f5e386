"""Warnings in codes, from the geocode to the sentence in the mail; a catalogue's event that is over already."""

from __future__ import annotations

import json

import pytest

from safeconduct.alerts.ingest import read_document
from safeconduct.alerts.models import AlertVersion
from safeconduct.feeds.actions import by_hand, keep_document
from safeconduct.matching.models import Exposure
from tests.alerts.messages import message, put
from tests.conftest import World
from tests.matching.conftest import NOW, TripMaker, mails, told, work

BERLIN = ("Berlin", "2026-11-19T12:00", "2026-11-27T10:00")
HOUSTON = ("Houston", "2026-11-19T12:00", "2026-11-27T10:00")


def coded(*codes: str, scheme: str = "EMMA_ID", severity: str = "Severe", identifier: str = "S1") -> bytes:
    """A storm whose area is named in codes alone."""
    pairs = "".join(
        f"<geocode><valueName>{scheme}</valueName><value>{code}</value></geocode>" for code in codes
    )
    text = message(identifier, polygon="", severity=severity).decode()
    return text.replace("</areaDesc>", f"</areaDesc>{pairs}").encode()


def exposure(world: World) -> Exposure:
    return Exposure.objects.for_org(world.northfield).get()


def test_a_county_by_its_code_is_the_area(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HOUSTON)
    put(coded("TXC201", scheme="UGC", severity="Moderate"))
    work()
    assert told() == [("exposure.opened", "bob")]
    assert "Houston is inside the warning area “Coast”." in mails()[0].text
    assert (exposure(world).strength, exposure(world).distance_km) == ("inside", 0.0)


def test_another_county_of_the_state_is_not(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HOUSTON)
    put(coded("TXC141", scheme="UGC", severity="Extreme"))
    work()
    assert told() == []


@pytest.mark.parametrize(("severity", "is_told"), [("Extreme", True), ("Severe", True), ("Moderate", False)])
def test_a_zone_without_a_shape_is_possible_in_its_state_from_severe_on(
    world: World, trip_of: TripMaker, severity: str, is_told: bool
) -> None:
    trip_of(world.bob, HOUSTON)
    put(coded("TXZ111", scheme="UGC", severity=severity))
    work()
    version = AlertVersion.objects.get()
    assert (version.unplaced, version.geometry(), version.impact_origin) == (["UGC TXZ111"], None, "country")
    assert bool(told()) == is_told
    if is_told:
        assert (exposure(world).strength, exposure(world).distance_km) == ("possible", None)
        words = "The warning names an area that we have no map of, in the same state or country as Houston."
        assert words in mails()[0].text


def test_a_zone_of_another_state_concerns_nobody(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HOUSTON)
    put(coded("NYZ072", scheme="UGC", severity="Extreme"))
    work()
    assert told() == []


def test_a_sea_zone_concerns_nobody_on_land(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HOUSTON)
    put(coded("GMZ335", scheme="UGC", severity="Extreme"))
    work()
    assert told() == []


def test_one_unknown_district_among_known_ones_is_possible_in_the_country(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, BERLIN)
    put(coded("DE241", "DE999"))
    work()
    assert (exposure(world).strength, told()) == ("possible", [("exposure.opened", "bob")])


def test_a_trip_registered_later_is_matched_alike(world: World, trip_of: TripMaker) -> None:
    put(coded("TXC141", "TXZ111", scheme="UGC"))
    work()
    trip_of(world.bob, HOUSTON)
    work()
    assert (exposure(world).strength, told()) == ("possible", [("exposure.opened", "bob")])


def test_an_update_that_places_the_code_makes_it_sure(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HOUSTON)
    put(coded("TXZ111", scheme="UGC"))
    work()
    later = message("S2", polygon="", sent="2026-11-20T11:00:00+00:00", msg_type="Update").decode()
    later = later.replace(
        "<references></references>",
        "<references>weather@example.org,S1,2026-11-20T10:00:00+00:00</references>",
    )
    code = "<geocode><valueName>SAME</valueName><value>048201</value></geocode>"
    put(later.replace("</areaDesc>", f"</areaDesc>{code}").encode())
    work()
    assert (exposure(world).strength, exposure(world).state) == ("inside", "open")


def test_an_event_that_is_over_when_it_is_first_seen_is_told_to_nobody(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, HOUSTON)
    for number, is_current, told_to in ((1, "false", []), (2, "true", [("exposure.opened", "bob")])):
        properties = {
            "eventtype": "EQ", "eventid": number, "episodeid": 1, "alertlevel": "Red", "iscurrent": is_current,
            "fromdate": "2026-11-20T09:00:00", "datemodified": "2026-11-20T10:00:00", "name": "Earthquake",
        }  # fmt: skip
        place = {"type": "Point", "coordinates": [-95.37, 29.76]}
        one = {"type": "Feature", "geometry": place, "properties": properties}
        data = json.dumps({"type": "FeatureCollection", "features": [one]}).encode()
        document = keep_document(data, origin="test", received_at=NOW)
        read_document(document, source=by_hand("gdacs"), at=NOW)
        work()
        assert told() == told_to
