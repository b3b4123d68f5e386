"""Where an alert matters: the shapes it brings, or our estimate from one data table.

*given*: polygons and circles of all live info blocks, united. *derived*: a point with a magnitude, a PAGER
level or an event type becomes a disc by data/impact.csv and is shown as our estimate. *codes*: the shapes of the
codes that it names (coded.py). *country*: only names, or codes that no table holds; the countries they lie in.
*none*: nowhere known, at sea, or too small to matter. `possible` is what holds the codes without a shape.
Reads two data files; no ORM, no clock.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from functools import cache

import shapely
from shapely.geometry.base import BaseGeometry

from safeconduct.alerts import tsunami
from safeconduct.alerts.coded import Coded, coded_area
from safeconduct.alerts.normalise import DATA, Normal, normalise
from safeconduct.alerts.parsed import Area, Circle, Info, ParsedAlert, Quake
from safeconduct.lib import geo
from safeconduct.places.shapes import areas as areas_of_the_world
from safeconduct.places.shapes import country_shape

GIVEN, CODES, DERIVED, COUNTRY, NONE = "given", "codes", "derived", "country", "none"
QUAKE_TABLES = {"usgs": ("quake", "usgs"), "emsc": ("quake",), "gdacs": ("quake", "gdacs")}
"""Which rows of the table an agency's earthquake goes by: magnitude is read alike whoever measured it."""
_CENTRES = {"earthquake": "the epicentre", "tropical_cyclone": "the storm's centre", "volcano": "the summit"}
NEAR_DEGREES = 8.0
"""Seas that a country warns of may lie so far from its land."""
_FIGURE = re.compile(r"-?\d+(?:\.\d+)?")


LISTED = frozenset({"nina", "alertswiss"})
"""Formats whose messages name no end: they hold as long as they are listed, and a month at most without a word."""


@dataclass(frozen=True)
class Impact:
    """The impact area of one message. `countries` is filled where names or codes tell them."""

    geometry: BaseGeometry | None
    origin: str
    note: str = ""
    days: int = 7
    """How long it is believed when the message names no end."""
    countries: tuple[str, ...] = field(default=())
    possible: BaseGeometry | None = None
    """Where it may matter: the state or country of codes that no table holds."""
    unplaced: tuple[str, ...] = ()
    """Codes that no table holds."""


@dataclass(frozen=True)
class Row:
    """One row of data/impact.csv. `km` None: no area."""

    format: str
    event_type: str
    measure: str
    at_least: str
    below: str
    km: float | None
    days: int
    note: str


@cache
def table() -> tuple[Row, ...]:
    """The data table."""
    with (DATA / "impact.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Row(
                format=row["format"],
                event_type=row["event_type"],
                measure=row["measure"],
                at_least=row["at_least"],
                below=row["below"],
                km=float(row["km"]) if row["km"] else None,
                days=int(row["days"]),
                note=row["note"],
            )
            for row in csv.DictReader(file)
        )


def impact_area(alert: ParsedAlert, source_country: str = "", *, normal: Normal | None = None) -> Impact:
    """The impact area of a message of a source in `source_country` (ISO alpha-2, may be empty).

    `normal` is its common reading where that is known already.
    """
    normal = normal or normalise(alert)
    if alert.format in QUAKE_TABLES and alert.format != "gdacs":
        return _quake(alert, normal)
    if alert.format in ("gdacs", "gvp"):
        return _pointed(alert, normal)
    days = _days(alert.format if alert.format in LISTED else "cap", normal.event_type)
    infos = normal.live or alert.infos
    areas = [area for info in infos for area in info.areas]
    circles = list(dict.fromkeys(circle for area in areas for circle in area.circles))
    shapes = [polygon for area in areas for polygon in area.polygons]
    if tsunami.is_bulletin(alert) and not shapes:
        return _tsunami(alert, normal, infos[0] if infos else Info(), circles, source_country)
    shapes += [geo.disc(circle.lon, circle.lat, circle.km) for circle in circles if circle.km > 0]
    if shapes:
        expected = normal.countries or ((source_country,) if source_country else ())
        return _given(shapes, areas, days, expected)
    coded = coded_area(areas)
    points = [circle for circle in circles if circle.km == 0]
    if points and coded.geometry is None:
        return _around_points(alert, normal, points)
    return _named(normal, coded, areas, days, source_country)


