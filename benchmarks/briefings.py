"""A briefing for two countries, in a warm process: gathered and put into words, without being laid out.

The folder is a demonstration's with advice of five invented issuers in long sections for both countries and a visa matrix of
200 passports, so that the briefing is not a small one. Every briefing is asked of the database anew: nothing of it is kept
between two. Processor time, so that whatever else runs on the machine does not count; beside it, in turns, the country
pages of the same two destinations made anew, which say about the same.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.common import Result

HERE = Path(__file__).resolve().parent
ROUNDS, REQUESTS = 7, 5
MOST_MS = 100.0


def run() -> list[Result]:
    """Make a folder, measure in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="safeconduct-bench-") as home:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SAFECONDUCT", "DATABASE", "EMAIL"))
        }
        environment = {**kept, "SAFECONDUCT_HOME": home}
        cli = [sys.executable, "-m", "safeconduct.config.cli"]
        subprocess.run([*cli, "demo"], env=environment, check=True, stdout=subprocess.DEVNULL)
        command = [sys.executable, "-c", "from benchmarks import briefings; briefings.measure()"]
        answer = subprocess.run(
            command, env=environment, check=True, stdout=subprocess.PIPE, text=True, cwd=HERE.parent
        )
    found = json.loads(answer.stdout.strip().splitlines()[-1])
    ours, peer = found["brief"], found["guides"]
    return [
        Result(
            "brief", round(ours, 1), "ms", "both country guides made anew", round(peer, 1), peer / ours,
            f"≤ {MOST_MS:.0f} ms for two countries ({found['lines']} lines)", ours <= MOST_MS,
        )
    ]  # fmt: skip


def measure() -> None:
    """Time everything in this process and print milliseconds of processor time."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "safeconduct.config.settings"
    import django

    django.setup()
    from safeconduct.advice.briefing import Asked, AskedStop
    from safeconduct.advice.gathering import briefing_of
    from safeconduct.guides.assembly import guide_document
    from safeconduct.lib import clock
    from safeconduct.places.queries import place_by_key

    _fill()
    stops = (AskedStop("KE"), AskedStop("TZ", arrive=date(2027, 1, 18)))
    asked = Asked("US", stops, date(2027, 1, 11), date(2027, 1, 25), passports=("DE",))
    places = [place_by_key(f"iso:{code}") for code in asked.countries]

    def brief() -> Any:
        return briefing_of(asked, lang="en", now=clock.now())

    def guides() -> Any:
        return [guide_document(place, "en") for place in places]

    sides: dict[str, Callable[[], Any]] = {"brief": brief, "guides": guides}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _round in range(ROUNDS):
        for name, act in sides.items():
            act()
            began = time.process_time()
            for _ in range(REQUESTS):
                act()
            times[name].append((time.process_time() - began) * 1000 / REQUESTS)
    found = {name: statistics.median(values) for name, values in times.items()}
    sys.stdout.write(json.dumps({**found, "lines": len(list(brief().lines()))}) + "\n")


def _fill() -> None:
    """Advice of five issuers with long sections on each country, and visas for 200 passports."""
    from safeconduct.advice.actions import import_file
    from safeconduct.advice.countries import codes
    from safeconduct.advisories.models import Advisory, AdvisoryVersion, Section
    from safeconduct.feeds.models import Source
    from safeconduct.lib import clock
    from safeconduct.ratings.actions import reckon_all

    now = clock.now()
    words = "<p>" + "Invented words of nobody, as long as real ones are. " * 12 + "</p><h3>Visas</h3><p>Invented.</p>"
    for number in range(5):
        source = Source.objects.create(
            key=f"bench-{number}", name=f"Invented Ministry {number}", format="fcdo", licence="none", attribution="Nobody"
        )  # fmt: skip
        for code in ("KE", "TZ"):
            advisory = Advisory.objects.create(
                source=source, identifier=code, country_code=code, category="security", title=code,
                url=f"https://example.org/{code}", level=2, level_max=4, is_partial=True, original_level="Exercise caution",
                level_since=now, first_seen_at=now, fetched_at=now, changed_at=now, number=1, summary=words,
            )  # fmt: skip
            AdvisoryVersion.objects.create(
                advisory=advisory, number=1, change="first", is_notable=False, title=code, level=2, level_max=4, recorded_at=now
            )  # fmt: skip
            for position, key in enumerate(Section.Key.values):
                Section.objects.create(
                    advisory=advisory, key=key, position=position, heading=key, lang="en", html=words * 3, digest="x", since=now
                )  # fmt: skip
    rows = [f"{passport},{code},visa required" for passport in sorted(codes())[:200] for code in ("KE", "TZ") if passport != code]
    data = "\n".join(["Passport,Destination,Requirement", *rows]).encode()
    import_file(data, file_name="matrix.csv", by=None, source="Invented Matrix", as_of=date(2026, 11, 1))
    reckon_all(["KE", "TZ"])
