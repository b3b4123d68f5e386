"""Catalogues of events: GDACS, EMSC and the weekly volcano report, from their bytes to events that end."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.alerts.formats import READERS, gvp
from safeconduct.alerts.formats.gdacs_words import affected, place
from safeconduct.alerts.impact import impact_area
from safeconduct.alerts.ingest import read_document
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.alerts.normalise import normalise
from safeconduct.alerts.parsed import Parsed
from safeconduct.feeds.actions import by_hand, keep_document
from safeconduct.lib.xml import Unreadable
from tests.conftest import SAMPLES

from .messages import NOW

GOLDEN = Path(__file__).parent.parent / "golden"
FORMATS = ("emsc", "gdacs", "gvp")
DOCUMENTS = [
    (format, path.read_bytes())
    for format in FORMATS
    for path in sorted((GOLDEN / format).iterdir())
    if "expected" not in path.name
]


def put(format: str, data: bytes) -> dict[str, int]:
    """Read a document as the command does; what became of its messages."""
    document = keep_document(data, origin="test", received_at=NOW)
    report = read_document(document, source=by_hand(format), at=NOW)
    return {outcome.value: count for outcome, count in report.counts.items() if count}


def feature(**changes: object) -> bytes:
    """Return one GDACS event as its list gives it."""
    properties = {
        "eventtype": "FL", "eventid": 1103798, "episodeid": 1, "name": "Flood in Bangladesh",
        "alertlevel": "Orange", "episodealertlevel": "Orange", "istemporary": "false", "iscurrent": "true",
        "country": "Bangladesh", "fromdate": "2026-11-18T01:00:00", "todate": "2026-11-20T01:00:00",
        "datemodified": "2026-11-20T09:00:00",
    } | changes  # fmt: skip
    geometry = {"type": "Point", "coordinates": [89.1, 22.4]}
    one = {"type": "Feature", "geometry": geometry, "properties": properties}
    return json.dumps({"type": "FeatureCollection", "features": [one]}).encode()


@pytest.mark.django_db
def test_an_episode_is_a_version_and_the_same_list_changes_nothing() -> None:
    assert put("gdacs", feature()) == {"new": 1}
    assert put("gdacs", feature()) == {"unchanged": 1}
    later = feature(episodeid=2, episodealertlevel="Red", datemodified="2026-11-20T10:00:00")
    assert put("gdacs", later) == {"updated": 1}
    event = Event.objects.get()
    assert event.current_version is not None
    assert [version.identifier for version in event.versions.all()] == ["FL1103798/1", "FL1103798/2"]
    assert (event.current_version.severity, event.current_version.msg_type) == ("Extreme", "Update")
    assert (event.current_version.impact_origin, event.countries) == ("derived", ["BD", "IN"])
    assert event.ends_at == event.current_version.sent_at.replace(hour=1) + timedelta(days=3)


@pytest.mark.django_db
def test_an_event_that_is_not_current_ends_and_is_never_begun() -> None:
    put("gdacs", feature())
    over = feature(iscurrent="false", datemodified="2026-11-20T11:00:00")
    assert put("gdacs", over) == {"updated": 1}
    assert Event.objects.get().state == Event.State.ENDED
    put("gdacs", feature(eventid=5, iscurrent="FALSE"))
    assert Event.objects.get(identity_key="FL5/1").state == Event.State.ENDED


@pytest.mark.django_db
def test_a_date_far_ahead_does_not_keep_an_event_alive() -> None:
    put("gdacs", feature(todate="2099-01-01T00:00:00"))
    event = Event.objects.get()
    assert event.ends_at is not None and event.ends_at < NOW + timedelta(days=14)


@pytest.mark.django_db
def test_a_drought_makes_one_version_a_day_and_is_never_urgent() -> None:
    drought = {"eventtype": "DR", "episodealertlevel": "Red", "country": "Angola, Namibia"}
    put("gdacs", feature(**drought))
    again = feature(**drought, datemodified="2026-11-20T23:30:00", todate="2026-11-20T23:30:00")
    assert put("gdacs", again) == {"unchanged": 1}
    version = AlertVersion.objects.get()
    assert (version.severity, version.impact_origin, version.countries) == (
        "Moderate", "country", ["AO", "NA"],
    )  # fmt: skip


@pytest.mark.django_db
def test_a_volcano_that_goes_on_is_one_event() -> None:
    first = (GOLDEN / "gvp" / "weekly.xml").read_text("latin-1")
    put("gvp", first.encode("latin-1"))
    count = Event.objects.count()
    second = first.replace("10 September-16 September", "17 September-23 September")
    second = second.replace("31 December-6 January", "7 January-13 January")
    second = second.replace("New Eruptive", "Continuing Eruptive").replace("New Unrest", "Continuing Unrest")
    put("gvp", second.encode("latin-1"))
    assert Event.objects.count() == count
    assert {event.versions.count() for event in Event.objects.all()} == {2}


def test_the_box_of_gdacs_goes_west_east_south_north_and_over_180() -> None:
    notes: list[str] = []
    assert place(178.4, -17.5, [174.4, 182.4, -21.5, -13.5], notes) == (178.4, -17.5)
    assert place(-178.4, -17.5, [177.0, -177.0, -21.5, -13.5], notes) == (-178.4, -17.5)
    assert notes == []
    assert place(-17.5, 78.4, [74.4, 82.4, -21.5, -13.5], notes) == (78.4, -17.5)
    assert place(None, None, [177.0, -177.0, -20.0, -10.0], notes) == (180.0, -15.0)
    assert place(10.0, 400.0, [], notes) is None
    assert place(None, None, [1.0], notes) is None


@pytest.mark.parametrize(
    ("names", "three", "codes"),
    [
        (["Bosnia & Herzegovina", " Turkey", "Iran"], [], ("BA", "TR", "IR")),
        (["Southeast Of Loyalty Islands"], [""], ()),
        (["Viet Nam", "Réunion", "Cote d'Ivoire", "Myanmar"], ["MMR"], ("VN", "RE", "CI", "MM")),
        ([""], ["XYZ"], ()),
    ],
)
def test_countries_by_name_and_code(names: list[str], three: list[str], codes: tuple[str, ...]) -> None:
    assert affected(names, three) == codes


@pytest.mark.parametrize(
    ("prose", "severity"),
    [
        ("The Alert Level remained at 4 (on a scale of 1-4).", "Extreme"),
        ("The Alert Level was raised to 2 (on a scale of 1-4).", "Moderate"),
        ("The Alert Level remained at 1 (on a scale of 1-4).", "Minor"),
        ("The Alert Level remained at Level 3 (on a scale of 1-5).", "Moderate"),
        ("The Alert Level remained at 3 (on a scale of 0-5).", "Severe"),
        ("The Alert Level remained at II (on a scale of I-V).", "Minor"),
        ("The Volcano Alert Level remained at Warning (the highest level on a four-level scale).", "Extreme"),
        ("The Alert Level remained at Yellow (the second level on a four-color scale).", "Moderate"),
        ("The Aviation Color Code remained at Orange (the second highest color on a four-color scale).", "Unknown"),
        ("The Alert Level remained at 3 and people fled.", "Unknown"),
        ("The Alert Level remained at 7 (on a scale of 1-4).", "Unknown"),
        ("", "Unknown"),
    ],
)  # fmt: skip
def test_severity_of_prose_needs_a_level_with_its_scale(prose: str, severity: str) -> None:
    assert gvp.severity(prose) == severity


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A document with a piece cut out, doubled or overwritten."""
    format, data = draw(st.sampled_from(DOCUMENTS))
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 60)))
    middle = draw(st.one_of(st.just(b""), st.just(data[start:end] * 2), st.binary(max_size=8)))
    return format, data[:start] + middle + data[end:]


