"""`advisories sync` reads registers of official advice now, or one from a file; `advisories show ISO2` prints what holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from safeconduct.advisories import jobs
from safeconduct.advisories.actions import Report
from safeconduct.advisories.ingest import read_document
from safeconduct.advisories.queries import IssuerAdvice, LevelStep, advice_for
from safeconduct.feeds.actions import keep_document, note_handed_in
from safeconduct.feeds.models import Fetch, Source
from safeconduct.lib import clock
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import NotFound, Permanent, Refused

MOST_BYTES = 64 * 1024 * 1024
ROUNDS = 2000
"""More than the details of every register."""


class Command(JsonCommand):
    """Official advice from a shell."""

    help = "Read registers of official advice (sync), or print what is said of a country (show ISO2)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add what is to be done, and to which source."""
        super().add_arguments(parser)
        parser.add_argument("what", choices=["sync", "show"])
        parser.add_argument("country", nargs="?", metavar="ISO2", help="country to show")
        parser.add_argument(
            "--source", metavar="NAME", help="key of one source; default: all that are polled"
        )
        parser.add_argument(
            "--file", metavar="F", help="a document to read as one of --source, instead of asking it"
        )

    def act(self, **options: Any) -> None:
        """Sync or show."""
        if options["what"] == "show":
            self._show(options["country"])
        elif options["file"]:
            self._read_file(_the_source(options["source"]), Path(options["file"]))
        else:
            chosen = Source.objects.filter(format__in=Source.ADVICE, is_enabled=True).order_by("key")
            self._sync([_the_source(options["source"])] if options["source"] else list(chosen))

    def _show(self, country: str | None) -> None:
        if not country or len(country) != 2:
            raise Refused("advisories.country", "Say which country: a code of ISO 3166-1, for example JP.")
        self.emit([_row(one) for one in advice_for(country, with_sections=False)])

    def _read_file(self, source: Source, path: Path) -> None:
        document = keep_document(_bytes(path), origin=path.name, received_at=clock.now())
        report = read_document(document, source=source, at=clock.now())
        note_handed_in(source, path.name, clock.now())
        self.emit(_counts(source.key, report), _in_words(source.key, report))

    def _sync(self, sources: list[Source]) -> None:
        """Ask each register, then for the rest of what changed; what each answered."""
        asked = [source for source in sources if jobs.poll_now(source)]
        for _round in range(ROUNDS):
            if not jobs.follow_due():
                break
        self.emit([_outcome(source) for source in asked])


def _the_source(key: str | None) -> Source:
    if not key:
        raise Refused("advisories.source", "Say which source the document is of: --source NAME.")
    source = Source.objects.filter(key=key, format__in=Source.ADVICE).first()
    if source is None:
        raise NotFound(f"there is no source of official advice “{key}”")
    return source


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Permanent(f"{path.name} is larger than {MOST_BYTES:,} bytes: not read")
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}") from None
    except OSError as error:
        raise Permanent(f"{path.name} cannot be read: {error.strerror}") from None


def _counts(key: str, report: Report) -> dict[str, Any]:
    return {
        "source": key,
        "read": report.read,
        "new": report.new,
        "level_first_read": report.opened,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "older": report.older,
        "ended": report.ended,
        "level_not_read_yet": report.unread,
        "told": report.notable,
        "pages_to_ask": report.details,
        "unknown_names": sorted(report.unknown_names),
        "problems": [f"{problem.where}: {problem.text}" for problem in report.problems],
    }


def _in_words(key: str, report: Report) -> str:
    """The counts, a line each: every entry that was read is new, read for the first time, changed, unchanged or older."""
    counts = [
        ("seen for the first time", report.new),
        ("seen before, level read for the first time", report.opened),
        ("changed", report.changed),
        ("unchanged", report.unchanged),
        ("older than what is known, not written", report.older),
        ("named only, level not read yet (it stands on a page of each)", report.unread),
        ("pages that are asked for while the source is polled", report.details),
        ("under another address than before", report.renamed),
        ("no longer listed", report.ended),
    ]
    lines = [f"{key}: entries read: {report.read}"]
    lines += [f"  {words}: {count}" for words, count in counts if count]
    lines.append(f"  changes that travellers are told of: {report.notable}")
    lines += [f"  {problem.where}: {problem.text}" for problem in report.problems]
    return "\n".join(lines)


def _outcome(source: Source) -> dict[str, Any]:
    row: Fetch | None = source.fetches.first()
    return {
        "source": source.key,
        "outcome": row.outcome if row else "",
        "read": row.read_count if row else 0,
        "changed": row.new_count if row else 0,
        "problem": row.problem or row.note if row else "",
    }


def _row(one: IssuerAdvice) -> dict[str, Any]:
    return {
        "issuer": one.issuer,
        "level": one.level,
        "original_level": one.original_level,
        "areas": [dict(area) for area in one.areas],
        "url": one.url,
        "changed_at": _iso(one.changed_at),
        "fetched_at": _iso(one.fetched_at),
        "history": [_step(step) for step in one.history],
    }


def _step(step: LevelStep) -> dict[str, Any]:
    return {
        "at": _iso(step.at),
        "change": step.change,
        "from": step.old,
        "to": step.new,
        "from_max": step.old_max,
        "to_max": step.new_max,
        "original_level": step.original_level,
    }


def _iso(at: Any) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
