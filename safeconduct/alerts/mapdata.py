"""What the map of alerts shows: simplified areas and a place for each sign, worst first, of bounded size.

The part that is the same for every reader is kept in the process for half a minute; what concerns one reader and
where their trips go is added for each request and never kept. Reads only.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import shapely
from django.urls import reverse
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from safeconduct.alerts import corrections, labels, listing, queries
from safeconduct.alerts.hooks import OwnPoint
from safeconduct.alerts.listing import Filters, Row
from safeconduct.alerts.models import AlertVersion
from safeconduct.lib import clock, geo
from safeconduct.lib.timewords import span_words
from safeconduct.places.models import Place
from safeconduct.places.queries import country_names
from safeconduct.places.worldmap import Mark, coordinates_of, in_one_piece

MOST: Final = 1500
MOST_LETTERS: Final = 3_000_000
"""Of all areas together, unpacked; what comes later in the order has its sign and no area."""
MOST_POINTS: Final = 900
KEPT: Final = timedelta(seconds=30)
KEPT_ANSWERS: Final = 12
KEPT_SHAPES: Final = 6000
TITLE_LENGTH: Final = 160
# A shape is drawn within a four-hundredth of its own size: half a pixel where it fills a phone.
FINENESS, FINEST, COARSEST = 400, 0.002, 0.1


@dataclass(frozen=True)
class Drawn:
    """A version as it is drawn: areas (shape, is it rough), and where its sign stands."""

    shapes: tuple[tuple[BaseGeometry, bool], ...]
    spot: tuple[float, float] | None


@dataclass(frozen=True)
class Answer:
    """The features of one set of filters in one language, as JSON texts, with the events behind each."""

    features: tuple[str, ...]
    events: dict[str, frozenset[int]]
    """Public id of the version → keys of the incident's events that fit."""
    total: int


_lock = threading.Lock()
_answers: OrderedDict[tuple[Filters, str], tuple[datetime, Answer]] = OrderedDict()
_drawn: OrderedDict[tuple[int, int], Drawn] = OrderedDict()


def answer(filters: Filters, language: str, *, now: datetime | None = None) -> Answer:
    """The features of everything that fits, worst first; half a minute old at most."""
    at, key = now or clock.now(), (filters, language)
    with _lock:
        kept = _answers.get(key)
    if kept is not None and timedelta() <= at - kept[0] < KEPT:
        return kept[1]
    found = listing.incidents(filters, now=at)
    keys = [row["event__incident"] for row in found[:MOST]]
    total = len(keys) if len(keys) < MOST else found.count()
    rows = listing.rows_of(keys, filters, now=at)
    made = Answer(tuple(features(rows, language)), {row.version.public_id: row.events for row in rows}, total)
    with _lock:
        _answers[key] = (at, made)
        _answers.move_to_end(key)
        while len(_answers) > KEPT_ANSWERS:
            _answers.popitem(last=False)
    return made


def forget() -> None:
    """Drop what is kept: for tests, whose database changes beneath."""
    with _lock:
        _answers.clear()
        _drawn.clear()


def collection(
    filters: Filters, language: str, *, concerning: frozenset[int], points: Sequence[OwnPoint]
) -> str:
    """The GeoJSON FeatureCollection (RFC 7946) for one reader: with what concerns them and where they will be."""
    shared = answer(filters, language)
    parts = list(shared.features)
    mine = [name for name, events in shared.events.items() if events & concerning]
    missing = concerning - frozenset(key for events in shared.events.values() for key in events)
    if missing and shared.total >= MOST:
        # What concerns the reader is on the map however mild it is.
        found = listing.fitting(filters).filter(event_id__in=missing)
        keys = list(found.values_list("event__incident", flat=True).distinct())
        rows = listing.rows_of(keys, filters)
        parts += features(rows, language)
        mine += [row.version.public_id for row in rows]
    own = [
        {"lon": round(at.lon, 3), "lat": round(at.lat, 3), "label": at.label, "when": at.when, "url": at.url}
        for at in points
    ]
    head = {"total": shared.total, "shown": len(shared.events), "concerns": sorted(mine), "stops": own}
    return f'{{"type":"FeatureCollection",{_json(head)[1:-1]},"features":[{",".join(parts)}]}}'


def features(rows: Sequence[Row], language: str) -> Iterable[str]:
    """The GeoJSON features of rows as texts: a sign for each, and its areas while there is room."""
    drawn = drawings([row.version for row in rows])
    corrected = corrections.of_versions([row.version for row in rows])
    where = {row.version.pk: corrections.countries_of(row.version, corrected) for row in rows}
    names = country_names({code for codes in where.values() for code in codes}, language)
    room, year = MOST_LETTERS, clock.now().year
    for row in rows:
        how = drawn[row.version.pk]
        if how.spot is None:
            continue
        countries = sorted(names.get(code, code) for code in where[row.version.pk])
        properties = _properties(row, countries, language, year)
        yield _feature("Point", list(how.spot), {**properties, "part": "sign"})
        for shape, is_rough in how.shapes:
            if room <= 0:
                break
            part = {
                "id": properties["id"],
                "level": properties["level"],
                "part": "rough" if is_rough else "area",
            }
            text = _feature("MultiPolygon", coordinates_of(shape, _decimals(shape)), part)
            room -= len(text)
            yield text


