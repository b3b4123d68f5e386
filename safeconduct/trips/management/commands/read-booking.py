"""`safeconduct read-booking`: shows what is read out of a booking document. Changes nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from safeconduct.lib import clock
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import Refused
from safeconduct.trips.bookingatlas import PlacesAtlas
from safeconduct.trips.bookings.asjson import reservation_json
from safeconduct.trips.bookings.reading import DocumentReader
from safeconduct.trips.bookingwords import problem_text, reservation_lines


class Command(JsonCommand):
    """Read one document."""

    help = "Show the reservations in a mail, web page, calendar, PDF, wallet pass or text."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the document and its date."""
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, help="the document")
        parser.add_argument(
            "--context-date", metavar="D", default="",
            help="when the document came in, 2026-11-24; else the mail's own date, or today",
        )  # fmt: skip
        parser.add_argument(
            "--without-kitinerary",
            action="store_true",
            help="do not ask kitinerary-extractor where it is installed",
        )

    def act(self, **options: Any) -> None:
        """Print the reservations; problems of the document go to standard error."""
        try:
            data = options["file"].read_bytes()
        except OSError as error:
            raise Refused("file.unreadable", f"{options['file']}: {error.strerror}") from None
        reader = DocumentReader("" if options["without_kitinerary"] else None)
        try:
            reading = reader.read(data, atlas=PlacesAtlas(), context=self._context(options["context_date"]))
        finally:
            reader.close()
        for problem in reading.problems:
            self.stderr.write(problem_text(problem))
        lines = [line for one in reading.reservations for line in reservation_lines(one)]
        self.emit([reservation_json(one, problem_text) for one in reading.reservations], "\n".join(lines))

    @staticmethod
    def _context(text: str) -> date:
        if not text:
            return clock.now().date()
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise Refused("date.invalid", f"{text} is no date such as 2026-11-24") from None
