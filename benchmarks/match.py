"""An alert against everybody's stays: from a version to the set of people, on SQLite and on PostgreSQL.

Ours is what `matching` does before it locks and writes (whether an operator corrected the area has been asked): read the area, digest and cover it, read the ranges of the search
table, test exactly what the cover leaves open, count people. The search table is the product's own and filled with the
product's keys (checked for some hundred rows); what the measured function does not read is left empty.

The peers find the same people on the same stays in the same run. SQLite: a table with an index over (lat, lon), the box
of the area (one on either side of 180 degrees) and the time in SQL, the same exact test. PostgreSQL: PostGIS, GiST over
position and time together, the area cut by ST_Subdivide, ST_Intersects in the database and the same exact test for discs
whose centre lies outside. Both sides of a pair take turns; a figure is the median over warnings of the median of rounds.
Sets of people are compared for every warning. On SQLite time is processor time of the one thread, on PostgreSQL it is the
wall clock's.

`growth` stores more and more stays elsewhere or at other times while the same people match.

MATCH_STOPS (or SCALE=10M) sets the number of stays. BENCH_DATABASE_URL names the PostgreSQL server, a database of its own
is made there and dropped.
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
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.common import Result

HERE = Path(__file__).parent
IS_LARGE = os.environ.get("SCALE", "").upper() == "10M"
STOPS = int(os.environ.get("MATCH_STOPS", "10000000" if IS_LARGE else "1000000"))
SERVER = os.environ.get("BENCH_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/")
SIZES = ("circle", "small", "region", "country", "multi")
ROUNDS = 5
PATIENCE = 1.5
"""Seconds after which a warning is not measured again."""


def run() -> list[Result]:
    """Measure everything and return one row a figure."""
    results = _compared("sqlite", "", "index (lat, lon)")
    name = f"safeconduct_bench_{os.getpid()}"
    if _server("CREATE DATABASE", name):
        try:
            results += _compared("postgres", _with_path(SERVER, name), "PostGIS GiST + ST_Subdivide")
        finally:
            _server("DROP DATABASE IF EXISTS", name)
    else:
        results.append(Result("match.postgres", 0.0, "ms", "no server", None, None, "not measured", True))
    return results + _growth()


def _compared(side: str, url: str, peer: str) -> list[Result]:
    found = _process(side, url, STOPS)
    if "missing" in found:
        return [Result(f"match.{side}", 0.0, "ms", found["missing"], None, None, "not measured", True)]
    rows = []
    for size in ("all", *SIZES):
        chosen = [one for one in found["warnings"] if size in ("all", one["size"])]
        ours, theirs = (statistics.median(one[key] for one in chosen) for key in ("ours_ms", "peer_ms"))
        ratio = theirs / ours
        words, least = _goal(side, size)
        agree = all(one["agree"] for one in chosen)
        rows.append(
            Result(
                f"match.{side}.{size}", round(ours, 2), "ms/alert", f"{peer}, {STOPS:,} stays", round(theirs, 2),
                round(ratio, 1), f"{words}{'' if agree else ', PEOPLE DIFFER'}", agree and (least is None or ratio >= least),
            )
        )  # fmt: skip
    for label in ("fill_seconds", "rows_per_stay", "bytes_per_row", "stored_cover_saves_ms", "people"):
        sys.stderr.write(f"  {side}: {label} {found[label]}\n")
    return rows


def _goal(side: str, size: str) -> tuple[str, float | None]:
    if side == "postgres":
        return ("median ahead", 1.0) if size == "all" else ("shown", None)
    if size == "all":
        return ("≥ 30 ×", 30.0) if STOPS >= 10_000_000 else ("≥ 6 ×", 6.0)
    if size == "country" and STOPS < 10_000_000:
        return "≥ 10 ×", 10.0
    return ("≥ 1 ×", 1.0) if size == "circle" else ("shown", None)


def _growth() -> list[Result]:
    """Milliseconds an alert while the stays around it grow."""
    steps = [10_000, 100_000, 1_000_000] + ([10_000_000] if STOPS >= 10_000_000 else [])
    times = [_process("growth", "", count)["ours_ms"] for count in steps]
    words = ", ".join(f"{count:,}: {ms:.2f}" for count, ms in zip(steps, times, strict=True))
    ratio = max(times) / times[0]
    return [
        Result(
            "match.growth", round(times[-1], 2), "ms/alert", f"{steps[0]:,} stays, same matches", round(times[0], 2),
            round(1 / ratio, 2), f"flat within 3 × ({words} ms)", ratio <= 3,
        )
    ]  # fmt: skip


def _process(side: str, url: str, count: int) -> dict[str, Any]:
    """Run one side in a process and a folder of its own; return what it prints last."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "SAFECONDUCT_HOME": home, "DATABASE_URL": url}
        environment.pop("SAFECONDUCT_AT", None)
        if not url:
            environment.pop("DATABASE_URL")
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.match", side, str(count)],
            env=environment, cwd=HERE.parent, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def _with_path(server: str, name: str) -> str:
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def _server(verb: str, name: str) -> bool:
    """Make or drop the database; False when there is no server."""
    import psycopg

    try:
        with psycopg.connect(_with_path(SERVER, "postgres"), autocommit=True, connect_timeout=5) as server:
            server.execute(f'{verb} "{name}"'.encode())
    except psycopg.OperationalError:
        return False
    return True


