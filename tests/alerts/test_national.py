"""NWS, MeteoAlarm, NINA and Alertswiss: lists as lists, whatever arrives, and each against what others made of it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.alerts.formats import READERS, SHAPES, alertswiss, cap, meteoalarm, nina
from safeconduct.alerts.impact import impact_area
from safeconduct.alerts.normalise import normalise
from safeconduct.lib.xml import Unreadable

from .test_hostile import VALUES, damaged, read
from .test_nws import GOLDEN, collection, golden, references

FORMATS = ("nws", "meteoalarm", "nina", "alertswiss")


# As a list


@pytest.mark.parametrize(
    ("name", "is_list", "present", "notes"),
    [
        ("nws/none-active.json", True, 0, 0),
        ("nws/single.json", False, 2, 0),
        ("nws/page-of-many.json", False, 2, 1),
        ("nws/message.xml", False, 0, 0),
        ("meteoalarm/no-warnings.json", True, 0, 0),
        ("meteoalarm/all-quiet.json", True, 1, 1),
        ("meteoalarm/warnings.json", True, 6, 1),
        ("meteoalarm/single.json", False, 1, 0),
        ("nina/mapdata-empty.json", True, 0, 0),
        ("nina/mapdata.json", True, 2, 0),
        ("nina/alert.json", False, 1, 0),
        ("nina/whole-messages.json", True, 2, 0),
        ("alertswiss/none.json", True, 0, 0),
        ("alertswiss/single.json", False, 2, 0),
    ],
)
def test_what_a_document_says_as_a_list(name: str, is_list: bool, present: int, notes: int) -> None:
    parsed = golden(name)
    assert (parsed.is_list, len(parsed.present), len(parsed.notes)) == (is_list, present, notes)


def test_what_is_refused_or_left_out_is_present_all_the_same() -> None:
    parsed = golden("nws/partly-bad.json")
    assert "7" in parsed.present and "7" not in {alert.identifier for alert in parsed.alerts}
    quiet = golden("meteoalarm/warnings.json")
    assert "2.49.0.0.250.0.FR.3" in quiet.present
    assert "2.49.0.0.250.0.FR.3" not in {alert.identifier for alert in quiet.alerts}


def test_a_test_is_kept_as_one_and_listed() -> None:
    (alert,) = [item for item in golden("nws/active.json").alerts if item.status == "Test"]
    assert "KEEPALIVE" in alert.identifier and alert.identifier in golden("nws/active.json").present


@pytest.mark.parametrize("format", FORMATS)
def test_a_large_list_takes_a_bounded_time(format: str) -> None:
    # Ten thousand tell a square from a line: what grows with the square takes minutes here, too.
    count = 10_000
    numbers = range(count)
    entries: list[Any] = {
        "nws": [
            {
                "properties": {
                    "id": f"{n}",
                    "geocode": {"UGC": ["MNZ001"]},
                    "references": references("x", f"{n + 7}"),
                }
            }
            for n in numbers
        ],
        "meteoalarm": [{"alert": {"identifier": f"m{n}"}} for n in numbers],
        "nina": [{"id": f"mow.{n}", "version": 1} for n in numbers],
        "alertswiss": [{"identifier": f"POA-{n}-1"} for n in numbers],
    }[format]
    wrapped = {
        "nws": {"type": "FeatureCollection", "features": entries},
        "meteoalarm": {"warnings": entries}, "nina": entries, "alertswiss": {"alerts": entries},
    }[format]  # fmt: skip
    data = json.dumps(wrapped).encode()
    started = time.process_time()
    parsed = READERS[format](data)
    assert time.process_time() - started < 3
    assert len(parsed.present) >= count


# Whatever arrives


@pytest.mark.parametrize("format", FORMATS)
def test_damaged_documents(format: str) -> None:
    documents = [
        path.read_bytes() for path in sorted((GOLDEN / format).iterdir()) if ".expected." not in path.name
    ]

    @settings(max_examples=60, deadline=None)
    @given(damaged(documents))
    def check(data: bytes) -> None:
        try:
            parsed = READERS[format](data)
        except Unreadable as refusal:
            assert str(refusal) and refusal.code
        else:
            read(parsed)

    check()


def _fields(entry: Any) -> Any:
    """The same entry with some values exchanged for anything."""

    @st.composite
    def strategy(draw: st.DrawFn) -> Any:
        changed = json.loads(json.dumps(entry))
        places = list(_places(changed))
        for holder, key in draw(st.lists(st.sampled_from(places), min_size=1, max_size=3)):
            holder[key] = draw(VALUES)
        return changed

    return strategy()


def _places(value: Any) -> Any:
    """Every holder and key within a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from _places(inner)


