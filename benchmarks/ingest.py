"""Reading a document through everything (kept, parsed, applied, SQLite waiting for the disk) against parsing alone.

The documents are the largest recorded ones of four formats, from ../shared/samples; a format without its recording
is left out. Both sides read the same bytes in this run; medians of ROUNDS. Each round writes into an empty folder,
and reads the same document a second time, as a poll of an unchanged feed does. The times of the NWS recording are
templates; they are filled in. An index of 20 MB that links to 40,000 messages is read in a process of its own, whose
largest resident size counts.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.common import Result

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "samples"
RECORDED = {
    "cap": ("cap", "cap-national/mow.DE-HE-KS-SE106-20250313-106-001.xml"),
    "cap-nws": ("cap", "nws/noaa-*.xml"),
    "gdacs": ("gdacs", "gdacs/gdacs-rss-7d.xml"),
    "usgs": ("usgs", "usgs-earthquake/eq_data_7_day_m1.geojson"),
    "nws": ("nws", "nws/active-air-quality-2026-07.json"),
}
ROUNDS = 5
MOST_TIMES, MOST_TIMES_AGAIN, MOST_MB = 3.0, 2.0, 300.0
ENTRIES = 40_000
_TEMPLATE = re.compile(
    rb'"date:(now|today)(?: (\d\d):(\d\d):(-?\d+))?(?: ([+-]?\d+) (second|minute|hour|day)s?)?[^"]*"'
)


def run() -> list[Result]:
    """Measure in a child process each, so that the settings see an empty folder of their own."""
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="safeconduct-bench-") as folder:
        for name, (format, pattern) in RECORDED.items():
            path = next(iter(sorted(SAMPLES.glob(pattern))), None)
            if path is None:
                sys.stderr.write(f"ingest: no recording {pattern}\n")
                continue
            body = _with_times(path.read_bytes())
            document = Path(folder) / f"{name}.document"
            document.write_bytes(body)
            results += _compared(name, _child(Path(folder) / name, "documents", format, str(document)))
        megabytes = _child(Path(folder) / "index", "index")["peak_mb"]
    goal = f"≤ {MOST_MB:.0f} MB for a 20 MB index"
    return [
        *results,
        Result("ingest.index_memory", megabytes, "MB peak", "", None, None, goal, megabytes <= MOST_MB),
    ]


def _compared(name: str, figures: dict[str, float]) -> list[Result]:
    parse, bare = figures["parse_ms"], figures["bare_ms"]
    rows = (("first", MOST_TIMES), ("again", MOST_TIMES_AGAIN))
    results = []
    for which, most in rows:
        total = figures[f"{which}_ms"]
        results.append(
            Result(
                f"ingest.{name}.{which}", total, "ms", "the format's own parse", parse, parse / total,
                f"≤ {most:.0f} × the parse ({total / parse:.2f} ×; {total / bare:.1f} × bare {figures['bare']})",
                total <= most * parse,
            )
        )  # fmt: skip
    return results


def _child(home: Path, *arguments: str) -> dict[str, Any]:
    home.mkdir()
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("SAFECONDUCT", "DATABASE"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest", *arguments],
        env={**kept, "SAFECONDUCT_HOME": str(home), "DJANGO_SETTINGS_MODULE": "safeconduct.config.settings"},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return answer


def _with_times(body: bytes) -> bytes:
    """The recording with real times where its recorder left templates such as “date:now -7 seconds”."""
    now = datetime.now(UTC).replace(microsecond=0)

    def real(found: re.Match[bytes]) -> bytes:
        at = now
        if found[2]:
            zone = timedelta(hours=int(found[4]))
            at = (now + zone).replace(hour=int(found[2]), minute=int(found[3]), second=0) - zone
        if found[5]:
            at += timedelta(**{f"{found[6].decode()}s": int(found[5])})
        return f'"{at.isoformat()}"'.encode()

    return _TEMPLATE.sub(real, body)


def _documents(format: str, path: Path) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from safeconduct.alerts.formats import READERS
    from safeconduct.places.shapes import areas

    body = path.read_bytes()
    call_command("migrate", verbosity=0)
    connection.close()
    database = Path(settings.DATABASES["default"]["NAME"])
    empty = database.with_suffix(".empty")
    shutil.copy(database, empty)
    areas()  # Read once in a process, by whoever is first.
    bare, name = _bare(body)
    figures: dict[str, list[float]] = {"parse": [], "bare": [], "first": [], "again": []}
    for _round in range(ROUNDS + 1):
        connection.close()
        for rest in database.parent.glob(f"{database.name}-*"):
            rest.unlink()
        shutil.copy(empty, database)
        connection.ensure_connection()
        figures["parse"].append(_milliseconds(lambda: READERS[format](body)))
        figures["bare"].append(_milliseconds(bare))
        figures["first"].append(_milliseconds(lambda: _read(format, body)))
        figures["again"].append(_milliseconds(lambda: _read(format, body)))
    medians = {f"{key}_ms": statistics.median(values[1:]) for key, values in figures.items()}
    return {**medians, "bare": name}


def _read(format: str, body: bytes) -> None:
    from safeconduct.alerts.ingest import read_document
    from safeconduct.feeds.actions import by_hand, keep_document
    from safeconduct.lib import clock

    now = clock.now()
    document = keep_document(body, origin="benchmark", received_at=now)
    read_document(document, source=by_hand(format), at=now)


def _bare(body: bytes) -> tuple[Callable[[], object], str]:
    if body.lstrip(b"\xef\xbb\xbf \r\n")[:1] == b"<":
        from safeconduct.lib import xml

        return lambda: xml.read(body), "XML"
    return lambda: json.loads(body), "JSON"


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _index() -> dict[str, float]:
    import resource

    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    body = index_of(ENTRIES)
    from safeconduct.alerts.ingest import read_document
    from safeconduct.feeds.actions import by_hand, keep_document
    from safeconduct.lib import clock

    document = keep_document(body, origin="benchmark", received_at=clock.now())
    size = len(body)
    del body
    report = read_document(document, source=by_hand("cap"), at=clock.now())
    if len(report.links) != ENTRIES:
        raise RuntimeError(f"{len(report.links)} links of {ENTRIES} were read")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"peak_mb": peak, "size_mb": size / 1024**2}


def index_of(entries: int) -> bytes:
    """An Atom index of so many messages, about 500 bytes an entry."""
    rows = "".join(
        f"<entry><id>urn:oid:2.49.0.0.999.0.{number}</id><title>Storm warning for district {number}</title>"
        f"<updated>2026-11-24T09:00:00Z</updated><author><name>Weather service of Exampleland</name></author>"
        f"<summary>Wind of up to 90 km/h is expected in the evening. Stay away from trees and scaffolding.</summary>"
        f'<link type="application/cap+xml" href="https://alerts.example.org/cap/2026/11/24/{number}.cap"/>'
        f'<category term="Met"/><rights>{"x" * 60}</rights></entry>\n'
        for number in range(entries)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>https://alerts.example.org/feed</id><title>Alerts</title><updated>2026-11-24T09:00:00Z</updated>\n{rows}</feed>"
    ).encode()


def main() -> None:
    """What the child processes do; the answer is one line of JSON."""
    what, *rest = sys.argv[1:]
    answer = _index() if what == "index" else _documents(rest[0], Path(rest[1]))
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
