"""Areas that a message names in codes: their shapes, the region of what has none, and what was not placed.

The codes of one area in several schemes are the same area said several times: the scheme that can be placed best
counts. Reads the boundary tables of places; no ORM, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from shapely.geometry.base import BaseGeometry

from safeconduct.alerts.parsed import Area, Pair
from safeconduct.places.boundaries import (
    boundary,
    is_at_sea,
    is_known,
    region_key,
    region_shape,
    together,
)  # fmt: skip

MOST = 5000
"""Codes of a message that are looked up; no real one has a tenth of it."""
MOST_LISTED = 300
"""Codes without a shape that are kept by name."""


KEPT = 512
"""Lists of codes whose area is kept: the United States have about 400 warnings in force, of some 20 KB each."""


@dataclass(frozen=True)
class Coded:
    """What the codes of a message give. Without `geometry` and `possible` nothing could be placed."""

    geometry: BaseGeometry | None = None
    """The areas that tables hold, united."""
    possible: BaseGeometry | None = None
    """The states or countries that hold the rest; None when they are whole countries and there is nothing else."""
    unplaced: tuple[str, ...] = ()
    """“SCHEME code” of what no table holds."""
    is_at_sea: bool = False
    """Every code names a sea area."""


@dataclass
class _Found:
    """One scheme's reading of one area."""

    shapes: list[BaseGeometry] = field(default_factory=list)
    missing: list[Pair] = field(default_factory=list)
    at_sea: list[Pair] = field(default_factory=list)


def coded_area(areas: Iterable[Area]) -> Coded:
    """The areas of a message by their codes."""
    distinct = tuple(dict.fromkeys(area.geocodes for area in areas if area.geocodes))
    return _of(distinct) if distinct else Coded()


@lru_cache(maxsize=KEPT)
def _of(distinct: tuple[tuple[Pair, ...], ...]) -> Coded:
    """The same lists of codes come again with every renewal of a warning."""
    shapes: list[BaseGeometry] = []
    missing: dict[Pair, None] = {}
    at_sea: dict[Pair, None] = {}
    left = MOST
    for codes in distinct:
        found = _best(codes[: max(left, 0)])
        left -= len(codes)
        shapes += found.shapes
        missing.update(dict.fromkeys(found.missing))
        at_sea.update(dict.fromkeys(found.at_sea))
    unplaced = tuple(f"{scheme} {code}"[:80] for scheme, code in [*missing, *at_sea])[:MOST_LISTED]
    regions = list(dict.fromkeys(key for pair in missing if (key := region_key(*pair))))
    return Coded(
        geometry=_united(shapes),
        possible=_united(_regions(regions)) if shapes or any("/" in key for key in regions) else None,
        unplaced=unplaced,
        is_at_sea=bool(at_sea) and not shapes and not missing,
    )


def _best(codes: Sequence[Pair]) -> _Found:
    """The scheme that leaves the fewest codes of one area without a place, then the first of the message."""
    by_scheme: dict[str, list[Pair]] = {}
    for scheme, code in dict.fromkeys(codes):
        if not scheme.casefold().startswith("iso 3166-1"):
            by_scheme.setdefault(scheme, []).append((scheme, code))
    known = [pairs for scheme, pairs in by_scheme.items() if is_known(scheme)]
    if not known:
        return _Found(missing=[pair for pairs in by_scheme.values() for pair in pairs])
    readings = [_read(pairs) for pairs in known]
    return min(readings, key=lambda found: (len(found.missing), not found.shapes))


def _read(pairs: Iterable[Pair]) -> _Found:
    found = _Found()
    for scheme, code in pairs:
        shape = boundary(scheme, code)
        if shape is not None:
            found.shapes.append(shape)
        elif is_at_sea(scheme, code):
            found.at_sea.append((scheme, code))
        else:
            found.missing.append((scheme, code))
    return found


def _regions(keys: Iterable[str]) -> list[BaseGeometry]:
    return [shape for key in keys if (shape := region_shape(key)) is not None]


def _united(shapes: list[BaseGeometry]) -> BaseGeometry | None:
    distinct = list({id(shape): shape for shape in shapes}.values())
    if not distinct:
        return None
    return distinct[0] if len(distinct) == 1 else together(distinct)
