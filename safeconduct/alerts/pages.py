"""What the alert pages show, gathered before a template runs: words, places, zone, map, history.

Reads only. A source's own words have passed `queries.texts`, which keeps to the source's licence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import shapely
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from safeconduct.alerts import incidents, labels, queries
from safeconduct.alerts.corrections import CORRECTED, Effective, countries_of, of_versions
from safeconduct.alerts.listing import Row
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.feeds.models import Source
from safeconduct.places.drawing import country_view, locator_svg
from safeconduct.places.models import Place
from safeconduct.places.queries import country_names

NEAR_DEGREES = 5.0
MOST_CODES = 12


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    version: AlertVersion
    texts: queries.Texts
    countries: str
    concerns: bool
    others: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One version in the history of an event."""

    version: AlertVersion
    title: str
    is_shown: bool


@dataclass(frozen=True)
class Teller:
    """A source that tells of the incident, with the version that holds for it."""

    source: Source
    event: Event
    version: AlertVersion
    texts: queries.Texts
    is_shown: bool
    leads: bool


def lines(rows: list[Row], language: str) -> list[Line]:
    """Rows for the table, in the order given."""
    corrected = of_versions([row.version for row in rows])
    where = [countries_of(row.version, corrected) for row in rows]
    names = country_names({code for codes in where for code in codes}, language)
    return [
        Line(
            version=row.version,
            texts=queries.texts(row.version, language),
            countries=joined_names(codes, names),
            concerns=row.concerns,
            others=row.others,
        )
        for row, codes in zip(rows, where, strict=True)
    ]


def world_title() -> str:
    """What a screen reader says of the map."""
    return _("Map of the world with the active alerts. The table beneath it names the same alerts.")


def joined_names(codes: Sequence[str], names: dict[str, str]) -> str:
    """Countries in words; empty at sea."""
    found = sorted(names.get(code, code) for code in codes)
    if len(found) > 6:
        return _("%(names)s and %(more)d more") % {"names": ", ".join(found[:5]), "more": len(found) - 5}
    return ", ".join(found)


def tellers(shown: AlertVersion, language: str) -> list[Teller]:
    """The sources of an incident: that of the shown version first, then the others that may be told."""
    return [
        Teller(event.source, event, version, queries.texts(version, language), is_shown, _leads(event))
        for event, version, is_shown in [
            (shown.event, shown, True),
            *((event, event.current_version, False) for event in incidents.siblings(shown.event)),
        ]
        if version is not None and (is_shown or queries.reaches_travellers(_of(event, version)))
    ]


def _of(event: Event, version: AlertVersion) -> AlertVersion:
    """The version knowing its event, so that nothing is asked twice."""
    version.event = event
    return version


def _leads(event: Event) -> bool:
    return event.incident.lead_id == event.pk


def unplaced_words(version: AlertVersion) -> str:
    """The first codes that are on no map, as text; empty when all were found."""
    codes = [
        " ".join(str(part) for part in code) if isinstance(code, list) else str(code)
        for code in version.unplaced
    ]
    return ", ".join(codes[:MOST_CODES]) + ("…" if len(codes) > MOST_CODES else "")


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


def zone_of(version: AlertVersion, shape: BaseGeometry | None) -> str:
    """The time zone where an alert matters: of the city nearest to its middle, else of a country with one zone."""
    if shape is not None and not shape.is_empty:
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


def area_map(version: AlertVersion, effective: Effective, area_label: str) -> SafeString | None:
    """A map of where it matters, of a wrong area beside its correction, or of the one country that is named.

    None when there is nothing to draw. What is rough or no longer holds is dashed.
    """
    title = _("Map of the area: %(area)s") % {"area": area_label}
    css = f"s-{labels.SEVERITY_STEPS.get(version.severity, 0)}"
    wrong = version.geometry() if effective.origin == CORRECTED else None
    areas = [
        (shape, style, label)
        for shape, style, label in (
            (wrong, "s-0 is-rough", _("Area given by the source, corrected by us")),
            (effective.possible, f"{css} is-rough", _("Area that may be meant")),
            (effective.geometry, css, area_label),
        )
        if shape is not None and not shape.is_empty
    ]
    if areas:
        whole = (
            shapely.union_all([shape for shape, _style, _label in areas]) if len(areas) > 1 else areas[0][0]
        )
        return locator_svg(view_of(whole), title=title, focus=effective.countries, areas=areas)
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
