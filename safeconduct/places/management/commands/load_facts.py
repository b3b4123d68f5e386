"""`safeconduct load_facts`: brings the tables to what the shipped data files say. `setup` does it too."""

from dataclasses import asdict
from typing import Any

from safeconduct.lib.commands import JsonCommand
from safeconduct.places.actions import load_facts
from safeconduct.places.searchindex.opening import index


class Command(JsonCommand):
    """Loads places and facts; the same data again changes nothing."""

    help = "Load the shipped places and facts. Safe to run again."

    def act(self, **options: Any) -> None:
        """Load and say what changed."""
        report = load_facts()
        # So that no reader waits for it.
        index()
        self.emit(asdict(report))
