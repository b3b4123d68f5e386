"""Shapes: country-coder's areas for matching, Natural Earth at 15 % for drawing.

Matching shapes include coastal waters and are generous on purpose; drawing shapes show the coast. The two are
never mixed.
"""

from __future__ import annotations

import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import box, mapping, shape

from safeconduct.places.build.countries import code_of
from safeconduct.places.build.inputs import Inputs
from safeconduct.places.files import TYPED, read_json, read_rows, write_json

SIMPLIFY = "15%"
DIGITS = 3


def build_maps(inputs: Inputs, codes: list[str], out: Path) -> None:
    """Write map/match.json.gz and map/world.json.gz."""
    write_json(out / "map" / "match.json.gz", _match(inputs, codes))
    write_json(out / "map" / "world.json.gz", _world(inputs, codes))


def _match(inputs: Inputs, codes: list[str]) -> list[dict[str, Any]]:
    """One entry an area: its code ("" when it belongs to none), its name, its polygons."""
    areas = []
    for feature in inputs.borders():
        about = feature["properties"]
        if feature["geometry"]:
            code = code_of(about, codes) or ""
            areas.append({"code": code, "name": about["nameEn"], "geometry": feature["geometry"]})
    return areas


def _world(inputs: Inputs, codes: list[str]) -> dict[str, Any]:
    """Code → polygons (rings of [lon, lat]); the 11 territories are cut out of their parents."""
    shapes: dict[str, Any] = {}
    for feature in _simplified(inputs):
        code = feature["properties"]["ISO_A2_EH"]
        if code in codes and feature["geometry"]:
            geometry = shapely.make_valid(shape(feature["geometry"]))
            shapes[code] = shapes[code].union(geometry) if code in shapes else geometry
    for row in read_rows(TYPED / "territory_split.csv"):
        window = box(float(row["west"]), float(row["south"]), float(row["east"]), float(row["north"]))
        parent = shapes[row["parent"]]
        part = parent.intersection(window)
        if not part.is_empty:
            shapes[row["iso2"]] = part
            shapes[row["parent"]] = parent.difference(window)
    return {code: _polygons(shapes[code]) for code in sorted(shapes)}


def _simplified(inputs: Inputs) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(inputs.natural_earth) as archive:
            archive.extractall(folder)
        source, target = next(Path(folder).glob("*.shp")), Path(folder) / "world.geojson"
        command = ["node", str(inputs.mapshaper), str(source), "-filter-fields", "ISO_A2_EH"]
        command += ["-simplify", "visvalingam", "weighted", SIMPLIFY, "keep-shapes"]
        command += ["-o", str(target), "format=geojson", f"precision={10**-DIGITS}"]
        subprocess.run(command, check=True, capture_output=True)
        return list(read_json(target)["features"])


def _polygons(geometry: Any) -> list[Any]:
    parts = [part for part in getattr(geometry, "geoms", [geometry]) if part.geom_type == "Polygon"]
    return [
        [[[round(x, DIGITS), round(y, DIGITS)] for x, y in ring] for ring in mapping(part)["coordinates"]]
        for part in parts
    ]
