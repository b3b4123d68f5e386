"""Where an alert matters: the shapes it brings, or our estimate from one data table.

*given*: polygons and circles of all live info blocks, united. *derived*: a point with a magnitude, a PAGER
level or an event type becomes a disc by data/impact.csv and is shown as our estimate. *country*: only names
or geocodes; the countries they lie in. *none*: nowhere known, or too small to matter. Pure: no ORM, no clock.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from functools import cache

import shapely
from shapely.geometry.base import BaseGeometry

from safeconduct.alerts.normalise import DATA, event_type, live_infos, named_countries
from safeconduct.alerts.parsed import Circle, ParsedAlert, Quake
from safeconduct.lib import geo

GIVEN, DERIVED, COUNTRY, NONE = "given", "derived", "country", "none"
_PAGER_RANK = {"green": 1, "yellow": 2, "orange": 3, "red": 4}
_FIGURE = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Impact:
    """The impact area of one message. `countries` is filled where the origin is a country."""

    geometry: BaseGeometry | None
    origin: str
    note: str = ""
    days: int = 7
    """How long it is believed when the message names no end."""
    countries: tuple[str, ...] = field(default=())


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


def impact_area(alert: ParsedAlert, source_country: str = "") -> Impact:
    """The impact area of a message of a source in `source_country` (ISO alpha-2, may be empty)."""
    if alert.format == "usgs":
        return _usgs(alert)
    days = _days("cap", event_type(alert))
    infos = live_infos(alert) or alert.infos
    areas = [area for info in infos for area in info.areas]
    circles = list(dict.fromkeys(circle for area in areas for circle in area.circles))
    shapes = [polygon for area in areas for polygon in area.polygons]
    shapes += [geo.disc(circle.lon, circle.lat, circle.km) for circle in circles if circle.km > 0]
    if shapes:
        return Impact(_united(shapes), GIVEN, days=days)
    points = [circle for circle in circles if circle.km == 0]
    if points:
        return _around_points(alert, points)
    countries = named_countries(alert) or ((source_country,) if source_country else ())
    if areas and countries:
        return Impact(
            None, COUNTRY, "the message names its area in words or codes only", days, countries=countries
        )
    return Impact(None, NONE, "the message names no area that can be placed", days)


def _united(shapes: list[BaseGeometry]) -> BaseGeometry:
    """The union; the same shape in every language counts once."""
    distinct = {geo.to_wkb(shape): shape for shape in shapes}
    united = shapely.union_all(list(distinct.values()))
    return united if united.is_valid else geo.polygonal(shapely.make_valid(united))


def _usgs(alert: ParsedAlert) -> Impact:
    kind, days = event_type(alert), _days("usgs", event_type(alert))
    if alert.quake is None:
        return Impact(None, NONE, "withdrawn by the source", days)
    row = _widest("usgs", kind, alert.quake)
    if (row is None or row.km is None) and alert.quake.magnitude is None:
        return Impact(None, NONE, "magnitude not known yet", days)
    if row is None or row.km is None:
        return Impact(None, NONE, "too small to concern travellers", days)
    return Impact(
        geo.disc(alert.quake.lon, alert.quake.lat, row.km), DERIVED, _words(row, "the epicentre"), row.days
    )


def _around_points(alert: ParsedAlert, points: list[Circle]) -> Impact:
    kind = event_type(alert)
    quake = Quake(_magnitude(alert), None, "", points[0].lon, points[0].lat)
    row = _widest("cap-point", kind, quake)
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


def _widest(format: str, kind: str, quake: Quake) -> Row | None:
    """The widest row that applies; a row for the event type comes before one for all."""
    rows = [row for row in table() if row.format == format and _applies(row, quake)]
    own = [row for row in rows if row.event_type == kind] or [row for row in rows if row.event_type == "*"]
    return max(own, key=lambda row: row.km or 0, default=None)


def _applies(row: Row, quake: Quake) -> bool:
    if row.measure == "always":
        return True
    if row.measure == "pager":
        return bool(quake.pager) and quake.pager == row.at_least
    if quake.magnitude is None:
        return False
    return quake.magnitude >= float(row.at_least) and (not row.below or quake.magnitude < float(row.below))


def _days(format: str, kind: str) -> int:
    rows = [row for row in table() if row.format == format and row.event_type in (kind, "*")]
    return max(row.days for row in rows)


def _words(row: Row, centre: str) -> str:
    return f"{row.km:g} km around {centre}: {row.note}"
