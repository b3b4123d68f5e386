"""The US National Weather Service: what belongs together, and what must not, so that nobody is silenced."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from safeconduct.alerts.actions import Outcome
from safeconduct.alerts.endings import is_over
from safeconduct.alerts.formats import READERS, nws
from safeconduct.alerts.impact import impact_area
from safeconduct.alerts.ingest import read_document
from safeconduct.alerts.models import Event
from safeconduct.alerts.normalise import normalise
from safeconduct.alerts.parsed import Parsed, ParsedAlert
from safeconduct.feeds.actions import by_hand, keep_document

GOLDEN = Path(__file__).parent.parent / "golden"
NOW = datetime(2026, 8, 18, 12, 0, tzinfo=UTC)
OID = "urn:oid:2.49.0.1.840.0."


def golden(name: str) -> Parsed:
    path = GOLDEN / name
    return READERS[path.parent.name](path.read_bytes())


def feature(
    name: str, *, zones: tuple[str, ...] = ("MNZ001",), vtec: tuple[str, ...] = (), **more: Any
) -> Any:
    """Return one feature of the NWS."""
    properties = {
        "id": name, "sent": "2026-08-18T05:00:00-05:00", "status": "Actual", "messageType": "Alert", "scope": "Public",
        "event": "Heat Advisory", "severity": "Moderate", "certainty": "Likely", "urgency": "Expected",
        "sender": "w-nws.webmaster@noaa.gov", "onset": "2026-08-18T05:00:00-05:00",
        "expires": "2026-08-18T20:00:00-05:00", "geocode": {"UGC": list(zones)}, "areaDesc": "Somewhere",
        "parameters": {"VTEC": list(vtec)}, "description": f"Heat in {' '.join(zones)}.", **more,
    }  # fmt: skip
    return {"type": "Feature", "geometry": None, "properties": properties}


def references(*names: str, sent: str = "2026-08-17T05:00:00-05:00") -> list[dict[str, str]]:
    return [{"identifier": name, "sender": "w-nws.webmaster@noaa.gov", "sent": sent} for name in names]


def collection(*features: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


def one(item: Any) -> ParsedAlert:
    (alert,) = nws.parse(json.dumps(item).encode()).alerts
    return alert


VTEC = "/O.NEW.KFGF.HT.Y.0004.260818T1000Z-260819T0300Z/"


def test_the_event_name_joins_only_the_same_zones_of_the_same_year() -> None:
    same = one(feature("a", zones=("MNZ002", "MNZ001"), vtec=(VTEC,)))
    goes_on = one(feature("b", zones=("MNZ001", "MNZ002"), vtec=(VTEC.replace("NEW", "CON"),)))
    assert same.keys[1] == goes_on.keys[1] and same.keys[1].startswith("vtec:KFGF.HT.Y.0004.2026:")
    for other in (
        feature("c", zones=("MNZ001",), vtec=(VTEC,)),
        feature("c", zones=("MNZ001", "MNZ002"), vtec=(VTEC,), sent="2025-08-18T05:00:00-05:00"),
        feature("c", zones=("MNZ001", "MNZ002"), vtec=(VTEC.replace("0004", "0005"),)),
    ):
        assert one(other).keys[1] != same.keys[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"vtec": (VTEC, VTEC.replace("HT.Y", "XH.W"))},
        {"vtec": (VTEC.replace("/O.", "/T."),)},
        {"vtec": (VTEC, VTEC.replace("/O.", "/X."))},
        {"vtec": ("nonsense",)},
        {"zones": (), "vtec": (VTEC,)},
        {"vtec": (VTEC,), "sent": None},
    ],
)
def test_a_message_without_exactly_one_event_in_force_has_no_event_name(changes: dict[str, Any]) -> None:
    assert one(feature("a", **changes)).keys == ("a",)


def test_several_segments_of_one_event_with_the_same_name_do_not_share_it() -> None:
    parsed = nws.parse(collection(feature("a", vtec=(VTEC,)), feature("b", vtec=(VTEC,))))
    assert [alert.keys for alert in parsed.alerts] == [("a",), ("b",)]


def test_only_the_latest_of_a_chain_is_continued() -> None:
    old = references("old", sent="2026-08-16T05:00:00-05:00")
    alert = one(feature("a", references=[*references("new"), *old, *references("a")]))
    assert [item.identifier for item in alert.references] == ["new"]
    unreadable = one(feature("a", references=[*references("new"), *references("odd", sent="date:now")]))
    assert [item.identifier for item in unreadable.references] == ["new", "odd"]


def test_what_the_nws_names_as_expired_is_continued_where_nothing_else_is() -> None:
    expired = f"w-nws.webmaster@noaa.gov,{OID}1,2026-08-16T10:00:00-06:00 w-nws.webmaster@noaa.gov,{OID}2,2026-08-17T10:00:00-06:00"
    alert = one(feature("a", parameters={"expiredReferences": [expired]}))
    assert [item.identifier for item in alert.references] == [f"{OID}2"]
    alert = one(feature("a", parameters={"expiredReferences": [expired]}, references=references("x")))
    assert [item.identifier for item in alert.references] == ["x"]


def test_of_messages_side_by_side_one_goes_on_with_the_message_before() -> None:
    by_name = {alert.identifier[-14:]: alert for alert in golden("nws/split.json").alerts}
    continuing = {name: [item.identifier for item in alert.references] for name, alert in by_name.items()}
    assert continuing == {
        "bbbb0000.001.1": [],
        "bbbb0000.002.1": [f"{OID}aaaa0000.001.1"],
        "bbbb0000.003.1": [],
        "cccc0000.001.1": [f"{OID}bbbb0000.004.1"],
    }
    assert "goes on with it" in by_name["bbbb0000.003.1"].notes[-1]


@pytest.mark.django_db
@pytest.mark.parametrize("is_turned", [False, True])
def test_a_split_silences_nobody_and_a_cancel_of_one_part_does_not_end_the_other(is_turned: bool) -> None:
    source = by_hand("nws")

    def put(*features: Any) -> None:
        data = collection(*(reversed(features) if is_turned else features))
        read_document(keep_document(data, origin="t", received_at=NOW), source=source, at=NOW)

    def active() -> set[str]:
        rows = Event.objects.filter(source=source, state=Event.State.ACTIVE)
        return {row.current_version.identifier for row in rows.select_related("current_version")}

    put(feature("all", zones=("MNZ001", "MNZ002", "MNZ003"), vtec=(VTEC,), sent="2026-08-17T05:00:00-05:00"))
    going_on = VTEC.replace("NEW", "CON")
    first = feature(
        "one", zones=("MNZ001",), vtec=(going_on,), messageType="Update", references=references("all")
    )
    second = feature(
        "two", zones=("MNZ002",), vtec=(going_on,), messageType="Update", references=references("all")
    )
    over = VTEC.replace("NEW", "CAN")
    third = feature(
        "three",
        zones=("MNZ003",),
        vtec=(over,),
        messageType="Update",
        references=references("all"),
        response="AllClear",
    )
    put(first, second, third)
    assert active() == {"one", "two"}
    chain = [*references("two", sent="2026-08-18T05:00:00-05:00"), *references("all")]
    later = feature(
        "four",
        zones=("MNZ002",),
        vtec=(going_on,),
        messageType="Update",
        references=chain,
        sent="2026-08-18T06:00:00-05:00",
    )
    put(first, later)
    assert active() == {"one", "four"}
    assert Event.objects.filter(source=source, state=Event.State.ACTIVE).count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_a_split_that_comes_one_by_one_silences_nobody(order: tuple[int, ...]) -> None:
    source = by_hand("nws")
    going_on = VTEC.replace("NEW", "CON")
    update: dict[str, Any] = {"messageType": "Update", "references": references("all")}
    parts = [
        feature("one", zones=("MNZ001",), vtec=(going_on,), **update),
        feature("two", zones=("MNZ002",), vtec=(going_on,), **update),
        feature("three", zones=("MNZ003",), vtec=(VTEC.replace("NEW", "CAN"),), **update),
    ]
    whole = feature(
        "all", zones=("MNZ001", "MNZ002", "MNZ003"), vtec=(VTEC,), sent="2026-08-17T05:00:00-05:00"
    )
    for item in [whole, *(parts[index] for index in order), parts[0], whole]:
        data = json.dumps(item).encode()
        read_document(keep_document(data, origin="t", received_at=NOW), source=source, at=NOW)
    rows = Event.objects.filter(source=source, state=Event.State.ACTIVE).select_related("current_version")
    assert {row.current_version.identifier for row in rows if row.current_version} == {"one", "two"}


@pytest.mark.django_db
def test_a_successor_that_refers_to_nobody_is_found_by_the_event_name() -> None:
    source = by_hand("nws")
    for name, action, sent in (("a", "NEW", "05"), ("b", "CON", "06"), ("c", "CAN", "07")):
        item = feature(name, vtec=(VTEC.replace("NEW", action),), sent=f"2026-08-18T{sent}:00:00-05:00")
        read_document(keep_document(collection(item), origin="t", received_at=NOW), source=source, at=NOW)
    event = Event.objects.get(source=source)
    assert event.versions.count() == 3 and event.state == Event.State.ENDED


def test_the_end_of_a_feature_is_its_ends() -> None:
    given = feature(
        "a", ends="2026-08-19T00:00:00-05:00", parameters={"eventEndingTime": ["2026-08-20T00:00:00-05:00"]}
    )
    assert normalise(one(given)).stops_mattering_at == datetime(2026, 8, 19, 5, 0, tzinfo=UTC)
    given = feature("a", ends="date:now", parameters={"eventEndingTime": ["2026-08-20T00:00:00-05:00"]})
    assert normalise(one(given)).stops_mattering_at == datetime(2026, 8, 20, 5, 0, tzinfo=UTC)


def test_shapes_longitude_first_with_holes_and_over_180() -> None:
    def area(geometry: Any) -> Any:
        item = feature("a")
        item["geometry"] = geometry
        return impact_area(one(item)).geometry

    square = [[10, 0], [14, 0], [14, 4], [10, 4], [10, 0]]
    hole = [[11, 1], [13, 1], [13, 3], [11, 3], [11, 1]]
    assert area({"type": "Polygon", "coordinates": [square, hole]}).area == pytest.approx(12)
    many = {
        "type": "MultiPolygon",
        "coordinates": [[square], [[[20, 0], [21, 0], [21, 1], [20, 1], [20, 0]]]],
    }
    assert area({"type": "GeometryCollection", "geometries": [many]}).area == pytest.approx(17)
    wide = area(
        {"type": "Polygon", "coordinates": [[[179, 51], [-179, 51], [-179, 52], [179, 52], [179, 51]]]}
    )
    assert wide.area == pytest.approx(2) and wide.bounds == (-180, 51, 180, 52)
    beyond = area(
        {"type": "Polygon", "coordinates": [[[-181, 51], [-179, 51], [-179, 52], [-181, 52], [-181, 51]]]}
    )
    assert beyond.symmetric_difference(wide).area == pytest.approx(0)
    assert area({"type": "Point", "coordinates": [10, 0]}) is None


# The recordings of the NWS


def test_every_recorded_feature_is_read_once_in_good_time(samples: Path) -> None:
    data = (samples / "nws" / "active-air-quality-2026-07.json").read_bytes()
    started = time.process_time()
    parsed = nws.parse(data)
    assert time.process_time() - started < 1
    assert (
        len(parsed.alerts) == 393
        and parsed.is_list
        and parsed.notes == ["3 entries stand twice in the list; read once"]
    )
    # Times are templates in this recording: reported one by one, and nothing else is wrong with it.
    assert {problem.problem.partition(" is no date")[0][:9] for problem in parsed.problems} == {"“date:now"}
    assert sum(1 for alert in parsed.alerts if any(area.polygons for area in alert.infos[0].areas)) == 71
    named = [item.identifier for alert in parsed.alerts for item in alert.references]
    assert len(named) == len(set(named))


def test_the_recorded_real_times(samples: Path) -> None:
    parsed = nws.parse((samples / "nws" / "active-5-features-2026-08-18.json").read_bytes())
    assert parsed.problems == [] and len(parsed.alerts) == 5
    craft = parsed.alerts[1]
    normal = normalise(craft)
    assert (
        normal.expires_at is not None and normal.onset_at is not None and normal.expires_at < normal.onset_at
    )
    assert normal.stops_mattering_at == datetime(2026, 8, 20, 18, 0, tzinfo=UTC)


def with_real_times(data: bytes, now: datetime) -> bytes:
    """Return a recording whose times are templates (“date:now -7 seconds”) with times around now."""

    def real(match: re.Match[bytes]) -> bytes:
        return f'"{(now + timedelta(seconds=int(match[1]))).isoformat()}"'.encode()

    return re.sub(rb'"date:now ([+-]\d+) seconds"', real, data)


@pytest.mark.django_db
def test_every_warning_in_force_in_the_recording_stays_in_force(samples: Path) -> None:
    """However its 128 updates, splits and shared chains hang together: nothing that is listed is silenced."""
    source = by_hand("nws")
    data = with_real_times((samples / "nws" / "active-air-quality-2026-07.json").read_bytes(), NOW)
    parsed = nws.parse(data)
    assert parsed.problems == [] and len(parsed.alerts) == 393
    in_force = {alert.identifier for alert in parsed.alerts if not is_over(alert)}
    for _ in range(2):
        report = read_document(keep_document(data, origin="t", received_at=NOW), source=source, at=NOW)
        rows = Event.objects.filter(source=source).exclude(ended_reason__in=("", Event.EndReason.EXPIRED))
        ended = {row.current_version.identifier for row in rows.select_related("current_version")}
        said = {row.current_version.identifier for row in Event.objects.filter(source=source)}
        assert said == {alert.identifier for alert in parsed.alerts}
        assert not ended & in_force
    assert report.counts[Outcome.UNCHANGED] == 393
