"""Where a message matters: the one data table, magnitudes, points and names."""

from __future__ import annotations

import json

import pytest
from shapely.geometry import Point

from safeconduct.alerts.formats import READERS, cap, usgs
from safeconduct.alerts.impact import Impact, impact_area
from safeconduct.alerts.ingest import read_document
from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.parsed import Area, Info, ParsedAlert
from safeconduct.feeds.actions import by_hand, keep_document
from safeconduct.lib import geo
from tests.conftest import SAMPLES

from .messages import NOW, SQUARE, message, quake


def of_quake(**changes: object) -> Impact:
    (alert,) = usgs.parse(json.dumps(quake(**changes)).encode()).alerts  # type: ignore[arg-type]
    return impact_area(alert)


@pytest.mark.parametrize(
    ("magnitude", "pager", "km"),
    [
        (4.9, None, None), (5.0, None, 50), (5.9, "green", 50), (6.0, None, 150), (6.4, None, 150),
        (6.9, None, 150), (7.0, None, 350), (9.1, "red", 350), (4.2, "orange", 150), (5.5, "orange", 150),
        (5.5, "red", 350), (7.2, "orange", 350), (None, None, None), (-0.5, None, None),
    ],
)  # fmt: skip
def test_the_radius_follows_magnitude_and_pager(
    magnitude: float | None, pager: str | None, km: float | None
) -> None:
    impact = of_quake(mag=magnitude, alert=pager)
    if km is None:
        assert (impact.geometry, impact.origin) == (None, "none")
        return
    assert impact.origin == "derived"
    assert impact.geometry is not None
    lon, lat = -9.14, 38.72
    north = lat + km / geo.EARTH_KM * 180 / 3.141592653589793
    assert impact.geometry.intersects(Point(lon, north * 0.999 + lat * 0.001))
    assert not impact.geometry.intersects(Point(lon, north + 0.02 * (north - lat)))


def test_what_is_no_earthquake_has_no_area() -> None:
    assert of_quake(mag=5.6, type="quarry blast").origin == "none"


def test_the_shapes_of_all_blocks_are_united_and_ended_blocks_left_out() -> None:
    data = message("A").decode()
    north = "<info><language>fr</language><event>T</event>{}<urgency>{}</urgency><area><areaDesc>N</areaDesc><polygon>50,0 50,1 51,1 51,0 50,0</polygon></area></info></alert>"
    both = data.replace("</alert>", north.format("", "Expected"))
    (alert,) = cap.parse(both.encode()).alerts
    area = impact_area(alert).geometry
    assert area is not None and area.intersects(Point(0.5, 50.5)) and area.intersects(Point(-9, 39))
    ended = data.replace("</alert>", north.format("<responseType>AllClear</responseType>", "Expected"))
    (alert,) = cap.parse(ended.encode()).alerts
    area = impact_area(alert).geometry
    assert area is not None and not area.intersects(Point(0.5, 50.5)) and area.intersects(Point(-9, 39))


def test_an_area_in_words_is_the_country_of_the_source_when_known() -> None:
    (alert,) = cap.parse(message("A", polygon="")).alerts
    assert impact_area(alert).origin == "none"
    assert impact_area(alert, "PT") == Impact(
        None, "country", "the message names its area in words or codes only", 7, ("PT",)
    )


def test_a_point_of_a_strong_earthquake_becomes_an_estimate() -> None:
    text = message("A", polygon="").decode().replace("Storm</event>", "Earthquake</event>")
    text = text.replace(
        "<area>", "<parameter><valueName>Magnitude</valueName><value>6.2</value></parameter><area>"
    )
    text = text.replace("</areaDesc>", "</areaDesc><circle>38,-9 0</circle>")
    (alert,) = cap.parse(text.encode()).alerts
    impact = impact_area(alert)
    assert impact.origin == "derived"
    assert impact.geometry is not None and geo.distance_to_km(impact.geometry, -9, 38 + 160 / 111.2) < 12
    (alert,) = cap.parse(text.replace("6.2", "4.1").encode()).alerts
    assert impact_area(alert).origin == "none"


def in_codes(*codes: tuple[str, str], polygon: str = "", severity: str = "Severe") -> bytes:
    """A message whose one area has these geocodes."""
    pairs = "".join(
        f"<geocode><valueName>{scheme}</valueName><value>{code}</value></geocode>" for scheme, code in codes
    )
    text = message("A", polygon=polygon, severity=severity).decode()
    return text.replace("</area>", f"{pairs}</area>").encode()


