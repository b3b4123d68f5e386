"""`events [--active]`: what happens, one row for each incident, whichever sources tell of it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from safeconduct.alerts.overview import incident_rows
from safeconduct.lib.commands import JsonCommand


class Command(JsonCommand):
    """List incidents."""

    help = "List events: one row for each incident, with the sources that tell of it"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the filter."""
        super().add_arguments(parser)
        parser.add_argument(
            "--active", action="store_true", help="only what at least one source still warns of"
        )

    def act(self, **options: Any) -> None:
        """Print the rows, the latest first."""
        self.emit(incident_rows(active=options["active"]))
