"""`safeconduct demo`: marks an empty folder as a demo, fills it, prints `role e-mail password` lines.

What it is doing is said on stderr, step by step.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

from safeconduct.lib.commands import JsonCommand, Saying
from safeconduct.ops import demo


class Command(JsonCommand):
    """Fill a demo folder."""

    wants_folder = False
    help = "Fill an empty folder with an invented university, and print its log-ins. Again: print them again."

    def act(self, **options: Any) -> None:
        """Make what is missing and print the log-ins."""
        # Log-ins alone go to stdout: others read them.
        logins = demo.make(around=Saying(sys.stderr))
        self.emit([asdict(login) for login in logins], "\n".join(login.line for login in logins))
