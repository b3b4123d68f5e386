"""The formula over recorded levels of five governments and the shipped facts: the distribution, and the values that
leave somebody's level far behind.

`python -m tests.ratings.validating FOLDER` prints the tables of docs/evidence/ratings.md. FOLDER holds
`multi-advisory-derived` (levels of four governments as somebody else read them) and `de-auswaertiges-amt` (the register
itself, read by our reader), both of 3 May 2026.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
LEVELS = "multi-advisory-derived/levels-us-uk-ca-au-2026-05-03.json"
GERMAN = "de-auswaertiges-amt/travelwarning-2026-05-03.json"
MOST = 20


def fill(folder: Path) -> int:
    """Write what the five governments said; return how many entries there are."""
    from safeconduct.advisories.ingest import read_document
    from safeconduct.advisories.models import Advisory
    from safeconduct.feeds.actions import keep_document
    from safeconduct.feeds.models import Source
    from safeconduct.places import loading
    from tests.advisories.replaying import german

    with (Path(loading.__file__).parent / "data" / "country.csv").open(encoding="utf-8", newline="") as file:
        codes = {row["iso3"]: row["iso2"] for row in csv.DictReader(file)}
    names = {"us": "United States", "uk": "United Kingdom", "ca": "Canada", "au": "Australia"}
    sources = {
        key: Source.objects.get_or_create(
            key=f"levels-{key}", defaults={"name": name, "format": "fcdo" if key == "uk" else "us-state"}
        )[0]
        for key, name in names.items()
    }
    rows = []
    for iso3, said in json.loads((folder / LEVELS).read_text(encoding="utf-8")).items():
        for key, row in said.items():
            # Its “2” of the British is a warning for parts (“… in some areas”): no government says how bad.
            worst = 3 if key == "uk" and row["level"] == 2 else row["level"]
            rows.append(
                Advisory(
                    source=sources[key], identifier=iso3, country_code=codes[iso3], category="security", title=iso3,
                    level=row["level"], level_max=worst, original_level=row["text"][:300], level_since=NOW,
                    first_seen_at=NOW, fetched_at=NOW, number=1,
                )
            )  # fmt: skip
    Advisory.objects.bulk_create(rows)
    path = folder / GERMAN
    document = keep_document(path.read_bytes(), origin=path.name, received_at=NOW)
    read_document(document, source=german(), at=NOW)
    return Advisory.objects.count()


def surprises() -> list[dict[str, Any]]:
    """Countries whose value is furthest from the level of some government, the furthest first."""
    from safeconduct.ratings.models import Rating

    found = []
    for rating in Rating.objects.filter(kind="security").exclude(value=""):
        said = {row["source"][-2:]: row["says"] for row in rating.inputs if row["code"] == "advice"}
        levels = [int(says.partition("/")[0]) for says in said.values()]
        middle = next(row["points"][0] for row in rating.inputs if row["code"] == "median")
        away = max(abs(level - middle) for level in levels)
        found.append(
            {"country": rating.country_code, "value": rating.value, "said": said, "away": away, "middle": middle,
             "spread": max(levels) - min(levels)}
        )  # fmt: skip
    return sorted(found, key=lambda row: (-row["away"], -row["spread"], row["country"]))


def distribution(kind: str) -> Counter[str]:
    """Value → countries."""
    from safeconduct.ratings.models import Rating

    return Counter(
        row or "unknown" for row in Rating.objects.filter(kind=kind).values_list("value", flat=True)
    )


def _print(folder: Path) -> None:
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    from safeconduct.lib import clock
    from safeconduct.places.actions import load_facts
    from safeconduct.ratings.actions import reckon_all
    from safeconduct.ratings.formula import VERSION
    from safeconduct.ratings.models import Rating

    setup_test_environment()
    call_command("migrate", verbosity=0)
    load_facts()
    with clock.held_at(NOW):
        entries = fill(folder)
        reckon_all()
    print(f"Formula {VERSION}, {entries} entries of five governments.\n")
    for kind in ("security", "medical"):
        counts = distribution(kind)
        print(f"| {kind} | " + " | ".join(counts) + " |\n|---|" + "---|" * len(counts))
        print("| countries | " + " | ".join(str(count) for count in counts.values()) + " |\n")
    print("| Country | Rating | US | UK | CA | AU | DE |\n|---|---|---|---|---|---|---|")
    for row in surprises()[:MOST]:
        cells = [row["said"].get(key, "–") for key in ("us", "uk", "ca", "au", "mt")]
        print(f"| {row['country']} | {row['value']} | " + " | ".join(cells) + " |")
    for kind in ("security", "medical"):
        print(f"\n{kind}:")
        for value in distribution(kind):
            chosen = Rating.objects.filter(kind=kind, value="" if value == "unknown" else value)
            print(
                f"  {value}: {' '.join(chosen.order_by('country_code').values_list('country_code', flat=True))}"
            )


if __name__ == "__main__":
    import tests.environment  # noqa: F401, I001  # before the settings: a data folder of its own
    import django

    django.setup()
    _print(Path(sys.argv[1]))
