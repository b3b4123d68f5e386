"""Reading and writing the shipped data files: UTF-8 CSV with a head, LF, `.gz` by name, the same bytes each time.

It refuses to know what the columns mean.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent / "data"
TYPED = DATA / "typed"


def read_text(path: Path) -> str:
    """The text of a file, unpacked when its name ends in `.gz`."""
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file by column name."""
    yield from csv.DictReader(io.StringIO(read_text(path), newline=""))


def read_json(path: Path) -> Any:
    """A JSON document."""
    return json.loads(read_text(path))


def _write(path: Path, text: str) -> None:
    raw = text.encode("utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(raw, 9, mtime=0) if path.suffix == ".gz" else raw)


def write_rows(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file; None becomes empty (unknown)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    _write(path, out.getvalue())


def write_json(path: Path, value: Any) -> None:
    """Write compact JSON."""
    _write(path, json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
