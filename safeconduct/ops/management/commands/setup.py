"""`safeconduct setup [--test]`: makes a folder ready to serve. Idempotent; never makes demo data."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from safeconduct.lib.commands import JsonCommand
from safeconduct.ops import setup


class Command(JsonCommand):
    """Make the data folder ready."""

    wants_folder = False
    help = "Make the data folder ready: tables, facts, sources, texts. Never demo data."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--test` is read before the settings are (config/cli.py) and marks a new folder."""
        super().add_arguments(parser)
        parser.add_argument("--test", action="store_true", help="mark a new folder as a test folder")

    def act(self, **options: Any) -> None:
        """Run every step and print what it did."""
        told = (
            (lambda step: None)
            if self.wants_json
            else (lambda step: self.stdout.write(f"{step.code}: {step.did}"))
        )
        steps = setup.run(told=told)
        if self.wants_json:
            self.emit([{"step": step.code, "did": step.did} for step in steps])
