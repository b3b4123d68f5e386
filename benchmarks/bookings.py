"""Reading booking documents: how long one takes in a child that is warm, with its limits on.

Documents are the golden ones of the repository, with the recorded ones where they are beside it: mails, pages, calendars,
passes, PDFs with bar codes. Each is read once before, so that nothing is started while it is measured; then in turns. By
the clock, from the bytes to settled reservations. With `kitinerary-extractor`, where it is installed, a second figure:
that is a program which is started for each document.
"""

from __future__ import annotations

import statistics
import time
from datetime import date
from pathlib import Path

from benchmarks.common import Result

ROUNDS = 5
MOST_MS = 100.0
ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden" / "bookings"
SAMPLES = ROOT.parent / "shared" / "samples"


def run() -> list[Result]:
    """Measure ours, and ours with kitinerary."""
    from safeconduct.trips.bookings import kitinerary

    documents = _documents()
    results = [_measured("read_booking", "", documents)]
    if second := kitinerary.installed():
        results.append(_measured("read_booking.kitinerary", second, documents))
    return results


def _documents() -> list[tuple[bytes, date]]:
    from tests.trips.booking_samples import samples

    own = [path for path in sorted(GOLDEN.iterdir()) if not path.name.endswith(".expected.json")]
    found = [(path.read_bytes(), date(2026, 11, 24)) for path in own]
    if (SAMPLES / "itineraries-kitinerary").is_dir():
        found += [(sample.data, sample.context) for sample in samples(SAMPLES)]
    return found


def _measured(name: str, second: str, documents: list[tuple[bytes, date]]) -> Result:
    from safeconduct.trips.bookings.reading import DocumentReader
    from tests.trips.shipped_atlas import shipped_atlas

    reader, atlas = DocumentReader(second), shipped_atlas()
    times: list[list[float]] = [[] for _ in documents]
    for number in range(ROUNDS + 1):
        for each, (data, context) in zip(times, documents, strict=True):
            began = time.perf_counter()
            reader.read(data, atlas=atlas, context=context)
            if number:
                each.append((time.perf_counter() - began) * 1000)
    reader.close()
    medians = sorted(statistics.median(each) for each in times)
    middle, slowest = statistics.median(medians), medians[-1]
    return Result(
        name=name, value=round(middle, 1), unit="ms/document", peer="", peer_value=None, ratio=None,
        goal=f"≤ {MOST_MS:.0f} ms, median of {len(documents)} documents; slowest {slowest:.0f} ms",
        holds=middle <= MOST_MS,
    )  # fmt: skip