def of_codes(*codes: tuple[str, str], polygon: str = "", country: str = "") -> Impact:
    (alert,) = cap.parse(in_codes(*codes, polygon=polygon)).alerts
    return impact_area(alert, country)


HOUSTON, EL_PASO, NEW_ORLEANS = Point(-95.37, 29.76), Point(-106.40, 31.85), Point(-90.07, 29.95)


def test_codes_that_tables_hold_are_the_area() -> None:
    impact = of_codes(("UGC", "TXC201"), ("UGC", "TXC141"))
    assert (impact.origin, impact.unplaced, impact.possible) == ("codes", (), None)
    assert impact.geometry is not None
    assert impact.geometry.covers(HOUSTON) and impact.geometry.covers(EL_PASO)
    assert not impact.geometry.covers(NEW_ORLEANS)
    assert impact.countries == ("US",)


def test_two_schemes_say_the_same_area() -> None:
    # Zones have no shape, but the counties beside them say where they lie.
    impact = of_codes(("UGC", "TXZ213"), ("SAME", "048201"))
    assert (impact.origin, impact.unplaced, impact.possible) == ("codes", (), None)
    assert impact.geometry is not None and impact.geometry.covers(HOUSTON)


def test_a_code_without_a_shape_may_be_anywhere_in_its_state() -> None:
    impact = of_codes(("UGC", "TXC201"), ("UGC", "TXZ213"))
    assert (impact.origin, impact.unplaced) == ("codes", ("UGC TXZ213",))
    assert impact.geometry is not None and not impact.geometry.covers(EL_PASO)
    assert impact.possible is not None and impact.possible.covers(EL_PASO)
    assert not impact.possible.covers(NEW_ORLEANS)
    assert "1 codes without a shape" in impact.note
    alone = of_codes(("UGC", "TXZ213"))
    assert (alone.geometry, alone.origin, alone.countries) == (None, "country", ("US",))
    assert alone.possible is not None and alone.possible.covers(EL_PASO)


def test_an_unknown_code_of_a_country_is_the_country() -> None:
    impact = of_codes(("EMMA_ID", "UK999"))
    assert (impact.geometry, impact.possible, impact.origin) == (None, None, "country")
    assert (impact.countries, impact.unplaced) == (("GB",), ("EMMA_ID UK999",))
    mixed = of_codes(("EMMA_ID", "DE241"), ("EMMA_ID", "DE999"))
    assert mixed.origin == "codes" and mixed.possible is not None
    assert mixed.possible.covers(Point(13.4, 52.5))


def test_a_code_of_an_unknown_scheme_is_counted() -> None:
    impact = of_codes(("Taiwan_Geocode_103", "63"), country="TW")
    assert (impact.origin, impact.countries) == ("country", ("TW",))
    assert impact.unplaced == ("Taiwan_Geocode_103 63",)


def test_the_sea_is_nowhere_on_land() -> None:
    impact = of_codes(("UGC", "PKZ652"), ("SAME", "058652"), country="US")
    assert (impact.geometry, impact.possible, impact.origin) == (None, None, "none")
    assert len(impact.unplaced) == 1
    coast = of_codes(("UGC", "TXC167"), ("UGC", "GMZ335"))
    assert coast.origin == "codes" and coast.possible is None


def test_polygons_go_before_codes() -> None:
    impact = of_codes(("UGC", "TXC201"), ("UGC", "TXZ213"), polygon=SQUARE)
    assert (impact.origin, impact.unplaced, impact.possible) == ("given", (), None)
    assert impact.geometry is not None and not impact.geometry.covers(HOUSTON)


def test_an_area_in_codes_beside_one_with_a_shape_is_not_lost() -> None:
    text = in_codes(("SAME", "022071"), polygon=SQUARE).decode()
    more = "<area><areaDesc>Harris</areaDesc><geocode><valueName>SAME</valueName><value>048201</value></geocode></area>"
    (alert,) = cap.parse(text.replace("</info>", f"{more}</info>").encode()).alerts
    impact = impact_area(alert)
    assert impact.origin == "given" and impact.geometry is not None
    assert impact.geometry.covers(HOUSTON) and impact.geometry.covers(Point(-9, 39))