def _properties(row: Row, countries: Sequence[str], language: str, year: int) -> dict[str, Any]:
    version = row.version
    words = queries.texts(version, language)
    title = words.headline if len(words.headline) <= TITLE_LENGTH else words.headline[:TITLE_LENGTH] + "…"
    return {
        "id": version.public_id,
        "url": reverse("alerts:version", args=[version.public_id]),
        "title": title,
        "lang": words.language,
        "level": labels.SEVERITY_STEPS.get(version.severity, 0),
        "severity": str(labels.SEVERITIES.get(version.severity, version.severity)),
        "event": words.event,
        "where": ", ".join(countries[:4]) + ("…" if len(countries) > 4 else ""),
        "when": span_words(version.begins_at, version.ends_at, "UTC", this_year=year),
        "source": ", ".join((version.event.source.name, *row.others)),
        "note": _note(version),
    }


def _note(version: AlertVersion) -> str:
    if version.status != "Actual":
        return _("Exercise")
    if version.impact_origin == AlertVersion.ImpactOrigin.COUNTRY:
        return _("Somewhere in the country")
    return _("Our estimate") if version.impact_origin == AlertVersion.ImpactOrigin.DERIVED else ""


def _feature(kind: str, coordinates: list[Any], properties: dict[str, Any]) -> str:
    geometry = {"type": kind, "coordinates": coordinates}
    return _json({"type": "Feature", "properties": properties, "geometry": geometry})


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def marks(rows: Sequence[Row], language: str) -> list[Mark]:
    """The rows as they are drawn on the map that needs no script."""
    drawn = drawings([row.version for row in rows])
    found = []
    for row in rows:
        how, version = drawn[row.version.pk], row.version
        if how.spot is None:
            continue
        severity = labels.SEVERITIES.get(version.severity, version.severity)
        found.append(
            Mark(
                shapes=how.shapes,
                lon=how.spot[0],
                lat=how.spot[1],
                level=str(labels.SEVERITY_STEPS.get(version.severity, 0)),
                label=f"{severity}: {queries.texts(version, language).headline}"[:TITLE_LENGTH],
                url=reverse("alerts:version", args=[version.public_id]),
            )
        )
    return found


def drawings(versions: Sequence[AlertVersion]) -> dict[int, Drawn]:
    """How each version is drawn, with corrected areas in place of wrong ones. Shapes are loaded once a process."""
    corrected = corrections.of_versions(versions)
    keys = {
        version.pk: (version.pk, corrected[version.pk].pk if version.pk in corrected else 0)
        for version in versions
    }
    with _lock:
        found = {pk: _drawn[key] for pk, key in keys.items() if key in _drawn}
    unknown = [version for version in versions if version.pk not in found]
    places = _country_places(unknown)
    for start in range(0, len(unknown), 200):
        part = unknown[start : start + 200]
        stored = {
            pk: (area, possible)
            for pk, area, possible in AlertVersion.objects.filter(
                pk__in=[one.pk for one in part]
            ).values_list("pk", "impact_area", "possible_area")
        }
        for version in part:
            area, possible = stored.get(version.pk, (None, None))
            row = corrected.get(version.pk)
            shape = row.geometry() if row is not None else geo.from_wkb(area) if area else None
            rough = None if row is not None or not possible else geo.from_wkb(possible)
            found[version.pk] = _drawing(
                shape, rough, [places[code] for code in version.countries if code in places]
            )
    with _lock:
        for version in unknown:
            _drawn[keys[version.pk]] = found[version.pk]
        while len(_drawn) > KEPT_SHAPES:
            _drawn.popitem(last=False)
    return found


def _country_places(versions: Sequence[AlertVersion]) -> dict[str, tuple[float, float]]:
    """The middles of countries that the versions name."""
    keys = {f"iso:{code}" for version in versions for code in version.countries[:8]}
    rows = Place.objects.filter(key__in=keys).values_list("code", "lon", "lat") if keys else ()
    return {code: (lon, lat) for code, lon, lat in rows}


def _drawing(
    shape: BaseGeometry | None, rough: BaseGeometry | None, middles: Sequence[tuple[float, float]]
) -> Drawn:
    shapes = tuple(
        (simplified(part), is_rough) for part, is_rough in ((shape, False), (rough, True)) if part is not None
    )
    if shapes:
        whole = shapes[0][0]
        spot = max(getattr(whole, "geoms", [whole]), key=lambda part: part.area).representative_point()
        lon = spot.x - 360 if spot.x > 180 else spot.x
        return Drawn(shapes, (round(lon, 3), round(spot.y, 3)))
    return Drawn((), (round(middles[0][0], 3), round(middles[0][1], 3)) if middles else None)


def simplified(shape: BaseGeometry) -> BaseGeometry:
    """A shape with as many corners as can be seen when it fills a small screen, and never none."""
    whole = in_one_piece(shape)
    west, south, east, north = whole.bounds
    tolerance = min(COARSEST, max(FINEST, max(east - west, north - south) / FINENESS))
    simple = shapely.simplify(whole, tolerance, preserve_topology=False)
    while shapely.get_num_coordinates(simple) > MOST_POINTS and tolerance < 5:
        tolerance *= 2
        simple = shapely.simplify(simple, tolerance, preserve_topology=False)
    parts = [
        part
        for part in getattr(simple, "geoms", [simple])
        if part.geom_type == "Polygon" and not part.is_empty
    ]
    if not parts:
        return whole.envelope if whole.envelope.geom_type == "Polygon" else whole.buffer(FINEST)
    if len(parts) > 1:
        parts = [part for part in parts if part.area >= tolerance**2] or [
            max(parts, key=lambda part: part.area)
        ]
    return shapely.MultiPolygon(parts)


def _decimals(shape: BaseGeometry) -> int:
    west, south, east, north = shape.bounds
    return 3 if max(east - west, north - south) < 4 else 2
