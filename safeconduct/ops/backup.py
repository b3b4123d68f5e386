"""Backup of a folder to one file, and its restoration. SQLite only: PostgreSQL has its own, better tool.

The file is a tar of mode 600 with everything a folder needs: database, secrets, files, marks. It holds
personal data and keys; where it is kept is the operator's to decide.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import tarfile
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.db import connection, connections

from safeconduct.lib import clock, folder
from safeconduct.lib.errors import Refused
from safeconduct.ops.models import BackupRecord

MANIFEST = "manifest.json"
DATABASE = "safeconduct.sqlite3"
FORMAT = 1
SINGLE_FILES = (folder.MARK, folder.SITE, "demo-logins.json")
REPLACED = "replaced"


@dataclass(frozen=True)
class Written:
    """What was written."""

    path: Path
    size_bytes: int
    files: int


def _embedded_database() -> Path:
    if connection.vendor != "sqlite":
        raise Refused(
            "backup.postgresql",
            "The data is in PostgreSQL: back it up with `pg_dump --format=custom`, and keep the folder "
            f"{settings.SAFECONDUCT_HOME} (secrets and files) beside it. docs/operate.md shows both.",
        )
    return Path(str(connection.settings_dict["NAME"]))


def _members(home: Path) -> list[tuple[str, Path]]:
    found = [(name, home / name) for name in SINGLE_FILES if (home / name).is_file()]
    found += [(path.name, path) for path in sorted(home.glob("*.secret"))]
    files = home / "files"
    found += [
        (str(p.relative_to(home)), p) for p in sorted(files.rglob("*")) if p.is_file() and not p.is_symlink()
    ]
    return found


def write_backup(target: Path) -> Written:
    """Write the backup and note it. Raises Refused when the file exists or the data is elsewhere."""
    _embedded_database()
    home = Path(settings.SAFECONDUCT_HOME)
    target = target.absolute()
    if target.exists():
        raise Refused("backup.exists", f"{target} exists. Choose another name; backups are not overwritten.")
    if not target.parent.is_dir():
        raise Refused("backup.folder", f"There is no folder {target.parent}.")
    snapshot, part = home / f".backup-{os.getpid()}.sqlite3", target.with_name(f".{target.name}.part")
    try:
        # VACUUM INTO reads one consistent state while web and worker go on writing.
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(snapshot)])
        members = [(DATABASE, snapshot), *_members(home)]
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as raw:
            _write_tar(raw, members)
            raw.flush()
            os.fsync(raw.fileno())
        part.rename(target)
    finally:
        snapshot.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    size = target.stat().st_size
    BackupRecord.objects.create(made_at=clock.now(), file_name=target.name[:255], size_bytes=size)
    return Written(target, size, len(members))


def _write_tar(raw: io.BufferedWriter, members: list[tuple[str, Path]]) -> None:
    digests = {}
    for name, path in members:
        with path.open("rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    manifest = {
        "format": FORMAT,
        "version": version("safeconduct"),
        "made_at": clock.now().isoformat(),
        "kind": settings.SAFECONDUCT_FOLDER_KIND,
        "sha256": digests,
    }
    with tarfile.open(fileobj=raw, mode="w") as tar:
        data = json.dumps(manifest, indent=1).encode()
        head = tarfile.TarInfo(MANIFEST)
        head.size, head.mode = len(data), 0o600
        tar.addfile(head, io.BytesIO(data))
        for name, path in members:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = path.stat().st_size, 0o600
            with path.open("rb") as file:
                tar.addfile(entry, file)


def _is_allowed(name: str) -> bool:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        return False
    if len(path.parts) == 1:
        return name in (MANIFEST, DATABASE, *SINGLE_FILES) or name.endswith(".secret")
    return path.parts[0] == "files"


def unpack(source: Path, into: Path) -> dict[str, object]:
    """Unpack a backup into an empty folder and check every byte; return its manifest. Raises Refused."""
    try:
        with tarfile.open(source, mode="r:") as tar:
            for entry in tar:
                if not entry.isfile() or not _is_allowed(entry.name):
                    raise Refused(
                        "restore.content", f"{source} holds {entry.name!r}, which no backup of ours does."
                    )
                content = tar.extractfile(entry)
                path = into / entry.name
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    while content is not None and (block := content.read(1024 * 1024)):
                        file.write(block)
        manifest = json.loads((into / MANIFEST).read_text(encoding="utf-8"))
        expected: dict[str, str] = dict(manifest["sha256"])
    except (tarfile.TarError, OSError, EOFError, KeyError, TypeError, ValueError) as error:
        raise Refused(
            "restore.broken", f"{source} is no whole backup of ours ({type(error).__name__})."
        ) from error
    if manifest.get("format") != FORMAT or DATABASE not in expected or folder.MARK not in expected:
        raise Refused("restore.format", f"{source} is no backup that this version can read.")
    for name, digest in expected.items():
        path = into / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise Refused("restore.broken", f"{source} is damaged: {name} differs from what was written.")
    if not _is_whole(into / DATABASE):
        raise Refused("restore.broken", f"{source} is damaged: the database does not pass its own check.")
    (into / MANIFEST).unlink()
    return dict(manifest)


def _is_whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as database:
        try:
            return bool(database.execute("PRAGMA integrity_check").fetchone() == ("ok",))
        except sqlite3.DatabaseError:
            return False


def holds_data(home: Path) -> bool:
    """Return whether the folder is in use; secrets that a first start made do not count."""
    return (home / DATABASE).exists() or (home / folder.MARK).exists()


def restore(source: Path, *, replace: bool) -> Path | None:
    """Put a backup in place of the folder's content; return where the old content was kept.

    Raises Refused when the folder is in use and `replace` was not said, or when the backup is not whole.
    """
    database = _embedded_database()
    home = Path(settings.SAFECONDUCT_HOME)
    if not source.is_file():
        raise Refused("restore.missing", f"There is no file {source}.")
    if holds_data(home) and not replace:
        raise Refused(
            "restore.filled",
            f"{home} holds data. Say --replace to put the backup in its place; what is there is kept aside.",
        )
    if database != home / DATABASE:
        raise Refused(
            "restore.elsewhere",
            f"DATABASE_URL names {database}, outside the data folder. Unset it, restore, and move the file yourself.",
        )
    stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
    incoming = home / f".restore-{stamp}-{os.getpid()}"
    incoming.mkdir(parents=True, mode=0o700)
    try:
        unpack(source, incoming)
        connections.close_all()
        aside = _set_aside(home, stamp, keep={incoming.name, REPLACED, "serve.lock"})
        for path in sorted(incoming.iterdir()):
            path.rename(home / path.name)
    finally:
        _remove_tree(incoming)
    return aside


def _set_aside(home: Path, stamp: str, *, keep: set[str]) -> Path | None:
    if not holds_data(home):
        # Only what the start of this very command made: a signing key that signed nothing yet.
        for secret in home.glob("*.secret"):
            secret.unlink()
        return None
    present = [path for path in home.iterdir() if path.name not in keep]
    aside = home / REPLACED / stamp
    aside.mkdir(parents=True, mode=0o700)
    for path in present:
        path.rename(aside / path.name)
    return aside


def _remove_tree(path: Path) -> None:
    for child in path.iterdir():
        if child.is_dir():
            _remove_tree(child)
        else:
            child.unlink()
    path.rmdir()