def test_thousands_of_invented_codes_are_read_in_no_time() -> None:
    codes = [("EMMA_ID", f"XX{number:06}") for number in range(9000)]
    impact = of_codes(*codes)
    assert impact.geometry is None and 0 < len(impact.unplaced) <= 300


@pytest.mark.django_db
def test_what_is_stored_holds_both_areas_and_their_box() -> None:
    document = keep_document(in_codes(("UGC", "TXC201"), ("UGC", "TXZ213")), origin="test", received_at=NOW)
    report = read_document(document, source=by_hand("cap"), at=NOW)
    assert report.unplaced == {"UGC TXZ213"} and "1 codes without a shape" in report.note
    version = AlertVersion.objects.get()
    assert (version.impact_origin, version.unplaced, version.countries) == ("codes", ["UGC TXZ213"], ["US"])
    shape, rough = version.geometry(), version.possible_geometry()
    assert shape is not None and rough is not None
    west, south, east, north = rough.union(shape).bounds
    assert (version.west, version.south, version.east, version.north) == (west, south, east, north)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recordings are not here")
@pytest.mark.parametrize(
    ("format", "path", "origins", "unplaced"),
    [
        ("meteoalarm", "meteoalarm/meteoalarm_de.json", {"codes"}, 0),
        ("cap", "meteoalarm/multi-area.xml", {"codes"}, 0),
        ("nws", "nws/active-5-features-2026-08-18.json", {"given", "codes", "none"}, 1),
        ("cap", "cap-national/il-488abaaf-cad5-4d2b-93b2-703016878453.xml", {"codes"}, 0),
        ("cap", "cap-national/dwd-update.xml", {"country"}, 1),
    ],
)
def test_the_recordings_are_placed(format: str, path: str, origins: set[str], unplaced: int) -> None:
    impacts = [impact_area(alert) for alert in READERS[format]((SAMPLES / path).read_bytes()).alerts]
    assert {impact.origin for impact in impacts} == origins
    assert sum(len(impact.unplaced) for impact in impacts) == unplaced
    assert all(impact.geometry.is_valid for impact in impacts if impact.geometry is not None)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recordings are not here")
def test_a_municipality_may_be_anywhere_in_its_district() -> None:
    (alert,) = cap.parse((SAMPLES / "cap-national" / "dwd-update.xml").read_bytes()).alerts
    impact = impact_area(alert, "DE")
    assert impact.possible is not None
    assert impact.possible.covers(Point(14.98, 51.15)) and not impact.possible.covers(Point(13.74, 51.05))


@pytest.mark.parametrize(
    ("format", "days"), [("nina", 30), ("alertswiss", 30), ("cap", 7), ("meteoalarm", 7)]
)
def test_a_civil_warning_without_an_end_holds_until_it_leaves_the_list(format: str, days: int) -> None:
    """Drinking water may be unfit for weeks; NINA and Alertswiss name no end and list what holds."""
    info = Info(event="Drinking water", areas=(Area(description="Hamburg"),))
    alert = ParsedAlert(format=format, identifier="a", sender="b", sent_at=None, infos=(info,))
    assert impact_area(alert, "DE").days == days


def _with_polygon(points: str, country: str) -> Impact:
    return impact_area(cap.parse(message("A", polygon=points)).alerts[0], country)


def test_a_polygon_with_exchanged_axes_is_read_the_right_way_round() -> None:
    """A Croatian warning whose polygon lies in Arabia as written, and in Croatia when turned."""
    square = "16.2,43.4 16.2,43.7 16.6,43.7 16.6,43.4 16.2,43.4"
    turned = _with_polygon(square, "HR")
    assert turned.geometry is not None and turned.geometry.contains(Point(43.55, 16.4)) is False
    assert turned.geometry.contains(Point(16.4, 43.55))
    assert "exchanged" in turned.note and turned.origin == "given"


def test_a_polygon_is_left_as_it_is_where_turning_is_a_guess() -> None:
    """Right as written, of a source of no country, at sea off its country, or on no expected country either way."""
    right, elsewhere = (
        "43.4,16.2 43.7,16.2 43.7,16.6 43.4,16.6 43.4,16.2",
        "16.2,43.4 16.2,43.7 16.6,43.7 16.2,43.4",
    )
    for points, country in (
        (right, "HR"),
        (elsewhere, ""),
        ("41,14 42,15 41,16 41,14", "HR"),
        (elsewhere, "BR"),
    ):
        impact = _with_polygon(points, country)
        assert impact.note == "" and impact.origin == "given"
