"""The rule by itself: what is one, what is not, who leads. It would rather leave two apart than make two things one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from safeconduct.alerts import clustering
from safeconduct.alerts.clustering import Sighting, contradicts, leading, link, storm_in, storm_name
from safeconduct.alerts.labels import EVENT_TYPES
from safeconduct.lib import geo

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def one(key: int = 1, **changes: Any) -> Sighting:
    """Return a wind warning for a square."""
    values: dict[str, Any] = {
        "key": key, "source": f"s{key}", "event_type": "wind", "status": "Actual", "begins_at": NOW,
        "ends_at": NOW + 10 * HOUR, "severity": "Severe", "origin": "given", "geometry": box(0, 0, 2, 2),
        "names": frozenset({(f"urn:{key}", f"{key}@example.org")}), "sender": f"{key}@example.org",
        "identifier": f"urn:{key}", "countries": frozenset({"PT"}), "lon": 1.0, "lat": 1.0,
    }  # fmt: skip
    return Sighting(**{**values, **changes})


def quake(key: int = 1, **changes: Any) -> Sighting:
    """Return an earthquake without an area."""
    values = {"event_type": "earthquake", "origin": "none", "geometry": None, "magnitude": 5.6}
    return one(key, **{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "area"),
        ({"severity": "Moderate"}, "area"),
        ({"severity": "Minor"}, None),
        ({"severity": "Unknown"}, None),
        ({"event_type": "rain"}, None),
        ({"origin": "codes"}, "area"),
        ({"origin": "country", "geometry": None}, None),
        ({"origin": "derived"}, None),
        ({"status": "Test"}, None),
        ({"source": "s1"}, None),
        ({"geometry": box(1, 0, 3, 2)}, "area"),
        ({"geometry": box(1.1, 0, 3.1, 2)}, None),
        ({"geometry": box(0.5, 0.5, 0.7, 0.7)}, None),
        ({"geometry": box(0, 0, 1, 0.5)}, "area"),
        ({"begins_at": NOW + 3 * HOUR, "ends_at": NOW + 40 * HOUR}, "area"),
        ({"begins_at": NOW + 4 * HOUR, "ends_at": NOW + 16 * HOUR}, "area"),
        ({"begins_at": NOW + 6 * HOUR, "ends_at": NOW + 16 * HOUR}, None),
        ({"begins_at": NOW + 11 * HOUR, "ends_at": NOW + 16 * HOUR}, None),
        ({"is_active": False, "ended_at": NOW - 47 * HOUR}, "area"),
        ({"is_active": False, "ended_at": NOW - 48 * HOUR}, None),
    ],
)  # fmt: skip
def test_warnings_are_one_by_type_time_severity_and_area(
    changes: dict[str, Any], expected: str | None
) -> None:
    assert link(one(), one(2, **changes), now=NOW) == expected
    assert link(one(2, **changes), one(), now=NOW) == expected


@pytest.mark.parametrize("event_type", sorted(set(EVENT_TYPES) - set(clustering.table())))
def test_what_no_row_speaks_of_is_never_one_by_its_looks(event_type: str) -> None:
    assert link(one(event_type=event_type), one(2, event_type=event_type), now=NOW) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "quake"),
        ({"begins_at": NOW + timedelta(seconds=60)}, "quake"),
        ({"begins_at": NOW + timedelta(seconds=61)}, None),
        ({"lat": 1.89}, "quake"),
        ({"lat": 1.91}, None),
        ({"magnitude": 6.6}, "quake"),
        ({"magnitude": 6.7}, None),
        ({"magnitude": None}, "quake"),
        ({"lon": None}, None),
        # One agency with two numbers in two feeds: it knows that there were two shocks.
        ({"sender": "1@example.org"}, None),
    ],
)  # fmt: skip
def test_shocks(changes: dict[str, Any], expected: str | None) -> None:
    assert link(quake(), quake(2, **changes), now=NOW) == expected


def test_over_the_antimeridian() -> None:
    assert link(quake(lon=179.9), quake(2, lon=-179.9), now=NOW) == "quake"
    west, east = geo.disc(179.5, -17, 200), geo.disc(-179.5, -17, 200)
    assert link(one(geometry=west), one(2, geometry=east), now=NOW) == "area"


def test_storms_volcanoes_and_glide_numbers() -> None:
    storm: dict[str, Any] = {"event_type": "tropical_cyclone", "origin": "derived"}
    a, b = one(storm="maysak", **storm), one(2, storm="maysak", **storm)
    assert link(a, b, now=NOW) == "storm"
    assert link(a, replace(b, storm="haishen"), now=NOW) is None
    assert link(replace(a, storm=""), replace(b, storm=""), now=NOW) is None
    assert link(a, replace(b, lon=120.0), now=NOW) is None
    assert link(a, replace(b, begins_at=NOW + 100 * HOUR, ends_at=NOW + 110 * HOUR), now=NOW) is None
    peak: dict[str, Any] = {"event_type": "volcano", "origin": "derived"}
    assert link(one(**peak), one(2, lat=1.17, **peak), now=NOW) == "place"
    assert link(one(**peak), one(2, lat=1.19, **peak), now=NOW) is None
    glide: dict[str, Any] = {"glide": "TC-2020-000190"}
    assert (
        link(one(event_type="flood", **glide), one(2, event_type="tropical_cyclone", **glide), now=NOW)
        == "glide"
    )


def test_the_same_message_through_two_sources() -> None:
    name = frozenset({("2.49.0.0.276.0.DWD.1", "cap@dwd.de")})
    far = box(50, 50, 51, 51)
    assert link(one(names=name), one(2, names=name, geometry=far), now=NOW) == "message"
    renamed = frozenset({("2.49.0.0.276.0.DWD.1", "hub@meteoalarm.org")})
    assert link(one(names=name), one(2, names=renamed, geometry=far), now=NOW) is None
    assert link(one(names=name), one(2, names=renamed, geometry=far, trust="relay"), now=NOW) == "message"
    short = (frozenset({("1", "")}), frozenset({("1", "x")}))
    assert link(one(names=short[0]), one(2, names=short[1], geometry=far, trust="relay"), now=NOW) is None


def test_one_message_for_each_language() -> None:
    def said(key: int, language: str, suffix: str, **changes: Any) -> Sighting:
        values = {
            "source": "kz",
            "sender": "kz",
            "languages": frozenset({language}),
            "identifier": f"KZ-1-{suffix}",
        }
        return one(key, **{**values, "codes": ("Alert", "Expected", "Severe"), **changes})

    english, russian, kazakh = said(1, "en", "EN"), said(2, "ru", "RU"), said(3, "kk", "KK")
    assert link(english, russian, now=NOW) == link(russian, kazakh, now=NOW) == "language"
    assert link(english, said(4, "en", "EN"), now=NOW) is None
    assert link(english, said(4, "ru", "RU", identifier="KZ-2-RU"), now=NOW) is None
    assert link(english, said(4, "ru", "RU", geometry=box(0, 0, 2, 2.1)), now=NOW) is None
    assert link(english, said(4, "ru", "RU", codes=("Alert", "Expected", "Extreme")), now=NOW) is None


def test_names_of_storms() -> None:
    for text, name in {
        "MAYSAK-20": "maysak", "Typhoon Maysak": "maysak", "Hurricane LORENA": "lorena", "EIGHT-20": "", "02W": "",
        "Tropical Cyclone": "", "José": "jose", "INVEST": "", "": "",
    }.items():  # fmt: skip
        assert storm_name(text) == name, text
    assert storm_in("Hurricane Milton makes landfall") == "milton"
    assert storm_in("Hurricane Warning for Tampa") == ""
    assert storm_in("Typhoon Maysak follows Typhoon Bavi") == ""
    assert clustering.glide_of("see TC-2020-000190-PRK") == "TC-2020-000190"


def test_a_small_revision_does_not_part_them_and_a_large_one_does() -> None:
    a = quake()
    assert not contradicts(a, quake(2, lat=2.5, begins_at=NOW + timedelta(seconds=100)))
    assert contradicts(a, quake(2, lat=3.0))
    assert contradicts(a, quake(2, begins_at=NOW + timedelta(seconds=121)))
    assert not contradicts(one(), one(2, severity="Minor", geometry=box(1.9, 0, 4, 2)))
    assert contradicts(one(), one(2, geometry=box(5, 5, 6, 6)))


def test_who_leads() -> None:
    base = one(1)
    order = [
        one(9, begins_at=NOW - HOUR),
        base,
        one(2, severity="Moderate"),
        one(3, origin="codes", severity="Extreme"),
        one(4, origin="derived", severity="Extreme"),
        one(5, trust="relay", severity="Extreme"),
        one(6, trust="other"),
        one(7, is_active=False, ended_at=NOW, severity="Extreme"),
    ]
    for place, member in enumerate(order):
        assert leading(order[place:]) is member
        assert leading(list(reversed(order[place:]))) is member
    national = one(8, source_country="PT", begins_at=NOW + HOUR)
    assert leading([base, national]) is national
    assert leading([base, replace(national, source_country="FR")]) is base


SIGHTINGS = st.builds(
    one,
    key=st.integers(1, 6),
    source=st.sampled_from(["a", "b"]),
    event_type=st.sampled_from(["wind", "earthquake", "volcano", "tropical_cyclone", "security"]),
    status=st.sampled_from(["Actual", "Exercise"]),
    severity=st.sampled_from(["Extreme", "Severe", "Moderate", "Minor", "Unknown"]),
    origin=st.sampled_from(["given", "codes", "derived", "country", "none"]),
    trust=st.sampled_from(["official", "relay", "other"]),
    begins_at=st.integers(-50, 50).map(lambda hours: NOW + hours * HOUR),
    ends_at=st.integers(50, 90).map(lambda hours: NOW + hours * HOUR),
    is_active=st.booleans(),
    ended_at=st.none() | st.integers(-90, 0).map(lambda hours: NOW + hours * HOUR),
    lon=st.none() | st.floats(-180, 180),
    lat=st.floats(-90, 90),
    magnitude=st.none() | st.floats(0, 10),
    storm=st.sampled_from(["", "maysak"]),
    glide=st.sampled_from(["", "TC-2020-000190"]),
    geometry=st.none()
    | st.tuples(st.floats(0, 5), st.floats(0, 5)).map(lambda at: box(*at, at[0] + 2, at[1] + 2)),
)


@given(SIGHTINGS, SIGHTINGS)
def test_the_rule_has_no_direction_and_never_mixes_a_test_with_an_actual_event(
    a: Sighting, b: Sighting
) -> None:
    found = link(a, b, now=NOW)
    assert found == link(b, a, now=NOW)
    if found:
        assert a.status == b.status and a.key != b.key
        assert found == "language" or a.source != b.source
    if found == "area":
        assert {a.origin, b.origin} <= {"given", "codes"}
        assert a.step is None or b.step is None or abs(a.step - b.step) <= 1
    if found in ("quake", "storm", "place", "area"):
        assert a.event_type == b.event_type != "security"


@given(st.lists(SIGHTINGS, min_size=1, max_size=8, unique_by=lambda one: one.key), st.randoms())
def test_the_lead_does_not_depend_on_the_order_and_is_active_if_anybody_is(
    found: list[Sighting], random: Any
) -> None:
    lead = leading(found)
    assert lead.is_active == any(member.is_active for member in found)
    mixed = list(found)
    random.shuffle(mixed)
    assert leading(mixed) is lead