ENTRIES = {
    "nws": ("nws/active.json", lambda document: document["features"][0]),
    "meteoalarm": ("meteoalarm/warnings.json", lambda document: document["warnings"][1]),
    "nina": ("nina/cancel.json", lambda document: document),
    "alertswiss": ("alertswiss/alerts.json", lambda document: document["alerts"][2]),
}


@pytest.mark.parametrize("format", FORMATS)
def test_any_value_anywhere(format: str) -> None:
    name, choose = ENTRIES[format]
    entry = choose(json.loads((GOLDEN / name).read_text(encoding="utf-8")))

    @settings(max_examples=150, deadline=None)
    @given(_fields(entry))
    def check(changed: Any) -> None:
        try:
            parsed = READERS[format](json.dumps(changed).encode())
        except Unreadable as refusal:
            assert str(refusal) and refusal.code
        else:
            read(parsed)

    check()


@settings(max_examples=80, deadline=None)
@given(VALUES, VALUES)
def test_any_value_as_shapes(features: Any, geometry: Any) -> None:
    parsed = golden("nina/alert.json")
    entry = {"type": "Feature", "geometry": geometry, "properties": features}
    read(
        nina.add_shapes(
            parsed, json.dumps({"type": "FeatureCollection", "features": [entry, features]}).encode()
        )
    )


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[[[",
        b"null",
        b"7",
        b'"x"',
        b"[1, 2]",
        b"\xff\xfe{",
        b"[" * 100_000,
        b"[" + b"9" * 6000 + b"]",
    ],
)
def test_what_is_none_of_it_is_refused(format: str, data: bytes) -> None:
    with pytest.raises(Unreadable):
        READERS[format](data)


# MeteoAlarm


def test_a_green_entry_is_left_out_and_a_green_update_lifts_the_warning() -> None:
    parsed = golden("meteoalarm/warnings.json")
    (lifting,) = [alert for alert in parsed.alerts if alert.identifier.endswith("FR.4")]
    assert normalise(lifting).is_over and parsed.notes == ["1 green entries say that all is quiet; left out"]
    assert (
        meteoalarm.parse(
            (GOLDEN / "meteoalarm/message.xml").read_bytes().replace(b"3; orange; Severe", b"1; green; Minor")
        ).alerts
        == []
    )


# NINA


def test_shapes_of_a_warning_are_joined_to_its_areas() -> None:
    def square(west: float, area: object, **more: Any) -> Any:
        ring = [[west, 50], [west + 1, 50], [west + 1, 51], [west, 51], [west, 50]]
        return {
            "type": "Feature", "id": area, "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {"areaId": area, **more},
        }  # fmt: skip

    shapes = collection(
        square(7, 0), square(8, 0), square(9, 1), square(10, 5), square(0, 0, warnId="another"), "x"
    )
    parsed = SHAPES["nina"](golden("nina/alert.json"), shapes)
    first, second = parsed.alerts[0].infos[0].areas
    assert [shape.bounds for shape in second.polygons] == [(9, 50, 10, 51)]
    # An area that is not named is not lost: it goes to the first one.
    assert [shape.bounds for shape in first.polygons] == [(7, 50, 9, 51), (10, 50, 11, 51)]
    assert all(not area.polygons for info in parsed.alerts[0].infos[1:] for area in info.areas)
    assert [problem.problem for problem in parsed.problems] == [
        "belongs to another warning (another)",
        "this is no object",
    ]


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b'{"features": 3}'])
def test_a_warning_without_readable_shapes_is_kept(data: bytes) -> None:
    parsed = nina.add_shapes(golden("nina/alert.json"), data)
    assert len(parsed.alerts) == 1 and parsed.problems[0].where == "shapes"


