"""Searching destinations as somebody types: how long one question takes, and whether the first answer is meant.

The questions are `tests/places/search_queries.csv` in the reader's language each, and every beginning of each of them,
as they are typed. One process, one core, asked once before it is measured; the figures include the look into the
database which index is the right one. The 99th in a hundred is of processor time: nothing is waited for, and on a
machine with other work it would else measure that work. Medians are of time on the clock, on both sides. The peer is PostgreSQL with pg_trgm over the same folded names, eight answers,
asked the whole queries only; ratios are of medians over these. GiST gives the nearest names to whatever is typed, as a
field with suggestions must; GIN is quicker because it gives none below a similarity of 0.3, which leaves most
beginnings without an answer. The goal is held against both; GiST is asked every fourth query because it takes a third
of a second each. GIN's first answers are counted by the same rule as ours.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.common import Result

SERVER = os.environ.get("BENCH_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/")
QUERIES = Path(__file__).resolve().parent.parent / "tests" / "places" / "search_queries.csv"
SLOW_KIND = "GiST"
MOST_MS, LEAST_RIGHT, LEAST_RATIO, SHOWN = 5.0, 95.0, 50.0, 8


def run() -> list[Result]:
    """Measure in a child process with an empty folder of its own."""
    with tempfile.TemporaryDirectory(prefix="safeconduct-bench-") as folder:
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("SAFECONDUCT", "DATABASE"))
        }
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.search"],
            env=environment
            | {"SAFECONDUCT_HOME": folder, "DJANGO_SETTINGS_MODULE": "safeconduct.config.settings"},
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return [*_times(found), *_quality(found), *_sizes(found)]


def _times(found: dict[str, Any]) -> list[Result]:
    p99, peers = found["p99_ms"], found["peers"]
    asked = f"{found['asked']:,} questions with every beginning"
    rows = [
        Result(
            "search.p99", p99, "ms", "", None, None,
            f"≤ {MOST_MS:.0f} ms ({asked}; median {found['p50_ms']:.2f}, slowest {found['slowest_ms']:.1f})",
            p99 <= MOST_MS,
        )
    ]  # fmt: skip
    if not peers:
        return [*rows, Result("search.median", 0.0, "ms", "no server", None, None, "not measured", True)]
    for kind, peer in peers.items():
        ratio = peer["p50_ms"] / found["whole_p50_ms"]
        tail = f"99th in a hundred: {found['whole_p99_ms']:.1f} against {peer['p99_ms']:.1f} ms"
        rows.append(
            Result(
                f"search.median.{kind}", found["whole_p50_ms"], "ms", f"pg_trgm, {kind}", peer["p50_ms"], ratio,
                f"≥ {LEAST_RATIO:.0f} × ({tail})", ratio >= LEAST_RATIO,
            )
        )  # fmt: skip
    return rows


def _quality(found: dict[str, Any]) -> list[Result]:
    right, asked = Counter(found["right"]), Counter(found["kinds"])
    share = 100 * sum(right.values()) / sum(asked.values())
    peer = found["peers"].get("GIN")
    peer_share = 100 * sum(peer["right"].values()) / sum(asked.values()) if peer else None
    rows = [
        Result(
            "search.first", share, "% right", "pg_trgm" if peer else "", peer_share,
            share / peer_share if peer_share else None,
            f"≥ {LEAST_RIGHT:.0f} % of {sum(asked.values())}", share >= LEAST_RIGHT,
        )
    ]  # fmt: skip
    for kind in asked:
        theirs = 100 * peer["right"].get(kind, 0) / asked[kind] if peer else None
        mine = 100 * right[kind] / asked[kind]
        rows.append(
            Result(
                f"search.first.{kind}", mine, "% right", "pg_trgm" if peer else "", theirs,
                mine / theirs if theirs else None, f"shown ({asked[kind]} asked)", True,
            )
        )  # fmt: skip
    return rows


def _sizes(found: dict[str, Any]) -> list[Result]:
    figures = (
        ("search.build", found["build_s"], "s"),
        ("search.open", found["open_ms"], "ms"),
        ("search.file", found["file_mb"], "MB"),
        ("search.memory", found["own_mb"], "MB own"),
    )
    return [Result(name, value, unit, "", None, None, "shown", True) for name, value, unit in figures]


# From here on in a process of its own.


def main() -> None:
    """Fill an empty folder, measure; the answer is one line of JSON."""
    import django

    django.setup()
    from django.core.management import call_command

    from safeconduct.places.actions import load_facts
    from safeconduct.places.queries import find
    from safeconduct.places.searchindex import opening

    call_command("migrate", verbosity=0)
    load_facts()
    begun = time.perf_counter()
    opening.index()
    build_s = time.perf_counter() - begun
    opening._opened.clear()
    begun = time.perf_counter()
    opening.index()
    open_ms = (time.perf_counter() - begun) * 1000
    with QUERIES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    def first(row: dict[str, str]) -> str:
        hits = find(row["query"], lang=row["lang"], limit=SHOWN).hits
        return hits[0].key if hits else ""

    whole = _timed(rows, first, time.perf_counter)
    typed = [row | {"query": row["query"][:size]} for row in rows for size in range(1, len(row["query"]) + 1)]
    every = _timed(typed, first, time.process_time)
    answer = {
        "asked": len(typed),
        "p50_ms": statistics.median(every),
        "p99_ms": _at(every, 0.99),
        "slowest_ms": max(every),
        "whole_p50_ms": statistics.median(whole),
        "whole_p99_ms": _at(whole, 0.99),
        "kinds": Counter(row["kind"] for row in rows),
        "right": Counter(row["kind"] for row in rows if first(row) == row["key"]),
        "build_s": build_s,
        "open_ms": open_ms,
        "file_mb": opening.path_of(opening._key()).stat().st_size / 1e6,
        "own_mb": _own_megabytes(),
        "peers": _peers(rows),
    }
    sys.stdout.write(json.dumps(answer) + "\n")


def _timed(
    rows: Sequence[dict[str, str]], ask: Callable[[dict[str, str]], str], clock: Callable[[], float]
) -> list[float]:
    """Milliseconds of each question by a clock, the second time that all are asked."""
    for row in rows:
        ask(row)
    times = []
    for row in rows:
        begun = clock()
        ask(row)
        times.append((clock() - begun) * 1000)
    return times


def _at(times: Iterable[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _own_megabytes() -> float:
    """Memory of this process alone that opens the file and asks: what the file takes is shared with all others."""
    script = (
        "import django; django.setup()\n"
        "import resource\n"
        "from safeconduct.places.queries import find\n"
        "def own():\n"
        "    rows = open('/proc/self/smaps_rollup').read().splitlines()\n"
        "    return sum(int(r.split()[1]) for r in rows if r.startswith(('Private_Dirty', 'Anonymous'))) / 2000\n"
        "import numpy, rapidfuzz\n"
        "before = own()\n"
        "for text in ('kenya', 's', 'Phillippenes', 'Paris Texas', 'San Fransisco', '東京'):\n"
        "    find(text); find(text, lang='de')\n"
        "print(own() - before)\n"
    )
    if not Path("/proc/self/smaps_rollup").exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    done = subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout)


def _peers(rows: Sequence[dict[str, str]]) -> dict[str, Any]:
    """pg_trgm over the same folded names, in a database of its own; nothing without a server."""
    import psycopg

    name = f"safeconduct_bench_{secrets.token_hex(4)}"
    base = urlsplit(SERVER)
    try:
        with psycopg.connect(
            base._replace(path="/postgres").geturl(), autocommit=True, connect_timeout=5
        ) as one:
            one.execute(f'CREATE DATABASE "{name}"'.encode())
            try:
                with psycopg.connect(base._replace(path=f"/{name}").geturl(), autocommit=True) as peer:
                    return _measured(peer, rows)
            finally:
                one.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
    except psycopg.OperationalError:
        return {}


KINDS_OF_INDEX = {
    "GIN": (
        "USING gin (folded gin_trgm_ops)",
        "SELECT key FROM names WHERE folded %% %(text)s"
        " ORDER BY similarity(folded, %(text)s) DESC, rank DESC LIMIT 8",
    ),
    "GiST": (
        "USING gist (folded gist_trgm_ops)",
        "SELECT key FROM names ORDER BY folded <-> %(text)s LIMIT 8",
    ),
}


def _measured(peer: Any, rows: Sequence[dict[str, str]]) -> dict[str, Any]:
    from safeconduct.places.folding import fold
    from safeconduct.places.models import PlaceName

    peer.execute("CREATE EXTENSION pg_trgm")
    peer.execute("CREATE TABLE names (key text, folded text, rank int)")
    names = PlaceName.objects.filter(is_whole=True, place__state="active")
    with peer.cursor().copy("COPY names FROM STDIN") as copy:
        for row in names.values_list("place__key", "folded", "place__rank").iterator(chunk_size=5000):
            copy.write_row(row)
    asked = [row | {"query": fold(row["query"])} for row in rows]
    peers: dict[str, Any] = {}
    for kind, (index, sql) in KINDS_OF_INDEX.items():
        peer.execute(f"CREATE INDEX looked_up ON names {index}")
        peer.execute("ANALYZE names")
        right: Counter[str] = Counter()
        times = []
        for one in asked[:: 4 if kind == SLOW_KIND else 1]:
            begun = time.perf_counter()
            found = peer.execute(sql, {"text": one["query"]}).fetchall()
            times.append((time.perf_counter() - begun) * 1000)
            right[one["kind"]] += bool(found) and found[0][0] == one["key"]
        p50, p99 = statistics.median(times), _at(times, 0.99)
        peers[kind] = {"p50_ms": p50, "p99_ms": p99, "right": right}
        peer.execute("DROP INDEX looked_up")
    return peers


if __name__ == "__main__":
    main()