@settings(max_examples=200, deadline=None)
@given(damaged())
def test_damaged_documents_are_read_or_refused(case: tuple[str, bytes]) -> None:
    format, data = case
    try:
        parsed = READERS[format](data)
    except Unreadable as refusal:
        assert str(refusal) and refusal.code
    else:
        sound(parsed)


def sound(parsed: Parsed) -> None:
    """Everything that follows from a read message can be computed."""
    for alert in parsed.alerts:
        normalise(alert)
        geometry = impact_area(alert).geometry
        if geometry is not None:
            west, south, east, north = geometry.bounds
            assert geometry.is_valid and -180 <= west <= east <= 180 and -90 <= south <= north <= 90
        assert len(alert.content_sha()) == 64
    if parsed.is_list:
        assert {key for alert in parsed.alerts for key in alert.keys} <= parsed.present


_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.lists(st.integers(), max_size=3),
)


@pytest.mark.parametrize("format", ["emsc", "gdacs"])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_value_in_any_field(format: str, data: st.DataObject) -> None:
    name = {"emsc": "query.json", "gdacs": "events.json"}[format]
    document = json.loads((GOLDEN / format / name).read_bytes())
    one = document["features"][0]
    field = data.draw(st.sampled_from(sorted([*one["properties"], "geometry", "id"])))
    value = data.draw(_values)
    target = one if field in ("geometry", "id") else one["properties"]
    target[field] = {"type": "Point", "coordinates": value} if field == "geometry" else value
    sound(READERS[format](json.dumps(document).encode()))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recordings are not here")
@pytest.mark.parametrize(
    ("format", "pattern", "count"),
    [("gdacs", "gdacs/gdacs-rss-7d.xml", 115), ("gdacs", "gdacs/rss-archive-2016.xml", 23),
     ("gdacs", "gdacs/gdacs-events-2026-05-03.geojson", 79), ("emsc", "emsc/*.json", 11),
     ("gvp", "volcano/*.xml", 2)],
)  # fmt: skip
def test_the_recordings_are_read_whole(format: str, pattern: str, count: int) -> None:
    (path,) = SAMPLES.glob(pattern)
    reader: Callable[[bytes], Parsed] = READERS[format]
    parsed = reader(path.read_bytes())
    assert (len(parsed.alerts), parsed.problems) == (count, [])
    sound(parsed)
