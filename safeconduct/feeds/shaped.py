"""Readers that were built to shape: on a few recorded entries, or on what others say of a feed.

Until an entry of a real poll has been read into a level or a warning, it is said wherever the source is cited that
its reader is not proved: an index that only names entries proves nothing, nor does a file that somebody handed in.
Which formats these are, and what they were tried on, is `data/shaped.csv`.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from safeconduct.feeds.models import Source

TABLE = Path(__file__).parent / "data" / "shaped.csv"


def is_built_to_shape(source: Source) -> bool:
    """Return whether nothing but few recorded entries speaks for the reader of this source so far."""
    return source.proved_at is None and source.format in proofs()


@cache
def proofs() -> dict[str, str]:
    """Return by format what a reader that was built to shape was tried on."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["format"]: row["proved_by"] for row in csv.DictReader(file)}