def test_the_recorded_warning_is_what_others_made_of_it(samples: Path) -> None:
    folder, name = samples / "cap-national", "mow.DE-HE-KS-SE106-20250313-106-001"
    parsed = nina.add_shapes(
        nina.parse((folder / f"{name}.json").read_bytes()), (folder / f"{name}.geojson").read_bytes()
    )
    (ours,), (theirs,) = parsed.alerts, cap.parse((folder / f"{name}.xml").read_bytes()).alerts
    assert parsed.problems == []
    for field in ("identifier", "sender", "sent_at", "msg_type", "status", "scope", "references"):
        assert getattr(ours, field) == getattr(theirs, field), field
    assert [info.language for info in ours.infos] == [info.language for info in theirs.infos]
    assert [info.language for info in ours.infos][:3] == ["de", "de-LS", "en"]
    for mine, other in zip(ours.infos, theirs.infos, strict=True):
        assert (mine.headline, mine.description, mine.instruction) == (
            other.headline,
            other.description,
            other.instruction,
        )
        assert (mine.severity, mine.urgency, mine.certainty) == (
            other.severity,
            other.urgency,
            other.certainty,
        )
    assert "<" not in ours.infos[0].description and '"Probealarm - Land Hessen"' in ours.infos[0].description
    drawn = shapely.union_all(
        [shape for info in theirs.infos for area in info.areas for shape in area.polygons]
    )
    assert impact_area(ours).geometry.symmetric_difference(drawn).area < 1e-9
    assert "en" in ours.notes[-1]


# Alertswiss


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("Fri, 20.06.2025, 10:01", "2025-06-20T08:01:00+00:00"),
        ("Di., 13.01.2026, 09:05", "2026-01-13T08:05:00+00:00"),
        ("Sun, 25.10.2026, 02:30", "2026-10-25T00:30:00+00:00"),
        ("Sun, 29.03.2026, 02:30", "2026-03-29T01:30:00+00:00"),
        ("20.06.2025, 10:01", "2025-06-20T08:01:00+00:00"),
    ],
)
def test_local_times_of_switzerland(written: str, read_as: str) -> None:
    data = json.dumps({"identifier": "POA-1-1", "sent": written}).encode()
    (alert,) = alertswiss.parse(data).alerts
    assert alert.sent_at is not None and alert.sent_at.isoformat() == read_as
    assert any("twice" in note for note in alert.notes) is ("25.10.2026" in written)


@pytest.mark.parametrize(
    "written", ["Fri, 31.02.2025, 10:01", "20.06.2025", "10:01", "00.00.0000, 00:00", "1.1.0001, 0:00"]
)
def test_what_is_no_time_is_reported(written: str) -> None:
    parsed = alertswiss.parse(json.dumps({"identifier": "POA-1-1", "sent": written}).encode())
    assert parsed.alerts[0].sent_at is None and parsed.problems[0].where == "POA-1-1, sent"


def test_the_reference_of_a_message_to_itself_tells_the_doubled_hour() -> None:
    for offset, hour in (("+02:00", 0), ("+01:00", 1)):
        entry = {
            "identifier": "POA-1-1",
            "sent": "Sun, 25.10.2026, 02:30",
            "reference": f"x,POA-1-1,2026-10-25T02:30:40{offset}",
        }
        (alert,) = alertswiss.parse(json.dumps(entry).encode()).alerts
        assert alert.sent_at == datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        assert alert.references == () and not any("twice" in note for note in alert.notes)


def test_revisions_share_the_event_but_not_within_one_list() -> None:
    entries = [{"identifier": name} for name in ("POA-7-1", "POA-8-1", "POA-8-2", "TEST-333")]
    parsed = alertswiss.parse(json.dumps({"alerts": entries}).encode())
    assert [alert.keys for alert in parsed.alerts] == [
        ("POA-7-1", "POA-7"),
        ("POA-8-1",),
        ("POA-8-2",),
        ("TEST-333",),
    ]


def test_the_recorded_alert_is_what_others_made_of_it(samples: Path) -> None:
    stem = samples / "cap-national" / "alertswiss-POA-1216107687-4"
    (ours,) = alertswiss.parse(stem.with_suffix(".json").read_bytes()).alerts
    (theirs,) = cap.parse(stem.with_suffix(".xml").read_bytes()).alerts
    for name in ("identifier", "sender", "sent_at", "status", "scope"):
        assert getattr(ours, name) == getattr(theirs, name), name
    original, english = ours.infos
    (other,) = theirs.infos
    for name in (
        "language",
        "headline",
        "description",
        "severity",
        "response_types",
        "sender_name",
        "event",
        "contact",
    ):
        assert getattr(english, name) == getattr(other, name), name
    assert original.language == "fr" and original.headline.startswith("Fin d'alerte")
    assert normalise(ours).is_over and normalise(ours).countries == ("CH",)
    ours_drawn, theirs_drawn = impact_area(ours).geometry, impact_area(theirs).geometry
    assert ours_drawn is not None and ours_drawn.symmetric_difference(theirs_drawn).area < 1e-9
