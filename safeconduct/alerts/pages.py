"""What the alert pages show, gathered before a template runs: words, places, zone, map, history.

Reads only. A source's own words have passed `queries.texts`, which keeps to the source's licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from safeconduct.alerts import labels, queries
from safeconduct.alerts.models import AlertVersion
from safeconduct.places.drawing import country_view, locator_svg
from safeconduct.places.models import Place
from safeconduct.places.queries import country_names

NEAR_DEGREES = 5.0


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    version: AlertVersion
    texts: queries.Texts
    countries: str
    concerns: bool


@dataclass(frozen=True)
class Step:
    """One version in the history of an event."""

    version: AlertVersion
    title: str
    is_shown: bool


def lines(versions: list[AlertVersion], concerning: frozenset[int], language: str) -> list[Line]:
    """Rows for the table, in the order given."""
    names = country_names({code for version in versions for code in version.countries}, language)
    return [
        Line(
            version=version,
            texts=queries.texts(version, language),
            countries=joined_names(version, names),
            concerns=version.pk in concerning,
        )
        for version in queries.with_texts(versions)
    ]


def joined_names(version: AlertVersion, names: dict[str, str]) -> str:
    """The countries of a version in words; at sea when there is none."""
    found = sorted(names.get(code, code) for code in version.countries)
    if len(found) > 6:
        return _("%(names)s and %(more)d more") % {"names": ", ".join(found[:5]), "more": len(found) - 5}
    return ", ".join(found)


def steps(versions: list[AlertVersion], shown: AlertVersion, language: str) -> list[Step]:
    """The history of an event, newest message first."""
    return [
        Step(version=version, title=step_title(version, language), is_shown=version.pk == shown.pk)
        for version in versions
    ]


def step_title(version: AlertVersion, language: str) -> str:
    """“Update: Severe. Winds rise”, in our words as far as they go."""
    kind = labels.MSG_TYPES.get(version.msg_type, version.msg_type)
    severity = labels.SEVERITIES.get(version.severity, version.severity)
    headline = queries.texts(version, language).headline
    return f"{kind}: {severity}. {headline}"


def zone_of(version: AlertVersion) -> str:
    """The time zone where an alert matters: of the city nearest to its middle, else of a country with one zone."""
    if version.impact_area is not None:
        shape = version.geometry()
        if shape is not None:
            middle = shape.representative_point()
            cities = Place.objects.filter(
                kind=Place.Kind.CITY,
                lat__range=(middle.y - NEAR_DEGREES, middle.y + NEAR_DEGREES),
                lon__range=(middle.x - NEAR_DEGREES, middle.x + NEAR_DEGREES),
            ).exclude(zone="")
            near = min(
                cities.values_list("lon", "lat", "zone"),
                key=lambda row: (row[0] - middle.x) ** 2 + (row[1] - middle.y) ** 2,
                default=None,
            )
            if near is not None:
                return str(near[2])
    if len(version.countries) == 1:
        cities = Place.objects.filter(kind=Place.Kind.CITY, country_code=version.countries[0]).exclude(
            zone=""
        )
        zones = set(cities.values_list("zone", flat=True)[:2000])
        if len(zones) == 1:
            return str(zones.pop())
    return "UTC"


def area_map(version: AlertVersion, area_label: str) -> SafeString | None:
    """A map of the impact area, or of the one country that is named; None when there is nothing to draw."""
    shape = version.geometry()
    title = _("Map of the area: %(area)s") % {"area": area_label}
    if shape is not None:
        css = f"s-{labels.SEVERITY_STEPS.get(version.severity, 0)}"
        return locator_svg(
            view_of(shape), title=title, focus=version.countries, areas=[(shape, css, area_label)]
        )
    if len(version.countries) == 1:
        country = Place.objects.filter(key=f"iso:{version.countries[0]}").first()
        if country is not None:
            view = country_view(country.code, country.lon, country.lat)
            return locator_svg(view, title=title, focus=version.countries)
    return None


def view_of(shape: BaseGeometry) -> tuple[float, float, float, float]:
    """The frame of a shape with its surroundings; east runs past 180 for a shape on both sides of the line."""
    west, south, east, north = shape.bounds
    if east - west > 180:
        parts = [part.bounds for part in getattr(shape, "geoms", [shape])]
        turned = [(box[0] + 360, box[2] + 360) if box[2] <= 0 else (box[0], box[2]) for box in parts]
        if max(box[1] for box in turned) - min(box[0] for box in turned) < east - west:
            west, east = min(box[0] for box in turned), max(box[1] for box in turned)
    widest = max(north - south, min(east - west, 180.0))
    # A small area is seen in its region.
    margin = 2.0 if widest < 1 else widest * 0.5
    south, north = max(-90.0, south - margin), min(90.0, north + margin)
    if east - west + 2 * margin >= 360:
        return -180.0, south, 180.0, north
    return west - margin, south, east + margin, north


def delay_minutes(sent_at: datetime, received_at: datetime) -> int | None:
    """How long after it was sent we read a message; None when the clocks or a hand-in make it meaningless."""
    minutes = round((received_at - sent_at).total_seconds() / 60)
    return minutes if 0 <= minutes <= 120 else None
