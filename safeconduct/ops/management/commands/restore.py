"""`safeconduct restore FILE [--replace]`: puts a backup in place; what was there is kept aside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import Refused
from safeconduct.ops import backup
from safeconduct.ops.management.commands.serve import refuse_when_served


class Command(JsonCommand):
    """Restore a folder."""

    wants_folder = False
    help = "Put a backup in place of the folder's content. Refuses a filled folder without --replace."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--replace` keeps the old content in the folder `replaced`."""
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true")

    def act(self, **options: Any) -> None:
        """Restore, then bring the tables up to this version in a process that reads the restored secrets."""
        home = Path(settings.SAFECONDUCT_HOME)
        if home.exists():  # on a new machine the folder is made by the restore; nobody can serve it yet
            refuse_when_served(home)
        aside = backup.restore(options["file"].absolute(), replace=options["replace"])
        # Another process: this one holds the secrets and the database of before.
        arguments = [sys.executable, "-m", "safeconduct.config.cli", "setup"]
        set_up = subprocess.run(arguments, stdout=subprocess.PIPE, text=True, check=False)
        if set_up.returncode:
            raise Refused(
                "restore.setup",
                "The backup is in place, but set-up failed. Run `safeconduct setup` and see why.",
            )
        kept = f"; what was there is in {aside}" if aside else ""
        self.emit(
            {"restored": str(options["file"]), "kept": str(aside or "")}, f"{set_up.stdout}restored{kept}"
        )
