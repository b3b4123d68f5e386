"""Whatever arrives is either read or refused with a reason; nothing else is raised and nothing leaks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.alerts.formats import cap, usgs
from safeconduct.alerts.impact import impact_area
from safeconduct.alerts.ingest import read_document
from safeconduct.alerts.normalise import Normal, normalise
from safeconduct.alerts.parsed import Parsed, ParsedAlert
from safeconduct.feeds.actions import by_hand, keep_document
from safeconduct.feeds.models import Rejection
from safeconduct.lib.xml import Unreadable

from .messages import NOW, message, quake, summary

GOLDEN = Path(__file__).parent.parent / "golden"
CAP = [path.read_bytes() for path in sorted((GOLDEN / "cap").glob("*.xml"))]
USGS = [path.read_bytes() for path in sorted((GOLDEN / "usgs").glob("*.json")) if "expected" not in path.name]


@st.composite
def damaged(draw: st.DrawFn, documents: list[bytes]) -> bytes:
    """A real document with a piece cut out, doubled, or overwritten."""
    data = draw(st.sampled_from(documents))
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 60)))
    middle = draw(st.one_of(st.just(b""), st.just(data[start:end] * 2), st.binary(max_size=8)))
    return data[:start] + middle + data[end:]


def read(parsed: Parsed) -> None:
    """Everything that follows from a read message can be computed."""
    for alert in parsed.alerts:
        normalise(alert)
        impact = impact_area(alert)
        if impact.geometry is not None:
            assert impact.geometry.is_valid
            west, south, east, north = impact.geometry.bounds
            assert -180 <= west <= east <= 180 and -90 <= south <= north <= 90
        assert len(alert.content_sha()) == 64


@settings(max_examples=100, deadline=None)
@given(damaged(CAP))
def test_damaged_cap(data: bytes) -> None:
    try:
        parsed = cap.parse(data)
    except Unreadable as refusal:
        assert str(refusal) and refusal.code
    else:
        read(parsed)


@settings(max_examples=100, deadline=None)
@given(damaged(USGS))
def test_damaged_usgs(data: bytes) -> None:
    try:
        parsed = usgs.parse(data)
    except Unreadable as refusal:
        assert str(refusal) and refusal.code
    else:
        read(parsed)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["mag", "place", "time", "updated", "alert", "status", "type", "ids", "title", "mmi", "url"]), VALUES),
    VALUES,
    VALUES,
)  # fmt: skip
def test_any_values_in_a_usgs_feature(properties: object, coordinates: object, identifier: object) -> None:
    feature = {
        "type": "Feature",
        "id": identifier,
        "properties": properties,
        "geometry": {"coordinates": coordinates},
    }
    try:
        parsed = usgs.parse(json.dumps(feature).encode())
    except Unreadable as refusal:
        assert str(refusal)
    else:
        read(parsed)


@pytest.mark.django_db
def test_what_cannot_be_stored_becomes_a_rejection_and_the_rest_is_stored() -> None:
    source = by_hand("usgs")
    odd = quake("us\ud800x\x00", ids=",usx,", place="\ud83d", title="a\x00b", net="\ud800")
    data = summary(odd, quake("us2", ids=",us2,"))
    report = read_document(keep_document(data, origin="t", received_at=NOW), source=source, at=NOW)
    assert sum(report.counts.values()) + len(report.rejected) == 2
    assert sum(report.counts.values()) >= 1


@pytest.mark.django_db
def test_a_failure_of_ours_in_one_message_is_isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    from safeconduct.alerts import writing

    def broken(alert: ParsedAlert) -> Normal:
        if alert.identifier == "us1":
            raise RuntimeError("bug")
        return normalise(alert)

    monkeypatch.setattr(writing, "normalise", broken)
    data = summary(quake("us1"), quake("us2", ids=",us2,"))
    report = read_document(keep_document(data, origin="t", received_at=NOW), source=by_hand("usgs"), at=NOW)
    assert sum(report.counts.values()) == 1
    assert [(item.where, item.problem) for item in Rejection.objects.all()] == [
        ("us1", "could not be stored: RuntimeError")
    ]


@pytest.mark.django_db
def test_names_of_300_characters_and_more_are_kept_within_bounds() -> None:
    long = "x" * 390
    data = message(
        long, references=f"a@b,{'y' * 900},2026-11-20T10:00:00Z", headline="h" * 3000, sender="s" * 500
    )
    report = read_document(keep_document(data, origin="t", received_at=NOW), source=by_hand("cap"), at=NOW)
    assert report.rejected == [] and sum(report.counts.values()) == 1


def test_quakes_of_another_agency_are_not_read_as_usgs() -> None:
    """EMSC's GeoJSON has the same shape, but times as text and other names."""
    entry = {
        "type": "Feature", "id": "20261003_1", "geometry": {"type": "Point", "coordinates": [2.3, 42.6, 0]},
        "properties": {"time": "2026-10-03T02:02:32Z", "lastupdate": "2026-10-03T02:17:39Z", "mag": 5.4, "auth": "IGN"},
    }  # fmt: skip
    with pytest.raises(Unreadable, match="no time in milliseconds"):
        usgs.parse(json.dumps({"type": "FeatureCollection", "features": [entry]}).encode())
