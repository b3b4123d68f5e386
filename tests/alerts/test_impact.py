"""Where a message matters: the one data table, magnitudes, points and names."""

from __future__ import annotations

import json

import pytest
from shapely.geometry import Point

from safeconduct.alerts.formats import cap, usgs
from safeconduct.alerts.impact import Impact, impact_area
from safeconduct.lib import geo

from .messages import message, quake


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
