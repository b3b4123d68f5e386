"""`safeconduct demo`: marks an empty folder as a demo, fills it, prints `role e-mail password` lines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from safeconduct.lib.commands import JsonCommand
from safeconduct.ops import demo


class Command(JsonCommand):
    """Fill a demo folder."""

    help = "Fill an empty folder with an invented university, and print its log-ins. Again: print them again."

    def act(self, **options: Any) -> None:
        """Make what is missing and print the log-ins."""
        logins = demo.make()
        self.emit([asdict(login) for login in logins], "\n".join(login.line for login in logins))
