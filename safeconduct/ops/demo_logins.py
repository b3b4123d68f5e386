"""The log-ins of a demo folder, kept beside its data (mode 600) so that they can be printed again."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

FILE = "demo-logins.json"


@dataclass(frozen=True)
class Login:
    """One fictitious person's log-in."""

    role: str
    email: str
    password: str

    @property
    def line(self) -> str:
        """Return `role e-mail password`."""
        return f"{self.role} {self.email} {self.password}"


def read() -> list[Login]:
    """Return the stored log-ins; none when there is no demo yet."""
    path = Path(settings.SAFECONDUCT_HOME) / FILE
    if not path.exists():
        return []
    return [Login(**row) for row in json.loads(path.read_text(encoding="utf-8"))]


def write(logins: list[Login]) -> None:
    """Store the log-ins."""
    path = Path(settings.SAFECONDUCT_HOME) / FILE
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump([asdict(login) for login in logins], file, indent=1)
