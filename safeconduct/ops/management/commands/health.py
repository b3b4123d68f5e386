"""`safeconduct health [--json] [--check]`: what the operator's page shows."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandParser

from safeconduct.lib.commands import JsonCommand
from safeconduct.ops import health


class Command(JsonCommand):
    """Say how the house is."""

    help = "Say how the house is. With --check the exit status is 1 when something is bad."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--check` is for monitoring."""
        super().add_arguments(parser)
        parser.add_argument("--check", action="store_true", help="exit 1 when something is bad")

    def act(self, **options: Any) -> None:
        """Print the report."""
        report = health.report()
        lines = [
            f"{c.state:8}{c.figure:>14}  {c.label}" + (f": {c.advice}" if c.advice else "")
            for c in report.checks
        ]
        self.emit(report.as_data(), "\n".join([report.status, *lines]))
        if options["check"] and not report.is_well:
            sys.exit(1)
