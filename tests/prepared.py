"""Keeps the migrated and loaded test database, and the index of its places, for the next process that needs them.

For SQLite in memory. What is kept is named by a digest of all that it is made from and by the day, because rows say
when they were written; whoever opens it migrates and loads once more, which changes nothing when the digest was right.
It refuses what is damaged or of another state: that is made anew. One process makes it while the others wait.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import platform
import shutil
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings

PACKAGE = Path(__file__).resolve().parent.parent / "safeconduct"
MADE_FROM = (
    "*/migrations/*.py", "*/models.py", "lib/*.py", "places/*.py", "places/searchindex/*.py", "places/data/**/*.csv*",
)  # fmt: skip
# Where the index belongs → where it is kept.
_indexes: dict[Path, Path] = {}
DATABASE, INDEX, CONTENTS = "database.sqlite3", "places.index", "contents.json"


@dataclass(frozen=True)
class Store:
    """The folder of one state; `contents.json` is written last and says what the other files must be."""

    folder: Path
    state: str

    def contents(self) -> dict[str, Any] | None:
        """What is kept of this state, None when it is not there or not whole."""
        try:
            said = json.loads((self.folder / CONTENTS).read_text())
            is_whole = said["state"] == self.state and all(
                _digest_of(self.folder / name) == said["files"][name] for name in (DATABASE, INDEX)
            )
            return said if is_whole and Path(said["index"]).name == said["index"] else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def fill(self, name: str) -> sqlite3.Connection | None:
        """Copy what is kept into the empty database in memory; it lives as long as the connection."""
        if (said := self.contents()) is None:
            return None
        target = sqlite3.connect(name, uri=True)
        source = sqlite3.connect(f"{(self.folder / DATABASE).as_uri()}?mode=ro", uri=True)
        try:
            source.backup(target)
        finally:
            source.close()
        _indexes[Path(settings.SAFECONDUCT_HOME) / "cache" / said["index"]] = self.folder / INDEX
        put_index_back()
        return target

    def keep(self, connection: sqlite3.Connection, index: Path) -> None:
        """Write the database and the index as they are now in place of what was kept before."""
        (self.folder / CONTENTS).unlink(missing_ok=True)
        (self.folder / DATABASE).unlink(missing_ok=True)
        target = sqlite3.connect(self.folder / DATABASE)
        try:
            # Read at every start and made again at will: nothing is lost when the machine stops.
            target.execute("PRAGMA synchronous=OFF")
            connection.backup(target)
        finally:
            target.close()
        shutil.copyfile(index, self.folder / INDEX)
        files = {name: _digest_of(self.folder / name) for name in (DATABASE, INDEX)}
        (self.folder / CONTENTS).write_text(
            json.dumps({"state": self.state, "index": index.name, "files": files}) + "\n"
        )
        _indexes[index] = self.folder / INDEX


def put_index_back() -> None:
    """Copy the index to where the product looks for it, when a test has loaded something else and so removed it.

    The product looks at what it opens: an index that another run has put in its place meanwhile is not used.
    """
    for target, source in _indexes.items():
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):
                # A copy: tests harm the file.
                shutil.copyfile(source, target)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep the other test processes of this checkout out."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def state_of(places: Collection[str]) -> str:
    """The digest of all that the database is made from: migrations, models, data, what loads them, today."""
    said = [
        sorted(places), list(settings.INSTALLED_APPS), datetime.now(UTC).date().isoformat(), platform.python_version(),
        sqlite3.sqlite_version, *(version(name) for name in ("django", "django-allauth", "numpy")),
    ]  # fmt: skip
    whole = hashlib.sha256(repr(said).encode() + Path(__file__).read_bytes())
    for path in sorted({path for pattern in MADE_FROM for path in PACKAGE.glob(pattern)}):
        whole.update(f"\n{path.relative_to(PACKAGE)}\n".encode() + path.read_bytes())
    return whole.hexdigest()


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
