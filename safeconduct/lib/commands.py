"""The base of every command: `--json` prints UTF-8, unescaped; expected errors become one line and exit 2."""

from __future__ import annotations

import json
import sys
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from safeconduct.lib import folder
from safeconduct.lib.errors import ExpectedError

Around = Callable[[str], AbstractContextManager[None]]
"""What stands around a step of a long work: hears what is begun, and when it is over."""


def quietly(_words: str) -> AbstractContextManager[None]:
    """Say nothing."""
    return nullcontext()


class Saying:
    """Says what is being done, step by step, how long each took and how long it is since the beginning."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._began = stream, time.monotonic()

    @contextmanager
    def __call__(self, words: str) -> Iterator[None]:
        """Say what is begun at once, the seconds when it is done."""
        began = time.monotonic()
        self._write(f"{words} …")
        yield
        now = time.monotonic()
        self._write(f" {now - began:.1f} s ({now - self._began:.0f} s so far)\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class JsonCommand(BaseCommand):
    """A command whose answer is data. Subclasses write `act(**options)` and call `emit` once."""

    requires_system_checks: list[str] = []
    wants_json = False
    wants_folder = True
    """Whether it works on what set-up made. A command that makes the folder itself says False."""

    def run_from_argv(self, argv: list[str]) -> None:
        """From a shell: refuse a place where nothing was set up, before a database is opened there.

        SQLite would make an empty file in it, and with that the folder would count as somebody's, and as no place
        for a demonstration any more.
        """
        if self.wants_folder and not {"-h", "--help", "--version"} & set(argv):
            home = Path(settings.SAFECONDUCT_HOME)
            database = settings.DATABASES["default"]
            on_a_server = "sqlite" not in database["ENGINE"]
            if not (on_a_server or folder.is_marked(home) or Path(database["NAME"]).exists()):
                self.stderr.write(
                    f"nothing was set up in {home} (SAFECONDUCT_HOME): “safeconduct setup” makes a folder of your own, "
                    "“safeconduct demo” a demonstration"
                )
                sys.exit(2)
        super().run_from_argv(argv)

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--json`; a subclass that overrides this calls it."""
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run `act`; an expected error is one line on stderr and exit status 2."""
        self.wants_json = options["json"]
        try:
            self.act(**options)
        except ExpectedError as error:
            self.stderr.write(str(error))
            sys.exit(2)

    @abstractmethod
    def act(self, **options: Any) -> None:
        """Do the command's work."""

    def emit(self, answer: Any, text: str | None = None) -> None:
        """Print `answer` as JSON when asked for, else `text` or one readable line a row."""
        if self.wants_json:
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1, default=str))
            return
        if text is not None:
            self.stdout.write(text)
            return
        rows = answer if isinstance(answer, list) else [answer]
        for row in rows:
            if isinstance(row, dict):
                self.stdout.write("  ".join(f"{k}={v}" for k, v in row.items() if v not in (None, "", [])))
            else:
                self.stdout.write(str(row))
