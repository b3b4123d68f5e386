"""The United Nations' regions of the world (M49) that each code lies in, after CLDR's territory containment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from safeconduct.places.build.inputs import Inputs
from safeconduct.places.files import write_rows

WORLD = "001"
HEAD = ("iso2", "region", "subregion")


def build_regions(inputs: Inputs, codes: Sequence[str], out: Path) -> None:
    """Write world_region.csv: continent-sized region and the smallest one; both empty for Antarctica."""
    contains = inputs.cldr("territoryContainment")["territoryContainment"]
    write_rows(out / "world_region.csv", HEAD, rows(contains, codes))


def rows(contains: Mapping[str, Any], codes: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """One row for each code."""
    found: dict[str, tuple[str, str]] = {}
    for region in contains[WORLD]["_contains"]:
        for subregion, code in _leaves(contains, region, region):
            # Sub-regions that hold others come first: the last one is the smallest.
            found[code] = (region, subregion)
    for code in sorted(codes):
        yield (code, *found.get(code, ("", "")))


def _leaves(contains: Mapping[str, Any], region: str, within: str) -> Iterator[tuple[str, str]]:
    for part in contains.get(region, {}).get("_contains", ()):
        if part.isdigit():
            yield from _leaves(contains, part, part)
        else:
            yield within, part
