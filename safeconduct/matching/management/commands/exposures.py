"""`safeconduct exposures [--alert ID]`: whom an alert concerns, why, and whether they were told."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from safeconduct.alerts.models import AlertVersion
from safeconduct.lib import clock
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import NotFound
from safeconduct.matching.jobs import all_exposures
from safeconduct.matching.queries import as_row


class Command(JsonCommand):
    """Prints every exposure, or those of one alert's event."""

    help = "Whom alerts concern, and why"

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the alert's id."""
        super().add_arguments(parser)
        parser.add_argument("--alert", default="", help="the id that the alerts command prints")

    def act(self, **options: Any) -> None:
        """Print the rows, oldest first."""
        rows = all_exposures()
        if options["alert"]:
            version = AlertVersion.objects.filter(public_id=options["alert"]).first()
            if version is None:
                raise NotFound(f"no alert has the id {options['alert']}")
            rows = rows.filter(event_id=version.event_id)
        year = clock.now().year
        self.emit([as_row(row, year) for row in rows])
