"""Named arrays in one file: written whole or not at all, opened by mapping, checked before they are believed.

It refuses to know what the arrays mean.
"""

from __future__ import annotations

import json
import mmap
import os
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
MAGIC = b"SCPLACES"
HEAD = 24  # magic, length of the description, checksum of all that follows
ALIGNED = 64


class Damaged(Exception):
    """The bytes are not what was written."""


def packed(arrays: Mapping[str, Array], about: Mapping[str, Any]) -> bytes:
    """Arrays and a description as the bytes of a file."""
    table: dict[str, tuple[str, int, int]] = {}
    parts: list[bytes] = []
    at = 0
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array).tobytes()
        table[name] = (array.dtype.str, at, len(array))
        parts.append(raw + bytes(-len(raw) % ALIGNED))
        at += len(parts[-1])
    described = json.dumps({"about": about, "table": table}, ensure_ascii=False).encode()
    described += b" " * (-(HEAD + len(described)) % ALIGNED)
    rest = b"".join((described, *parts))
    return MAGIC + len(described).to_bytes(8, "little") + zlib.crc32(rest).to_bytes(8, "little") + rest


def unpacked(raw: bytes | mmap.mmap) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays, without copying them, and the description. Raises Damaged."""
    view = memoryview(raw)
    if len(view) < HEAD or bytes(view[:8]) != MAGIC:
        raise Damaged("not an index")
    if zlib.crc32(view[HEAD:]) != int.from_bytes(view[16:HEAD], "little"):
        raise Damaged("the checksum differs")
    start = HEAD + int.from_bytes(view[8:16], "little")
    described = json.loads(bytes(view[HEAD:start]))
    arrays = {
        name: np.frombuffer(view, dtype=kind, count=count, offset=start + at)
        for name, (kind, at, count) in described["table"].items()
    }
    return arrays, described["about"]


def write(path: Path, raw: bytes) -> None:
    """Put the bytes there at once: no reader ever sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def mapped(path: Path) -> mmap.mmap:
    """The file in memory, shared with every other process that maps it. Raises OSError or Damaged."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size < HEAD:
            raise Damaged("the file is too short")
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
