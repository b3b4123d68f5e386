"""`ingest FORMAT FILE-OR-URL`: read one document by hand, as a source would have sent it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from safeconduct.alerts.actions import Outcome
from safeconduct.alerts.ingest import FORMATS, Report, read_document
from safeconduct.feeds.actions import by_hand, keep_document
from safeconduct.feeds.models import Source
from safeconduct.lib import clock, http
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import NotFound, Permanent, Refused, Temporary

READ_LIMIT = 64 * 1024 * 1024
"""What is kept of a file; more than 20 MB is never parsed."""


class Command(JsonCommand):
    """Read one document and print what became of it."""

    help = "Read one document: ingest cap|usgs FILE-OR-URL"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the document and whose it is."""
        super().add_arguments(parser)
        parser.add_argument("format", choices=sorted(FORMATS))
        parser.add_argument("document", metavar="FILE-OR-URL")
        parser.add_argument("--base", help="folder that FILE is relative to")
        parser.add_argument("--source", help="key of the source it belongs to; default: read by hand")

    def act(self, **options: Any) -> None:
        """Keep the bytes, read them, print the counts. Exit 2 with the reason when nothing could be read."""
        source = self._source(options["format"], options["source"])
        now = clock.now()
        try:
            body, content_type, origin = _bytes(options["document"], options["base"])
        except (Temporary, Permanent, NotFound) as error:
            self._report(options["format"], Report(), unreachable=1, reason=str(error))
            raise
        document = keep_document(body, origin=origin, content_type=content_type, received_at=now)
        try:
            report = read_document(document, source=source, at=now)
        except Refused as refusal:
            self._report(options["format"], Report(), documents=1, reason=refusal.text)
            raise
        self._report(options["format"], report, documents=1)

    def _source(self, format: str, key: str | None) -> Source:
        if key is None:
            return by_hand(format)
        source = Source.objects.filter(key=key).first()
        if source is None:
            raise Refused("source.unknown", f"there is no source “{key}”")
        if source.format != format:
            raise Refused("source.format", f"the source “{key}” sends {source.format}, not {format}")
        return source

    def _report(
        self, format: str, report: Report, *, documents: int = 0, unreachable: int = 0, reason: str = ""
    ) -> None:
        rejected = [{"where": item.where, "problem": item.problem} for item in report.rejected]
        if reason and documents:
            rejected.append({"where": "document", "problem": reason})
        answer = {
            "format": format,
            "documents": documents,
            **{outcome.value: report.counts[outcome] for outcome in Outcome},
            "unreachable": unreachable,
            "rejected": rejected,
        }
        counts = ", ".join(f"{name} {value}" for name, value in answer.items() if isinstance(value, int))
        lines = [f"{format}: {counts}", *(f"  {row['where']}: {row['problem']}" for row in rejected)]
        if self.wants_json or not reason:
            self.emit(answer, "\n".join(lines))


def _bytes(name: str, base: str | None) -> tuple[bytes, str, str]:
    """The raw bytes, their type and where they came from."""
    if name.startswith(("http://", "https://")):
        answer = http.get(name)
        return answer.body, answer.content_type, answer.url
    path = Path(base or ".") / name
    try:
        if path.stat().st_size > READ_LIMIT:
            raise Permanent(f"{name} is larger than {READ_LIMIT:,} bytes: not read and not kept")
        return path.read_bytes(), "", path.name
    except FileNotFoundError:
        raise NotFound(f"there is no file {name}") from None
    except OSError as error:
        raise Permanent(f"{name} cannot be read: {error.strerror}") from None