def _given(
    shapes: list[BaseGeometry], areas: list[Area], days: int, expected: tuple[str, ...] = ()
) -> Impact:
    """The shapes of the message; areas that it names in codes alone, beside those with a shape, by their codes."""
    shaped = [area for area in areas if area.polygons or any(circle.km > 0 for circle in area.circles)]
    known = {id(area) for area in shaped}
    codes = {pair for area in shaped for pair in area.geocodes}
    names = {area.description for area in shaped}
    rest = [
        area
        for area in areas
        if id(area) not in known and area.description not in names and codes.isdisjoint(area.geocodes)
    ]
    coded = coded_area(rest) if codes else Coded()
    if coded.geometry is not None:
        shapes = [*shapes, coded.geometry]
    united, note = _united(shapes), ""
    if turned := _turned(united, expected):
        united, note = (
            turned,
            "latitude and longitude were exchanged in the message; read the right way round",
        )
    return Impact(united, GIVEN, note, days, possible=coded.possible, unplaced=coded.unplaced)


def _turned(shape: BaseGeometry, expected: tuple[str, ...]) -> BaseGeometry | None:
    """The shape with its axes exchanged when it lies right only so: far from every country that is expected as it
    stands, and on one of them when turned. None when it is fine, or when turning does not help either."""
    nations = [country_shape(code) for code in expected if code in areas_of_the_world().by_code]
    west, _south, east, _north = shape.bounds
    if not nations or max(abs(west), abs(east)) > 90 or any(nation.intersects(shape) for nation in nations):
        return None
    if any(shapely.dwithin(nation, shape, NEAR_DEGREES) for nation in nations):
        return None
    turned = shapely.transform(shape, lambda points: points[:, ::-1])
    return turned if any(nation.intersects(turned) for nation in nations) else None


def _named(normal: Normal, coded: Coded, areas: list[Area], days: int, source_country: str) -> Impact:
    """An area in codes or words: the codes' shapes, else the state, else the country."""
    countries = normal.countries or ((source_country,) if source_country else ())
    rest = f"; {len(coded.unplaced)} codes without a shape" if coded.unplaced else ""
    if coded.geometry is not None:
        note = f"the message names its area in codes; shapes from a boundary table{rest}"
        return Impact(coded.geometry, CODES, note, days, countries, coded.possible, coded.unplaced)
    if coded.is_at_sea:
        note = f"the message names sea areas{rest}"
        return Impact(None, NONE, note, days, countries, unplaced=coded.unplaced)
    if areas and countries:
        note = f"the message names its area in words or codes only{rest}"
        return Impact(None, COUNTRY, note, days, countries, coded.possible, coded.unplaced)
    note = "the message names no area that can be placed"
    return Impact(None, NONE, note, days, unplaced=coded.unplaced)


def _tsunami(
    alert: ParsedAlert, normal: Normal, info: Info, epicentres: list[Circle], source_country: str
) -> Impact:
    """A tsunami centre's bulletin: its circle is the epicentre. Coasts by codes, by its own words, by the table."""
    name = tsunami.kind(info)
    row = _widest(("tsunami",), "tsunami", None, level=name)
    days = _days("tsunami", "tsunami")
    row = row if row and row.measure == "level" else None
    if row is not None and row.km is None:
        return Impact(None, NONE, row.note, days)
    if countries := normal.countries:
        areas = [area for one in normal.live or alert.infos for area in one.areas]
        coded = coded_area(areas)
        note = "the bulletin names coasts in codes; its circle is the epicentre"
        origin = COUNTRY if coded.geometry is None else CODES
        return Impact(coded.geometry, origin, note, days, countries, coded.possible, coded.unplaced)
    reach = tsunami.reach_km(info)
    if epicentres and (reach or row):
        km = reach or (row.km if row else None) or 0.0
        words = "the bulletin’s own words" if reach or row is None else row.note
        discs = [geo.disc(point.lon, point.lat, km) for point in epicentres]
        return Impact(_united(discs), DERIVED, f"{km:g} km around the epicentre: {words}", days)
    if source_country:
        note = "the bulletin names no coast that can be placed"
        return Impact(None, COUNTRY, note, days, countries=(source_country,))
    return Impact(None, NONE, "the message names no area that can be placed", days)


def _united(shapes: list[BaseGeometry]) -> BaseGeometry:
    """The union; the same shape in every language counts once."""
    distinct = {geo.to_wkb(shape): shape for shape in shapes}
    united = shapely.union_all(list(distinct.values()))
    return united if united.is_valid else geo.polygonal(shapely.make_valid(united))


