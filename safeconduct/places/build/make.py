"""Makes the shipped data files from the fetched packages, and compares them with those that are shipped."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from safeconduct.lib.errors import Permanent
from safeconduct.places.build.airports import build_airports
from safeconduct.places.build.boundaries import build_boundaries
from safeconduct.places.build.checks import problems_of
from safeconduct.places.build.cities import build_cities
from safeconduct.places.build.climate import build_climate
from safeconduct.places.build.countries import build_countries, iso_features
from safeconduct.places.build.inputs import Inputs
from safeconduct.places.build.maps import build_maps
from safeconduct.places.build.regions import build_regions
from safeconduct.places.build.religion import build_religion
from safeconduct.places.build.sources import write_sources
from safeconduct.places.files import DATA, TYPED, read_text


def build_into(inputs: Inputs, out: Path) -> None:
    """Write every generated file into `out`."""
    inputs.require()
    codes = sorted(iso_features(inputs.borders()))
    write_sources(out)
    build_maps(inputs, codes, out)
    build_boundaries(inputs, out)
    build_countries(inputs, out)
    build_regions(inputs, codes, out)
    build_cities(inputs, codes, out)
    build_airports(inputs, codes, out)
    build_climate(inputs, out)
    build_religion(inputs, codes, out)


def rebuild(inputs: Inputs, data: Path = DATA) -> list[Path]:
    """Make the files anew and put them in place when they hold; returns the changed ones."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        build_into(inputs, out)
        problems = problems_of(out)
        if problems:
            raise Permanent("; ".join(problems))
        changed = differing(out, data)
        for name in changed:
            (data / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(out / name, data / name)
    return changed


def differing(made: Path, shipped: Path) -> list[Path]:
    """Names of generated files that the shipped folder lacks or holds with another text."""
    names = sorted(path.relative_to(made) for path in made.rglob("*") if path.is_file())
    return [
        name
        for name in names
        if not (shipped / name).exists() or read_text(made / name) != read_text(shipped / name)
    ]


def check(inputs: Inputs, data: Path = DATA) -> list[str]:
    """Problems of the shipped files: invariants, and differences to files made anew."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        build_into(inputs, out)
        different = [f"{name} differs from what the sources give" for name in differing(out, data)]
        shipped = {path.relative_to(data) for path in data.rglob("*") if path.is_file()}
        left = {name for name in shipped if not name.is_relative_to(TYPED.relative_to(DATA))}
        left -= {path.relative_to(out) for path in out.rglob("*")}
    return problems_of(data) + different + [f"{name} is made by nothing" for name in sorted(left)]
