"""Which emergency numbers ship: those that two sources know which do not copy from each other.

A *claim* says what a number is for; the first source of a shipped number is always one. The second claims the same,
or knows the number as an emergency number without saying of which service. Where claims contradict each other in a
way that the files cannot settle, `typed/emergency_exception.csv` takes the number out and says why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from phonenumbers import shortnumberinfo

from safeconduct.places.files import TYPED, read_rows, write_rows

SERVICES: Final = ("general", "police", "ambulance", "fire", "tourist", "coast")
DAILY: Final = ("police", "ambulance", "fire")
# Said for all three services, these are "any emergency"; another number would be somebody's short cut.
COMMON: Final = frozenset({"000", "111", "112", "911", "999"})
ANDROID: Final = {"police": "police", "ambulance": "ambulance", "fire": "fire", "marine_guard": "coast"}
# The first that claims a number is named first, the second is looked for in the order of SECONDS.
FIRSTS: Final = (
    "vanuatu-police",
    "norfolk-online",
    "mzv-sk",
    "aosp",
    "didww",
    "microsoft-teams",
    "wikipedia-emergency",
)
SECONDS: Final = ("mzv-sk", "libphonenumber", "microsoft-teams", "didww", "aosp", "wikipedia-emergency")
# Android does not say where its list comes from; it may be an encyclopaedia's.
NOT_INDEPENDENT: Final = frozenset({frozenset({"aosp", "wikipedia-emergency"})})
ANDROID_CHECKED: Final = "2026-11-24"

Key = tuple[str, str, str]
"""Country, service, number."""


def build_emergency(codes: set[str], out: Path) -> None:
    """Write emergency.csv."""
    head = ["iso2", "service", "number", "src", "src2", "checked"]
    write_rows(out / "emergency.csv", head, shipped(codes, TYPED, shortnumberinfo.is_emergency_number))


def shipped(
    codes: set[str], typed: Path, is_emergency_number: Callable[[str, str], bool]
) -> list[tuple[str, str, str, str, str, str]]:
    """Country, service, number, both sources, day: what two independent sources say."""
    claims, checked = _claims(typed)
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in read_rows(typed / "emergency_known.csv"):
        known[row["iso2"], row["number"]].add(row["src"])
    rows = []
    for (code, service, number), sources in claims.items():
        if code not in codes:
            continue
        others = sources | known[code, number]
        if is_emergency_number(number, code):
            others.add("libphonenumber")
        pair = _pair(sources, others)
        if pair is not None:
            rows.append((code, service, number, *pair, checked[code, service, number]))
    return sorted(rows, key=lambda row: (row[0], SERVICES.index(row[1]), len(row[2]), row[2]))


def _claims(typed: Path) -> tuple[dict[Key, set[str]], dict[Key, str]]:
    """Who says what a number is for, and the newest day on which one of them was read."""
    refused = {(r["iso2"], r["service"], r["number"]) for r in read_rows(typed / "emergency_exception.csv")}
    claims: dict[Key, set[str]] = defaultdict(set)
    checked: dict[Key, str] = defaultdict(str)
    for key, src, day in _said(typed):
        if key not in refused:
            claims[key].add(src)
            checked[key] = max(checked[key], day)
    for code, number in {(code, number) for code, _service, number in claims if number in COMMON}:
        keys = [(code, service, number) for service in DAILY]
        if (code, "general", number) in refused:
            continue
        everywhere = set.intersection(*(claims.get(key, set()) for key in keys))
        if everywhere:
            claims[code, "general", number] |= everywhere
            checked[code, "general", number] = max(checked[key] for key in keys)
    return claims, checked


def _said(typed: Path) -> Iterator[tuple[Key, str, str]]:
    for row in read_rows(typed / "emergency_aosp.csv"):
        if row["service"] in ANDROID:
            yield (row["iso2"], ANDROID[row["service"]], row["number"]), "aosp", ANDROID_CHECKED
    for row in read_rows(typed / "emergency_claim.csv"):
        yield (row["iso2"], row["service"], row["number"]), row["src"], row["checked"]


def _pair(claiming: set[str], knowing: set[str]) -> tuple[str, str] | None:
    """Two sources that do not copy from each other, the first of them a claim; None when there are none."""
    for first in sorted(claiming, key=FIRSTS.index):
        for second in sorted(knowing - {first}, key=SECONDS.index):
            if frozenset({first, second}) not in NOT_INDEPENDENT:
                return first, second
    return None
