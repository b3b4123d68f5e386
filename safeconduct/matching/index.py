"""Active warnings in memory: which of them concern a few stays. Pure: warnings and stays in, matches out.

A tree over the bounding boxes of all impact areas, times as arrays, and a table of country-wide warnings by
country. It holds no row and no connection; `actions.py` keeps one per process and rebuilds it when the active
versions change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from safeconduct.matching.match import MARGIN, Impact, Match, Whereabouts, explain, match

K = TypeVar("K")
FOREVER: Final = math.inf
Floats = npt.NDArray[np.float64]


class ImpactIndex(Generic[K]):
    """Warnings under keys of the caller's choosing (a version's id)."""

    def __init__(self, warnings: Sequence[tuple[K, Impact]]) -> None:
        self._shaped = [(key, impact) for key, impact in warnings if impact.geometry is not None]
        self._national: dict[str, list[tuple[K, Impact]]] = {}
        for key, impact in warnings:
            if impact.geometry is None:
                for country in impact.countries:
                    self._national.setdefault(country, []).append((key, impact))
        geometries = [impact.geometry for _key, impact in self._shaped if impact.geometry is not None]
        self._areas = np.array(geometries, dtype=object)
        self._tree = shapely.STRtree(geometries)
        shapely.prepare(self._areas)
        margin = MARGIN.total_seconds()
        self._onset = np.array([impact.onset_at.timestamp() - margin for _key, impact in self._shaped])
        self._ends = np.array([_end(impact.ends_at) + margin for _key, impact in self._shaped])
        self._speaks = np.array([impact.is_told_without_a_place for _key, impact in self._shaped], dtype=bool)

    def __len__(self) -> int:
        return len(self._shaped) + len({id(one) for rows in self._national.values() for _key, one in rows})

    def matches(self, stays: Sequence[Whereabouts]) -> list[tuple[K, int, Match]]:
        """Return (key, number of the stay, match) for every warning and stay that meet, by stay, then warning."""
        found = [(self._shaped[row][0], number, hit) for number, row, hit in self._by_shape(stays)]
        for number, stay in enumerate(stays):
            for key, impact in self._national.get(stay.country_code, ()):
                hit = match(impact, stay)
                if hit is not None:
                    found.append((key, number, hit))
        return found

    def _by_shape(self, stays: Sequence[Whereabouts]) -> list[tuple[int, int, Match]]:
        numbers = [number for number, stay in enumerate(stays) if stay.geometry is not None]
        if not numbers or not self._shaped:
            return []
        extents = np.array([stays[number].geometry for number in numbers], dtype=object)
        which, rows = self._tree.query(extents)
        begin = np.array([stays[number].from_at.timestamp() for number in numbers])
        end = np.array([_end(stays[number].to_at) for number in numbers])
        nation = np.array([stays[number].is_a_country for number in numbers], dtype=bool)
        timely = (self._onset[rows] <= end[which]) & (self._ends[rows] >= begin[which])
        timely &= ~nation[which] | self._speaks[rows]
        which, rows = which[timely], rows[timely]
        hits = shapely.intersects(self._areas[rows], extents[which])
        return [
            (numbers[one], int(row), hit)
            for one, row in zip(which[hits].tolist(), rows[hits].tolist(), strict=True)
            if (hit := explain(self._shaped[row][1], stays[numbers[one]])) is not None
        ]


def _end(at: datetime | None) -> float:
    return FOREVER if at is None else at.timestamp()


def geometry_of(data: bytes | memoryview | None) -> BaseGeometry | None:
    """Return the geometry of a stored form, None for none."""
    if data is None:
        return None
    geometry = shapely.from_wkb(bytes(data))
    return geometry if isinstance(geometry, BaseGeometry) else None