# From here on in a process of its own.


def side(name: str, count: int) -> dict[str, Any]:
    """Fill the tables, measure, return the figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
    import django

    django.setup()
    from benchmarks import crowd
    from benchmarks.matchpeers import Filled, fill_peer, fill_search, hold_again, missing, peer_people

    if reason := missing(name):
        return {"missing": reason}
    from django.core.management import call_command

    for room in ("matching", "trips"):
        call_command("migrate", room, verbosity=0)
    alerts = crowd.warnings()
    stays = crowd.crowd(count)
    if name == "growth":
        stays = _apart(stays, alerts)
    began = time.perf_counter()
    filled: Filled = fill_search(stays)
    fill_seconds = time.perf_counter() - began
    if name == "growth":
        hold_again()
        rows = [_timed([_ours(alert)])[0] for alert in alerts]
        return {
            "ours_ms": statistics.mean(ms for ms, _people in rows),
            "people": sum(len(p) for _ms, p in rows),
        }
    fill_peer(stays)
    hold_again()
    del stays
    rows, people = [], []
    for alert in alerts:
        (ours_ms, ours), (peer_ms, theirs) = _timed([_ours(alert), lambda alert=alert: peer_people(alert)])
        rows.append({"size": alert.size, "ours_ms": ours_ms, "peer_ms": peer_ms, "agree": ours == theirs})
        people.append(len(ours))
    with_cover = statistics.median(_timed([_ours(alert, kept=True)])[0][0] for alert in alerts)
    return {
        "warnings": rows,
        "people": people,
        "fill_seconds": round(fill_seconds, 1),
        "rows_per_stay": round(filled.rows / count, 2),
        "bytes_per_row": round(filled.bytes / filled.rows, 1),
        "stored_cover_saves_ms": round(statistics.median(row["ours_ms"] for row in rows) - with_cover, 2),
    }


def _ours(alert: Any, *, kept: bool = False) -> Callable[[], set[int]]:
    """The product's way from a version to people; with `kept`, its covers are stored already."""
    from benchmarks.crowd import NOW
    from safeconduct.alerts.models import AlertVersion
    from safeconduct.lib.geo import to_wkb
    from safeconduct.matching.candidates import KeptCovers, concerned
    from safeconduct.matching.jobs import everybody
    from safeconduct.matching.reading import impact_of

    version = AlertVersion(
        severity="Severe", sent_at=alert.onset_at, onset_at=alert.onset_at, ends_at=alert.ends_at,
        impact_area=to_wkb(alert.area), impact_origin="given", countries=alert.countries, area_names=[],
    )  # fmt: skip
    rows = everybody()
    stored = KeptCovers()

    def people() -> set[int]:
        impact = impact_of(version, {})
        assert impact is not None
        covers = stored if kept else KeptCovers()
        return set(
            concerned(impact, cells=rows.cells, stays=rows.stays, now=NOW, kept=covers).people.tolist()
        )

    return people


def _clock() -> float:
    """On SQLite everything happens in this thread: its processor time is all there is, whoever else is on the machine."""
    from django.db import connection

    return time.perf_counter() if connection.vendor == "postgresql" else time.process_time()


def _timed(functions: list[Callable[[], set[int]]]) -> list[tuple[float, set[int]]]:
    """Milliseconds (median of rounds in which all take turns, after one round to warm up) and what each found."""
    found = [function() for function in functions]
    times: list[list[float]] = [[] for _ in functions]
    for _round in range(ROUNDS):
        for number, function in enumerate(functions):
            if sum(times[number]) > PATIENCE * 1000:
                continue
            began = _clock()
            function()
            times[number].append((_clock() - began) * 1000)
    return [(statistics.median(ms), people) for ms, people in zip(times, found, strict=True)]


def _apart(stays: Any, alerts: Any) -> Any:
    """The same three hundred stays that match, and as many others as there are that lie elsewhere or at another time."""
    import numpy as np

    from benchmarks import crowd
    from safeconduct.lib.cells import cover
    from safeconduct.trips import cells as search

    def near(some: Any) -> Any:
        chosen = np.zeros(len(some), dtype=bool)
        week = 7 * 86400
        for alert in alerts:
            within, _inside = cover(alert.area, reach_km=search.REACH_KM).holds(some.lon, some.lat)
            begin, end = alert.onset_at.timestamp(), alert.ends_at.timestamp()
            timely = (some.begin < end + 2 * week) & (some.end > begin - 2 * week)
            chosen |= timely & (within | np.isin(some.code, alert.countries) & (some.km == 0))
        return chosen

    fixed = crowd.crowd(200_000, seed=2)
    fixed = fixed.only(np.nonzero(near(fixed))[0][:300])
    others = stays.only(~near(stays))
    parts = [np.concatenate([getattr(fixed, n), getattr(others, n)]) for n in fixed.__dataclass_fields__]
    return crowd.Crowd(*parts)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(side(sys.argv[1], int(sys.argv[2]))) + "\n")
