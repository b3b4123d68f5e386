"""`sources`, `sources enable NAME|--region XX`, `sources disable NAME|--region XX`: the registry from a shell."""

from __future__ import annotations

import shutil
from typing import Any

from django.core.management.base import CommandParser

from safeconduct.feeds import actions
from safeconduct.feeds.models import Source
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.ops import sourcehealth
from safeconduct.ops.sourcehealth import SourceLine
from safeconduct.places.regions import countries_in, region_from


class Command(JsonCommand):
    """List sources and switch them on or off."""

    help = "List official sources; switch them on or off by name, or by country or region of the world."

    def add_arguments(self, parser: CommandParser) -> None:
        """Nothing lists; `enable` and `disable` take a name or a region."""
        super().add_arguments(parser)
        parser.add_argument("what", nargs="?", choices=["list", "enable", "disable"], default="list")
        parser.add_argument("name", nargs="?", metavar="NAME", help="key of a source, as the list prints it")
        parser.add_argument(
            "--region", metavar="XX", help="country (DE) or region (150, Europe, “Eastern Africa”)"
        )
        parser.add_argument("--enabled", action="store_true", help="list only those that are polled")

    def act(self, **options: Any) -> None:
        """List, or switch and say which."""
        if options["what"] == "list":
            self._list(options)
        elif bool(options["name"]) == bool(options["region"]):
            raise Refused("sources.which", "Say which: a name, or --region with a country or region.")
        elif options["region"]:
            self._switch_region(options["what"], options["region"])
        else:
            self._switch_one(options["what"], options["name"])

    def _list(self, options: dict[str, Any]) -> None:
        rows = Source.objects.filter(is_enabled=True) if options["enabled"] else Source.objects.all()
        if options["region"]:
            rows = rows.filter(country_code__in=countries_in(_region(options["region"])))
        lines = sourcehealth.source_lines(rows)
        width = shutil.get_terminal_size().columns
        self.emit(
            [sourcehealth.as_row(line) for line in lines], "\n".join(_fitted(line, width) for line in lines)
        )

    def _switch_one(self, what: str, name: str) -> None:
        source = Source.objects.filter(key=name).first() or Source.objects.filter(name=name).first()
        if source is None:
            raise NotFound(f"there is no source “{name}”")
        if what == "enable":
            actions.enable_source(source, by=None)
        else:
            actions.disable_source(source, by=None)
        self.emit({what + "d": [source.key]}, f"{what}d: {source.key}")

    def _switch_region(self, what: str, text: str) -> None:
        region = _region(text)
        if what == "enable":
            switched, left = actions.enable_region(region, by=None)
        else:
            switched, left = actions.disable_region(region, by=None), []
        answer = {what + "d": [row.key for row in switched], "left_out": [row.key for row in left]}
        text = f"{what}d: {' '.join(answer[what + 'd']) or 'none'}"
        if left:
            text += f"\nleft out, the same authority in another language: {' '.join(answer['left_out'])}"
        self.emit(answer, text)


def _fitted(line: SourceLine, width: int) -> str:
    """One source in one line of the terminal: state, name, last good answer, what is wrong. `--json` has everything."""
    last = line.source.last_read_at
    read = f"{last:%Y-%m-%d %H:%MZ}" if last else "never read"
    wrong = f"from a file; {line.wrong}" if line.source.is_from_a_file else line.wrong
    text = f"{line.state:8} {line.source.key:26} {line.source.format:11} {read:17} {wrong}".rstrip("; ")
    return text if len(text) <= width else text[: width - 1] + "…"


def _region(text: str) -> str:
    region = region_from(text)
    if region is None:
        raise NotFound(f"“{text}” is neither a country code nor a region of the world")
    return region