def _quake(alert: ParsedAlert, normal: Normal) -> Impact:
    """An agency's earthquake: by magnitude, and by what the agency expects of it."""
    tables = QUAKE_TABLES[alert.format]
    kind = normal.event_type
    days = _days(tables[0], kind)
    if alert.quake is None:
        return Impact(None, NONE, "withdrawn by the source", days)
    row = _widest(tables, kind, alert.quake)
    if (row is None or row.km is None) and alert.quake.magnitude is None:
        return Impact(None, NONE, "magnitude not known yet", days)
    if row is None or row.km is None:
        return Impact(None, NONE, "too small to concern travellers", days)
    return Impact(
        geo.disc(alert.quake.lon, alert.quake.lat, row.km), DERIVED, _words(row, "the epicentre"), row.days
    )


def _pointed(alert: ParsedAlert, normal: Normal) -> Impact:
    """A source that names one point, a level and countries: its shapes, else a disc by the table, else countries."""
    kind, infos = normal.event_type, normal.live or alert.infos
    areas = [area for info in infos for area in info.areas]
    tables = QUAKE_TABLES.get(alert.format, ()) if kind == "earthquake" else ()
    row = _widest((*tables, alert.format), kind, alert.quake, level=_level(alert))
    days = row.days if row else _days(alert.format, kind)
    if shapes := [polygon for area in areas for polygon in area.polygons]:
        return Impact(_united(shapes), GIVEN, days=days)
    points = [circle for area in areas for circle in area.circles]
    if points and row is not None and row.km is not None:
        discs = [geo.disc(point.lon, point.lat, row.km) for point in points]
        return Impact(_united(discs), DERIVED, _words(row, _CENTRES.get(kind, "the point named")), days)
    if kind == "earthquake" and points:
        return Impact(None, NONE, "too small to concern travellers", days)
    if countries := normal.countries:
        note = row.note if row else "the message names countries only"
        return Impact(None, COUNTRY, note, days, countries=countries)
    return Impact(None, NONE, "the message names no area that can be placed", days)


def _level(alert: ParsedAlert) -> str:
    """The colour for now that GDACS gives."""
    info = alert.infos[0] if alert.infos else Info()
    return (info.parameter("episodealertlevel") or info.parameter("alertlevel")).lower()


def _around_points(alert: ParsedAlert, normal: Normal, points: list[Circle]) -> Impact:
    kind = normal.event_type
    quake = Quake(_magnitude(alert), None, "", points[0].lon, points[0].lat)
    row = _widest(("cap-point",), kind, quake)
    if (
        row is None
        or row.km is None
        or (kind == "earthquake" and row.measure == "always" and _is_small(quake))
    ):
        return Impact(None, NONE, "too small to concern travellers", _days("cap", kind))
    shapes = [geo.disc(point.lon, point.lat, row.km) for point in points]
    return Impact(_united(shapes), DERIVED, _words(row, "the point named"), row.days)


def _is_small(quake: Quake) -> bool:
    return quake.magnitude is not None and quake.magnitude < 5


def _magnitude(alert: ParsedAlert) -> float | None:
    for info in alert.infos:
        for name in ("Magnitude", "EventPreliminaryMagnitude", "mag"):
            if figure := _FIGURE.search(info.parameter(name)):
                return float(figure[0])
    return None


def _widest(formats: tuple[str, ...], kind: str, quake: Quake | None, level: str = "") -> Row | None:
    """The widest row that applies; a row for the event type comes before one for all."""
    rows = [row for row in _rows(formats) if _applies(row, quake, level)]
    own = [row for row in rows if row.event_type == kind] or [row for row in rows if row.event_type == "*"]
    return max(own, key=lambda row: row.km or 0, default=None)


@cache
def _rows(formats: tuple[str, ...]) -> tuple[Row, ...]:
    return tuple(row for row in table() if row.format in formats)


def _applies(row: Row, quake: Quake | None, level: str) -> bool:
    if row.measure == "always":
        return True
    if row.measure == "level":
        return level == row.at_least
    if quake is None:
        return False
    if row.measure == "pager":
        return bool(quake.pager) and quake.pager == row.at_least
    if quake.magnitude is None:
        return False
    return quake.magnitude >= float(row.at_least) and (not row.below or quake.magnitude < float(row.below))


@cache
def _days(format: str, kind: str) -> int:
    rows = [row for row in table() if row.format == format and row.event_type in (kind, "*")]
    return max(row.days for row in rows)


def _words(row: Row, centre: str) -> str:
    return f"{row.km:g} km around {centre}: {row.note}"
