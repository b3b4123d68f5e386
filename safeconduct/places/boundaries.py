"""The shape of a code by which a warning names its area, and the larger region when no table holds it.

EMMA_ID with its aliases NUTS2, NUTS3, WARNCELLID, CISORP and FIPS (MeteoAlarm), and US counties by FIPS, SAME and UGC.
Shapes are simplified to about 200 m. The file is read once in a process, on first use (about 20 ms, 3 MB); shapes are
made when asked for, and the last CACHED are kept (0.7 KB on average: some 4 MB), with the last 64 unions. Refuses to guess: an
unknown code has no shape, at most a region. Pure: no ORM, no clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from safeconduct.lib import geo
from safeconduct.lib.errors import NotFound
from safeconduct.places.files import DATA, read_json
from safeconduct.places.shapes import country_shape

SCALE = 1000
"""Coordinates are kept as whole thousandths of a degree."""
CRACK = 0.003
"""Degrees: what is narrower than twice this between two shapes of a union is closed."""
WORLD = box(-180, -90, 180, 90)
CACHED = 2000

SCHEMES = ("EMMA_ID", "UGC", "SAME", "FIPS6", "NUTS3", "NUTS2", "WARNCELLID", "CISORP", "FIPS")
STATES = {
    "AL": "01", "AK": "02", "AZ": "04", "AR": "05", "CA": "06", "CO": "08", "CT": "09", "DE": "10", "DC": "11",
    "FL": "12", "GA": "13", "HI": "15", "ID": "16", "IL": "17", "IN": "18", "IA": "19", "KS": "20", "KY": "21",
    "LA": "22", "ME": "23", "MD": "24", "MA": "25", "MI": "26", "MN": "27", "MS": "28", "MO": "29", "MT": "30",
    "NE": "31", "NV": "32", "NH": "33", "NJ": "34", "NM": "35", "NY": "36", "NC": "37", "ND": "38", "OH": "39",
    "OK": "40", "OR": "41", "PA": "42", "RI": "44", "SC": "45", "SD": "46", "TN": "47", "TX": "48", "UT": "49",
    "VT": "50", "VA": "51", "WA": "53", "WV": "54", "WI": "55", "WY": "56", "AS": "60", "GU": "66", "MP": "69",
    "PR": "72", "VI": "78",
}  # fmt: skip
"""Postal abbreviation → FIPS 5-2 code of states and territories."""
SEAS = frozenset({"AM", "AN", "GM", "LC", "LE", "LH", "LM", "LO", "LS", "PH", "PK", "PM", "PS", "PZ", "SL"})
"""The first two letters of UGC zones at sea and on the Great Lakes (MarineAreaCode of api.weather.gov)."""
LAST_STATE = "56"
"""FIPS: states end at 56 (Wyoming). What SAME writes above is a territory, a state in free association, or a sea:
recorded beside marine zones are 57, 58, 73, 77 and 91 to 94."""
FREELY_ASSOCIATED = frozenset({"64", "68", "70"})
"""Micronesia, the Marshall Islands, Palau."""
PREFIXES = {"EI": "IE", "UK": "GB", "EL": "GR", "IE": "EI", "GB": "UK", "GR": "EL"}
"""Two ways to write one country."""
COUNTRIES = {"EI": "IE", "UK": "GB", "EL": "GR"}


@dataclass(frozen=True)
class Tables:
    """The packed file: scheme → code → packed shape, and scheme → code → codes of EMMA_ID."""

    shapes: dict[str, dict[str, str]]
    aliases: dict[str, dict[str, list[str]]]


@cache
def tables() -> Tables:
    """The tables, read on the first call."""
    document = read_json(DATA / "map" / "boundaries.json.gz")
    if document["scale"] != SCALE:
        raise ValueError("boundaries.json.gz is packed with another scale")
    return Tables(document["shapes"], document["aliases"])


def boundary(scheme: str, code: str) -> BaseGeometry | None:
    """The area that a code stands for, in degrees and cut at ±180; None when no table holds it."""
    return _whole(_parts(_scheme(scheme), code.strip().upper()))


def _whole(parts: tuple[tuple[str, str], ...]) -> BaseGeometry | None:
    if not parts:
        return None
    return _shape(*parts[0]) if len(parts) == 1 else _union(parts)


def region(scheme: str, code: str) -> BaseGeometry | None:
    """The state, district or country that a code lies in by its own signs; None when it does not tell."""
    return region_shape(region_key(scheme, code))


def region_key(scheme: str, code: str) -> str:
    """What region a code lies in: “US/48” for a state, “DE/114626000” for a German district, “DE” for a country.

    Empty when the code does not tell, or lies at sea.
    """
    name, code = _scheme(scheme), code.strip().upper()
    if is_at_sea(scheme, code):
        return ""
    if state := _state(name, code):
        return f"US/{state}"
    # A municipality or a part of a district: 8 or 9, the district's official key of five digits, and the rest.
    if name == "WARNCELLID" and len(code) == 9 and code[0] in "89" and _district(code[1:6]):
        return f"DE/{code[1:6]}"
    return _country(name, code)


def region_shape(key: str) -> BaseGeometry | None:
    """The shape of a region by its key; None for an unknown one."""
    country, _, part = key.partition("/")
    if country == "DE" and part:
        return _whole(_district(part))
    if part:
        return _union(tuple(("FIPS6", code) for code in _counties(part)))
    try:
        return country_shape(country) if country else None
    except NotFound:
        return None


def is_at_sea(scheme: str, code: str) -> bool:
    """Whether a code names a sea area of the US weather service, which no table holds."""
    name, code = _scheme(scheme), code.strip().upper()
    if name == "UGC":
        return code[:2] in SEAS and code[2:3] == "Z"
    if name != "SAME" or len(code) != 6 or not code.isdigit() or code[1:3] <= LAST_STATE:
        return False
    return code[1:3] not in FREELY_ASSOCIATED and code[1:3] not in STATES.values()


def is_known(scheme: str) -> bool:
    """Whether a table holds codes of this scheme."""
    return _scheme(scheme) in SCHEMES


def _scheme(scheme: str) -> str:
    """One name for each scheme."""
    name = scheme.strip().upper()
    return "WARNCELLID" if name == "WARNCELL" else name


def _parts(name: str, code: str) -> tuple[tuple[str, str], ...]:
    """The packed shapes that a code consists of."""
    known = tables()
    if name == "EMMA_ID":
        found = next((one for one in _spellings(code) if one in known.shapes["EMMA_ID"]), "")
        return (("EMMA_ID", found),) if found else ()
    if name in ("UGC", "SAME", "FIPS6") or (name == "FIPS" and code.isdigit()):
        return tuple(("FIPS6", key) for key in _us(name, code))
    aliases = known.aliases.get(name, {})
    targets = next((aliases[one] for one in _spellings(code) if one in aliases), [])
    if not targets and name == "WARNCELLID" and len(code) == 9 and code[0] == "1" and code[6:] == "000":
        return _district(code[1:6])
    return tuple(("EMMA_ID", target) for target in targets)


@cache
def _district(key: str) -> tuple[tuple[str, str], ...]:
    """The shapes of a German district by its official key: mountains and coasts are split in parts."""
    aliases = tables().aliases["WARNCELLID"]
    targets = {one for code in aliases if code[0] in "19" and code[1:6] == key for one in aliases[code]}
    return tuple(("EMMA_ID", target) for target in sorted(targets))


def _spellings(code: str) -> tuple[str, ...]:
    """A code as it is written, and with the other letters of its country."""
    other = PREFIXES.get(code[:2])
    return (code, other + code[2:]) if other else (code,)


def _us(name: str, code: str) -> tuple[str, ...]:
    """FIPS codes of the counties that a code of the US weather service stands for."""
    state = _state(name, code)
    if not state:
        return ()
    if name == "UGC":
        if code[2:3] == "Z":
            return _counties(state) if code[3:] in ("ALL", "000") else ()
        county = "000" if code[3:] == "ALL" else code[3:]
    else:
        county = code[-3:]
    if county == "000":
        return _counties(state)
    return (state + county,) if state + county in tables().shapes["FIPS6"] else ()


def _state(name: str, code: str) -> str:
    """The FIPS code of the state that a code begins with; empty when it names none."""
    if name == "UGC":
        return STATES.get(code[:2], "") if len(code) == 6 and code[2] in "CZ" else ""
    # SAME: which part of the county (0: all of it), state, county; a part counts as its county.
    if name in ("SAME", "FIPS6", "FIPS") and code.isdigit() and len(code) in (5, 6):
        state = code[-5:-3]
        return state if state in STATES.values() else ""
    return ""


@cache
def _counties(state: str) -> tuple[str, ...]:
    return tuple(code for code in tables().shapes["FIPS6"] if code.startswith(state))


def _country(name: str, code: str) -> str:
    """ISO 3166-1 alpha-2 by the letters of a code or by its scheme; empty when neither tells."""
    if name in ("UGC", "SAME", "FIPS6"):
        return "US"
    fixed = {"WARNCELLID": "DE", "CISORP": "CZ"}.get(name)
    if fixed:
        return fixed
    letters = code[:2]
    if name not in ("EMMA_ID", "NUTS1", "NUTS2", "NUTS3", "FIPS") or not letters.isalpha():
        return ""
    if name == "FIPS":
        # FIPS 10-4 is not ISO; only what MeteoAlarm uses is read.
        return {"EI": "IE", "AN": "AD"}.get(letters, "")
    return COUNTRIES.get(letters, letters)


@lru_cache(maxsize=CACHED)
def _shape(table: str, code: str) -> BaseGeometry:
    return unpack(tables().shapes[table][code])


@lru_cache(maxsize=64)
def _union(parts: tuple[tuple[str, str], ...]) -> BaseGeometry:
    return together([_shape(*part) for part in parts])


def together(shapes: list[BaseGeometry]) -> BaseGeometry:
    """The union of shapes, with the cracks closed that simplifying has left between neighbours."""
    united = _dissolved(shapes)
    if not _has_cracks(united):
        return united
    wide = shapely.buffer(united, CRACK, quad_segs=1, join_style="mitre")
    closed = shapely.buffer(wide, -CRACK, quad_segs=1, join_style="mitre")
    united = shapely.union_all([united, shapely.intersection(closed, WORLD)])
    return geo.polygonal(united if united.is_valid else shapely.make_valid(united))


def _has_cracks(united: BaseGeometry) -> bool:
    """Whether there may be some: holes, or parts nearer to each other than a crack is wide."""
    parts = shapely.get_parts(united)
    if shapely.get_num_interior_rings(parts).any():
        return True
    if len(parts) < 2:
        return False
    one, other = shapely.STRtree(parts).query(parts, predicate="dwithin", distance=2 * CRACK)
    return bool((one != other).any())


def _dissolved(shapes: list[BaseGeometry]) -> BaseGeometry:
    """The union. Shapes of one table share their borders point by point: leaving these out takes a seventh of the time.

    Where borders are not alike, shapes overlap or stand twice, that is refused, or gives no valid area, or not the sum
    of theirs: then the slow way.
    """
    try:
        joined: BaseGeometry = shapely.coverage_union_all(shapes)
    except shapely.errors.GEOSException:
        return shapely.union_all(shapes)
    total = sum(shape.area for shape in shapes)
    if math.isclose(joined.area, total, rel_tol=1e-9) and joined.is_valid:
        return geo.polygonal(joined)
    return shapely.union_all(shapes)


def pack(geometry: BaseGeometry) -> str:
    """Polygons as text: rings of differences in thousandths; `;` between rings, `/` between polygons."""
    polygons: list[Any] = list(getattr(geometry, "geoms", [geometry]))
    return "/".join(
        ";".join(_packed(ring) for ring in (polygon.exterior, *polygon.interiors)) for polygon in polygons
    )


def _packed(ring: Any) -> str:
    whole = np.rint(shapely.get_coordinates(ring)[:-1] * SCALE).astype(int)
    return " ".join(map(str, np.diff(whole, axis=0, prepend=[[0, 0]]).ravel()))


def unpack(packed: str) -> BaseGeometry:
    """The geometry of a packed text."""
    polygons = [Polygon(rings[0], rings[1:]) for rings in map(_rings, packed.split("/"))]
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def _rings(packed: str) -> list[Any]:
    return [
        np.cumsum(np.array(ring.split(), dtype=int).reshape(-1, 2), axis=0) / SCALE
        for ring in packed.split(";")
    ]
