"""The index of what the tables hold at this moment: opened, and built when it is not there.

The name of the file says which load of facts, and which way of building, it is of: a process that sees another load
opens another file. One process builds while the others wait; where the folder cannot be written to, each process
keeps the index in its own memory. It never gives an index of another load.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from safeconduct.places.models import FactLoad
from safeconduct.places.searchindex import sections
from safeconduct.places.searchindex.building import FORMAT, build
from safeconduct.places.searchindex.reading import SearchIndex

_log = logging.getLogger(__name__)
_opened: dict[str, SearchIndex] = {}


def index() -> SearchIndex:
    """The index for the tables as the newest load left them."""
    key = _key()
    found = _opened.get(key)
    if found is None:
        found = _open_or_build(key)
        # Those of earlier loads go; a map in use by another thread lives as long as it is used.
        _opened.clear()
        _opened[key] = found
    return found


def prepare() -> None:
    """Have the index open before anybody asks: for a thread of its own when a process begins."""
    try:
        index()
    finally:
        connection.close()


def path_of(key: str) -> Path:
    """Where the file for a state of the tables is."""
    return Path(settings.SAFECONDUCT_HOME) / "cache" / f"places-{key[:24]}.index"


def _key() -> str:
    """Asked before every search: by hand, because the ORM takes ten times as long as the question."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT scope, digest, loaded_at FROM {FactLoad._meta.db_table} ORDER BY scope")  # noqa: S608 - our own table
        return hashlib.sha256(f"{FORMAT} {cursor.fetchall()}".encode()).hexdigest()


def _open_or_build(key: str) -> SearchIndex:
    path = path_of(key)
    if (found := _open(path, key)) is not None:
        return found
    try:
        with _alone(path.with_name("places.lock")):
            # Another process may have built it while this one waited.
            if (found := _open(path, key)) is not None:
                return found
            raw = build(key)
            sections.write(path, raw)
            for other in path.parent.glob("places-*.index"):
                if other != path:
                    other.unlink(missing_ok=True)
    except OSError as problem:
        _log.warning("the search index cannot be kept in %s: %s", path.parent, problem)
        return SearchIndex(*sections.unpacked(build(key)))
    return _open(path, key) or SearchIndex(*sections.unpacked(raw))


def _open(path: Path, key: str) -> SearchIndex | None:
    try:
        arrays, about = sections.unpacked(sections.mapped(path))
    except FileNotFoundError:
        return None
    except (OSError, sections.Damaged, ValueError, KeyError, TypeError) as problem:
        _log.warning("the search index %s is built again: %s", path.name, problem)
        return None
    return SearchIndex(arrays, about) if (about["key"], about["format"]) == (key, FORMAT) else None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes of this machine out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
