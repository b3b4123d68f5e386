"""Active warnings in memory: which of them concern a few stays. Pure: warnings and stays in, matches out.

A tree over the bounding boxes of all impact areas, times as arrays, and a table of country-wide warnings by
country. It holds no row and no connection; `actions.py` keeps one per process and rebuilds it when the active
versions change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import shapely

from safeconduct.matching.match import MARGIN, Impact, Match, Whereabouts, areas_of, explain, match

K = TypeVar("K")
FOREVER: Final = math.inf
Rows = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Timed:
    """Rows of warnings with their times side by side."""

    rows: Rows
    onset: Floats
    ends: Floats


class ImpactIndex(Generic[K]):
    """Warnings under keys of the caller's choosing (a version's id)."""

    def __init__(self, warnings: Sequence[tuple[K, Impact]]) -> None:
        self._keys = [key for key, _impact in warnings]
        self._impacts = [impact for _key, impact in warnings]
        margin = MARGIN.total_seconds()
        self._onset = np.array([impact.onset_at.timestamp() - margin for impact in self._impacts])
        self._ends = np.array([_end(impact.ends_at) + margin for impact in self._impacts])
        # Each area with its warning: the impact area, and where it may matter when that is told at all.
        areas = [(number, area) for number, impact in enumerate(self._impacts) for area in areas_of(impact)]
        self._rows = np.array([number for number, _area in areas], dtype=np.intp)
        self._areas = _objects([area for _number, area in areas])
        shapely.prepare(self._areas)
        self._tree = shapely.STRtree(self._areas)
        self._national = self._by_country(lambda impact: impact.is_national)
        self._in_country = self._by_country(lambda impact: True)
        self._unplaced = [
            number
            for number, impact in enumerate(self._impacts)
            if impact.countries is None and not impact.is_national
        ]

    def __len__(self) -> int:
        return len(self._keys)

    def matches(self, stays: Sequence[Whereabouts]) -> list[tuple[K, int, Match]]:
        """Return (key, number of the stay, match) for every warning and stay that meet."""
        found = []
        for row, number in self._meeting(stays):
            impact, stay = self._impacts[row], stays[number]
            is_plain = impact.geometry is not None and impact.possible is None
            hit = explain(impact, stay) if is_plain else match(impact, stay)
            if hit is not None:
                found.append((self._keys[row], number, hit))
        return found

    def meeting(self, stays: Sequence[Whereabouts]) -> list[tuple[K, int]]:
        """Return (key, number of the stay) for every warning and stay that meet, without how."""
        return [(self._keys[row], number) for row, number in self._meeting(stays)]

    def _meeting(self, stays: Sequence[Whereabouts]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        placed: list[int] = []
        begin = [stay.from_at.timestamp() for stay in stays]
        end = [_end(stay.to_at) for stay in stays]
        for number, stay in enumerate(stays):
            timed = (self._in_country if stay.is_a_country else self._national).get(stay.country_code)
            if timed is not None:
                timely = timed.rows[(timed.onset <= end[number]) & (timed.ends >= begin[number])]
                found += [(row, number) for row in timely.tolist()]
            if not stay.is_a_country and stay.geometry is not None:
                placed.append(number)
            elif self._unplaced:
                found += [
                    (row, number) for row in self._unplaced if match(self._impacts[row], stay) is not None
                ]
        if placed and len(self._rows):
            found += self._by_shape(stays, placed, begin, end)
        return found

    def _by_shape(
        self, stays: Sequence[Whereabouts], placed: list[int], begin: list[float], end: list[float]
    ) -> list[tuple[int, int]]:
        extents = _objects([stays[number].geometry for number in placed])
        which, near = self._tree.query(extents)
        if not len(which):
            return []
        rows, numbers = self._rows[near], np.array(placed, dtype=np.intp)[which]
        timely = (self._onset[rows] <= np.array(end)[numbers]) & (
            self._ends[rows] >= np.array(begin)[numbers]
        )
        near, rows, numbers, which = near[timely], rows[timely], numbers[timely], which[timely]
        meets = shapely.intersects(self._areas[near], extents[which])
        pairs = zip(rows[meets].tolist(), numbers[meets].tolist(), strict=True)
        # A stay in both areas of a warning is met once.
        return list(dict.fromkeys(pairs))

    def _by_country(self, is_meant: Callable[[Impact], bool]) -> dict[str, _Timed]:
        """The warnings of each country that are told to people of whom no more is known."""
        found: dict[str, list[int]] = {}
        for number, impact in enumerate(self._impacts):
            if impact.is_told_without_a_place and is_meant(impact):
                for country in impact.countries or ():
                    found.setdefault(country, []).append(number)
        return {
            country: _Timed(np.array(rows), self._onset[rows], self._ends[rows])
            for country, rows in found.items()
        }


def _objects(items: Sequence[object]) -> npt.NDArray[np.object_]:
    """An array of objects; numpy's own way asks each whether it is a sequence, which takes three times as long."""
    array = np.empty(len(items), dtype=object)
    for number, item in enumerate(items):
        array[number] = item
    return array


def _end(at: datetime | None) -> float:
    return FOREVER if at is None else at.timestamp()
