"""Shares of religions from the World Factbook's text, with the year of the count.

A country's text counts only when every part of it is understood: a number that is missing or misprinted, a name that
`typed/religion_name.csv` does not know, or shares that do not make a whole leave the country out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from safeconduct.places.build.inputs import Inputs
from safeconduct.places.files import TYPED, read_rows, write_rows

HEAD = ["iso2", "religion", "pct", "pct_to", "year", "src"]
# Shares are rounded, "less than 1 %" counts as nothing.
LEAST_WHOLE, MOST_WHOLE = 95.0, 101.0
# GeoNames files no FIPS code for these two.
MORE_CODES = {"KV": "XK", "OD": "SS"}
_YEAR = re.compile(r"\(((?:19|20)\d\d)(?:-\d{2,4})?(?: est\.?)?\)")
_SHARE = re.compile(r"(\D+?) (<\s*)?(\d*\.?\d+)(?: ?- ?(\d*\.?\d+))?%")
_SMALL = re.compile(r"(\D+?) <\s*0?\.\d+")
# Misprints that can be read in one way only: a comma before the number, none after it.
_MISPRINTS = ((re.compile(r", (?=\.?\d[\d.]*%)"), " "), (re.compile(r"%\.? (?=[A-Za-z])"), "%, "))
# What follows is a list of names without numbers, or a remark.
_TAIL = re.compile(r";\s*(?:less than 1\b|note\b).*", re.DOTALL)

Share = tuple[str, float, float]


def build_religion(inputs: Inputs, codes: list[str], out: Path) -> None:
    """Write religion.csv; `pct_to` only where the Factbook gives a range."""
    keys = {row["name"]: row["religion"] for row in read_rows(TYPED / "religion_name.csv")}
    fips = {row["fips"]: row["iso"] for row in inputs.geonames("countries").values() if row["fips"]}
    fips |= MORE_CODES
    rows: list[tuple[object, ...]] = []
    for code, chapters in inputs.factbook():
        country = fips.get(code, "")
        text = chapters.get("People and Society", {}).get("Religions", {}).get("text", "")
        if country not in codes or not text:
            continue
        year = _YEAR.search(text)
        for religion, low, high in shares_in(text, keys):
            pct_to = f"{high:g}" if high != low else None
            rows.append((country, religion, f"{low:g}", pct_to, year[1] if year else None, "factbook"))
    rows.sort(key=lambda row: (str(row[0]), -float(str(row[2])), str(row[1])))
    write_rows(out / "religion.csv", HEAD, rows)


def shares_in(text: str, keys: dict[str, str]) -> list[Share]:
    """(religion, from %, to %) of a text, by the keys of its names; empty when it is not understood whole."""
    found: dict[str, tuple[float, float]] = {}
    for part in _parts(text):
        share = _SHARE.fullmatch(part)
        if share is None and _SMALL.fullmatch(part):
            continue
        key = keys.get(share[1].lower()) if share is not None else None
        if share is None or key is None:
            return []
        if share[2]:
            continue
        low, high = found.get(key, (0.0, 0.0))
        found[key] = (low + float(share[3]), high + float(share[4] or share[3]))
    if sum(high for _low, high in found.values()) < LEAST_WHOLE:
        return []
    if sum(low for low, _high in found.values()) > MOST_WHOLE:
        return []
    return [(key, round(low, 2), round(high, 2)) for key, (low, high) in found.items() if high]


def _parts(text: str) -> Iterator[str]:
    """The shares of the first level: without mark-up and without what stands in brackets."""
    text = html.unescape(re.sub(r"<[a-z/][^>]*>.*", "", text, flags=re.DOTALL)).replace("\xa0", " ")
    depth, plain = 0, []
    for letter in text:
        depth += letter in "(["
        if not depth:
            plain.append(letter)
        depth -= letter in ")]"
    bare = re.sub(r"\s+", " ", _TAIL.sub("", "".join(plain)))
    for misprint, meant in _MISPRINTS:
        bare = misprint.sub(meant, bare)
    for part in re.split(r"[,;]", bare):
        if part.strip(" ."):
            yield re.sub(r"^(?:and|or) ", "", part.strip(" ."))
