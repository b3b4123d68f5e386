"""`alerts [--active]`: what is stored, one row for the current version of every event."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db.models import F

from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.queries import active_versions, as_row
from safeconduct.lib.commands import JsonCommand


class Command(JsonCommand):
    """List alerts."""

    help = "List alerts (the current version of every event)"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the filter."""
        super().add_arguments(parser)
        parser.add_argument("--active", action="store_true", help="only those that matter now to travellers")

    def act(self, **options: Any) -> None:
        """Print the rows, newest message first."""
        if options["active"]:
            rows = active_versions()
        else:
            rows = (
                AlertVersion.objects.filter(event__current_version=F("pk"))
                .select_related("event__source")
                .order_by("-sent_at", "-pk")
            )
        self.emit([as_row(version) for version in rows.defer("impact_area")])
