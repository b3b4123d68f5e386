"""Django's handle on this room."""

from __future__ import annotations

import gc
import os

from django.apps import AppConfig


class OpsConfig(AppConfig):
    """Running the house."""

    name = "safeconduct.ops"
    label = "ops"

    def ready(self) -> None:
        """Say what this room stores about people, and tie a process that `serve` started to the life of its parent (see processes.py)."""
        from safeconduct.accounts.hooks import personal_data
        from safeconduct.ops import emails  # noqa: F401 - registers the kinds
        from safeconduct.ops.personal import OWN_DATA

        personal_data.add(OWN_DATA)
        _spare_the_collector()
        if os.environ.pop("SAFECONDUCT_CHILD_OF_WEB", ""):
            from safeconduct.ops.processes import die_with_parent

            die_with_parent()


def _spare_the_collector() -> None:
    """Leave what a process loads at its start out of every search for cycles, and search less often.

    Reading a document makes tens of thousands of objects that refer to each other in no circle. With Python's 700
    each of them pays for looking at all others: a full search takes 100 ms, a tenth of reading a large feed. A week
    of earthquakes is 83,000 objects: below the number that begins a search, so that there is none while it is read.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
