"""`safeconduct entry-rules import F --as-of 2025-01-12 --source NAME`: read a file of entry rules; take one back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from safeconduct.advice import csv_files, matrix
from safeconduct.advice.actions import import_file, take_back
from safeconduct.advice.models import EntryRule, RuleImport
from safeconduct.advice.queries import as_rows, the_import
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import NotFound, Permanent, Refused


class Command(JsonCommand):
    """Files of entry rules."""

    help = "Read a file of entry rules, take one back, list the files that were read, write the template or all rules."

    def add_arguments(self, parser: CommandParser) -> None:
        """What is to be done, with which file."""
        super().add_arguments(parser)
        parser.add_argument("what", choices=["import", "take-back", "files", "template", "export"])
        parser.add_argument("file", nargs="?", default="", help="the file to read, or the id of one that was read")
        parser.add_argument("--as-of", metavar="DAY", help="of which day the file is: stands with every answer")
        parser.add_argument("--source", default="", metavar="NAME", help="who says so")
        parser.add_argument("--url", default="", help="where")
        parser.add_argument(
            "--coding", default="", choices=["", *matrix.CODINGS], help="numbers of a visa matrix: days of a stay, or those of 2019"
        )  # fmt: skip
        parser.add_argument("--rejected", metavar="F", help="write the refused rows there, with what is wrong with each")

    def act(self, **options: Any) -> None:
        """Do it."""
        what = options["what"]
        if what == "import":
            self._import(options)
        elif what == "take-back":
            done = the_import(options["file"])
            ended, back = take_back(done, by=None)
            self.emit({"file": done.public_id, "ended": ended, "hold_again": back})
        elif what == "files":
            self.emit([_row(done) for done in RuleImport.objects.all()])
        else:
            rules = EntryRule.objects.holding().order_by("destination", "kind", "pk").iterator(2000)
            self.stdout.write(csv_files.template() if what == "template" else csv_files.as_csv(as_rows(rules)), ending="")

    def _import(self, options: dict[str, Any]) -> None:
        path = Path(options["file"])
        if not options["file"]:
            raise Refused("rules.file", "Say which file: entry-rules import FILE.")
        before = RuleImport.objects.count()
        done = import_file(
            _bytes(path), file_name=path.name, by=None, as_of=_day(options["as_of"]), source=options["source"],
            url=options["url"], coding=options["coding"],
        )  # fmt: skip
        if options["rejected"]:
            Path(options["rejected"]).write_text(csv_files.refused_csv(done.problems), encoding="utf-8")
        answer = _row(done) | {"is_known": RuleImport.objects.count() == before}
        if self.wants_json:
            answer["problems"] = done.problems
        self.emit(answer)


def _row(done: RuleImport) -> dict[str, Any]:
    names = ("added", "changed", "unchanged", "ended", "refused")
    return {
        "file": done.public_id,
        "name": done.file_name,
        "shape": done.shape,
        "source": done.source_name,
        "as_of": done.as_of.isoformat() if done.as_of else None,
        **{name: getattr(done, name) for name in names},
        "read_at": done.imported_at.isoformat().replace("+00:00", "Z"),
        "taken_back": done.taken_back_at is not None,
    }


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > csv_files.MOST_BYTES:
            raise Permanent(f"{path.name} is larger than {csv_files.MOST_BYTES:,} bytes: not read")
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}") from None
    except OSError as error:
        raise Permanent(f"{path.name} cannot be read: {error.strerror}") from None


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("rules.day", f"--as-of wants a day like 2025-01-12, not “{text[:20]}”.") from None
