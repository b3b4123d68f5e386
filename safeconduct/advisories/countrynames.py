"""Which countries a publisher means by a name, a slug or a code. Everything is decided from tables, nothing by likeness.

Tables: names of the Unicode CLDR in English, German and French; `data/country_names.csv` (how the registers write them),
`data/fips.csv` (FIPS 10-4, only for the scheme “fips”), `data/regions.csv` (names of UN M49 regions). Pure. It refuses to
answer when only a part of a joint name is known, and never reads a FIPS code as an ISO code or the other way round.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from babel import Locale

from safeconduct.places.folding import fold

ISO2, FIPS, SLUG, NAME, TITLE = "iso2", "fips", "slug", "name", "title"
WORLDWIDE: tuple[str, ...] = ("",)
NO_DESTINATION: tuple[str, ...] = ()

DATA = Path(__file__).parent / "data"
WORLD_REGIONS = Path(__file__).parent.parent / "places" / "data" / "world_region.csv"
LANGUAGES = ("en", "de", "fr")
RESERVED = {"IC": "ES", "EA": "ES", "AC": "SH", "TA": "SH", "CP": "FR", "DG": "IO"}
"""Codes that ISO 3166 reserves for parts of countries; Canada writes IC for the Canary Islands."""

_SUBDIVISION = re.compile(r"^([A-Z]{2})-[A-Z0-9]{1,3}$")
_DROPPED = frozenset({"and", "und", "et", "the", "of"})
_SAINT = {"saint": "st", "sainte": "st", "sankt": "st"}
_BRACKETS = re.compile(r"^([^()]*)\(([^()]*)\)\s*$")
_JOINTS = re.compile(r"\s*(?:,\s*(?:and|und|et)\s+|[,;/&]|\s(?:and|und|et)\s)\s*", re.IGNORECASE)
_MOST_PIECES = 40
_LONGEST = 400
_ADVISORY = re.compile(r"(?i)\s+(?:travel\s+)?(?:advisory|advice)\s*$")
_LEVEL = re.compile(r"(?i)\s*[-–—:]?\s*\blevel\s*\d\b.*$")
_SUMMARIES = re.compile(r"(?i)\s*[-–—]?\s*see\s+(?:(?:individual|state)\s+)?summaries\s*[-–—]?\s*")
_UPDATE = re.compile(r"(?i)\s*[-–—]?\s*\(?\bupdate(?:\s+\d+)?\)?\s*$")
_UPDATED = re.compile(r"(?i)\s*\(update(?:\s+\d+)?\)")
_DASH = re.compile(r"\s+-\s+|\s*[–—]\s*")
_IN = re.compile(r"(?i)\s+in\s+")


def codes_of(
    place: str, scheme: str, *, decided: Mapping[tuple[str, str], tuple[str, ...]] | None = None
) -> tuple[str, ...] | None:
    """ISO 3166 codes; ("",) worldwide; () known to be no destination; None when no table knows the place.

    `decided` holds what people decided, by (scheme, place); it stands above every table.
    """
    if decided and (scheme, place) in decided:
        return decided[scheme, place]
    return _known(place.strip(), scheme)


def part_of(place: str, scheme: str) -> str:
    """The country of which the place is a part that is no destination of its own; empty when it is none."""
    if scheme == ISO2:
        return _iso_part(place.strip().upper())
    if scheme in (NAME, TITLE, SLUG):
        return _parts().get(_key(_plain(place, scheme)), "")
    return ""


def _known(place: str, scheme: str) -> tuple[str, ...] | None:
    if not place or len(place) > _LONGEST:
        return None
    if scheme == ISO2:
        code = place.upper()
        if code in _countries():
            return (code,)
        country = _iso_part(code)
        return (country,) if country else None
    if scheme == FIPS:
        found = [_fips().get(code) for code in re.split(r"[\s,]+", place.upper()) if code]
        return _joined([(code,) for code in found if code]) if found and all(found) else None
    if scheme == SLUG:
        return _named(place.replace("-", " "))
    if scheme == NAME:
        return _named(place)
    if scheme == TITLE:
        return next((codes for one in _readings(place) if (codes := _named(one)) is not None), None)
    return None


def _plain(place: str, scheme: str) -> str:
    return place.replace("-", " ") if scheme == SLUG else _bare(place) if scheme == TITLE else place


def _iso_part(code: str) -> str:
    found = _SUBDIVISION.match(code)
    if found and found[1] in _countries():
        return found[1]
    return RESERVED.get(code, "")


def _bare(title: str) -> str:
    """A title without its level, “Travel Advisory”, “See … Summaries” and “update 4”."""
    text = _UPDATED.sub("", " ".join(title.split()))
    text = _SUMMARIES.sub(" ", _LEVEL.sub("", text))
    previous = None
    while text != previous:
        previous, text = text, _ADVISORY.sub("", _UPDATE.sub("", text)).strip(" -–—:,")
    return text


def _readings(title: str) -> Iterator[str]:
    """What of a title may be the place, likeliest first: “Disease – Country”, “Disease in Country”."""
    yield title
    text = _bare(title)
    if text:
        yield text
    parts = _DASH.split(text)
    if len(parts) > 1:
        yield parts[-1]
    tail = _IN.split(parts[-1])
    if len(tail) > 1:
        yield tail[-1]
    if text.casefold().startswith(("global ", "worldwide caution")):
        yield "Worldwide"


def _named(name: str) -> tuple[str, ...] | None:
    """Codes of a name as a whole, with a bracket, turned round (“Gambia, The”), or of all that it joins."""
    name = name.strip(" .*")
    if (codes := _names().get(_key(name))) is not None:
        return codes
    if bracket := _BRACKETS.match(name):
        outer, inner = _named(bracket[1]), _named(bracket[2])
        # A bracket that means another country belies the name before it: “Georgia (USA)”.
        return outer if inner is None or inner == outer else None
    if "(" in name or ")" in name:
        return _named_without_brackets(name)
    if name.count(",") == 1:
        last, first = name.split(",")
        if (codes := _names().get(_key(f"{first} {last}"))) is not None:
            return codes
    return _of_all(name)


def _named_without_brackets(name: str) -> tuple[str, ...] | None:
    """A joint name in which single names have a bracket: “Burma (Myanmar) and Laos”."""
    pieces = [piece for piece in _JOINTS.split(name) if piece.strip()]
    if len(pieces) < 2 or len(pieces) > _MOST_PIECES:
        return None
    found = [_named(piece) for piece in pieces]
    return _joined([codes for codes in found if codes]) if all(found) else None


def _of_all(name: str) -> tuple[str, ...] | None:
    """Codes of a list of names, longest names first (“Trinidad and Tobago and Guyana”); None when one is not known."""
    pieces = [piece for piece in _JOINTS.split(name) if piece and piece.strip()]
    if not 2 <= len(pieces) <= _MOST_PIECES:
        return None
    found: list[tuple[str, ...]] = []
    start = 0
    while start < len(pieces):
        for end in range(min(len(pieces), start + 4), start, -1):
            codes = _names().get(_key(" ".join(pieces[start:end])))
            if codes is not None:
                found.append(codes)
                start = end
                break
        else:
            return None
    return _joined(found)


def _joined(lists: list[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for codes in lists for code in codes))


def _key(name: str) -> str:
    """How names are compared: folded, without articles and joints, Saint and St alike."""
    words = [_SAINT.get(word, word) for word in fold(name).split(" ")]
    kept = [word for word in words if word not in _DROPPED]
    return " ".join(kept or words)


@cache
def _names() -> dict[str, tuple[str, ...]]:
    """Every known name. What the registers write stands above CLDR, countries above regions."""
    found: dict[str, tuple[str, ...]] = {}
    for row in _rows("regions.csv"):
        found[_key(row["name"])] = _of_regions(row["m49"].split())
    for language in LANGUAGES:
        territories = Locale(language).territories
        for code in sorted(_countries()):
            if code in territories:
                found[_key(territories[code])] = (code,)
    for row in _rows("country_names.csv"):
        codes = row["codes"]
        found[_key(row["name"])] = (
            WORLDWIDE if codes == "*" else NO_DESTINATION if codes == "-" else tuple(codes.split())
        )
    return found


@cache
def _parts() -> dict[str, str]:
    return {_key(row["name"]): row["codes"] for row in _rows("country_names.csv") if row["kind"] == "part"}


@cache
def _fips() -> dict[str, str]:
    return {row["fips"]: row["iso2"] for row in _rows("fips.csv")}


@cache
def _world() -> tuple[tuple[str, str, str], ...]:
    with WORLD_REGIONS.open(encoding="utf-8", newline="") as file:
        return tuple((row["iso2"], row["region"], row["subregion"]) for row in csv.DictReader(file))


@cache
def _countries() -> frozenset[str]:
    return frozenset(code for code, _, _ in _world())


def _of_regions(m49: list[str]) -> tuple[str, ...]:
    return tuple(code for code, region, subregion in _world() if region in m49 or subregion in m49)


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
