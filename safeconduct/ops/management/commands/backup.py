"""`safeconduct backup FILE`: everything a folder needs, in one file of mode 600."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from safeconduct.lib.commands import JsonCommand
from safeconduct.ops import backup


class Command(JsonCommand):
    """Back up the folder."""

    help = "Write database, secrets and files to one file, while the portal runs."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file must not exist."""
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)

    def act(self, **options: Any) -> None:
        """Write and say what."""
        done = backup.write_backup(options["file"])
        self.emit(
            {"file": str(done.path), "bytes": done.size_bytes, "files": done.files},
            f"{done.path}: {done.files} files, {done.size_bytes} bytes, readable by you alone",
        )
