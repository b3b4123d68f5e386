"""`safeconduct trips`: lists registered trips with their stops, gaps and overlaps; `trips import` enters a file of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from safeconduct.accounts.models import User
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import Refused
from safeconduct.orgs.models import MembershipNumber, Organisation
from safeconduct.trips.importing import import_trips
from safeconduct.trips.models import Trip
from safeconduct.trips.queries import with_stops
from safeconduct.trips.typed import trip_lines, trip_row


class Command(JsonCommand):
    """List trips of everybody or of one person, or enter those of a file."""

    help = "List trips with their stops, gaps and overlaps; `import FILE` enters the trips of a table."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the filter, and what an import needs."""
        super().add_arguments(parser)
        parser.add_argument("verb", nargs="?", choices=["import"], help="enter the trips of a file")
        parser.add_argument("file", nargs="?", type=Path, help="CSV: id, email, place, arrive, and more (docs/trips.md)")
        parser.add_argument("--source", default="", help="where the file comes from: its trips keep their ids by it")
        parser.add_argument("--org", default="", help="the organisation: id, name or a membership number")
        parser.add_argument("--complete", action="store_true", help="the file lists every trip of the source")
        parser.add_argument(
            "--approved", action="store_true", help="the source has approved its trips: nobody else is asked"
        )
        parser.add_argument("--rejected", type=Path, help="where to write the rows that did not enter, with reasons")
        parser.add_argument("--email", help="only this person's trips")

    def act(self, **options: Any) -> None:
        """Print the trips, organisation by organisation, or what became of the file."""
        if options["verb"]:
            self._import(**options)
            return
        user = None
        if options["email"]:
            user = User.objects.filter(email__iexact=options["email"].strip()).first()
            if user is None:
                raise Refused("user.unknown", f"nobody has the address {options['email']}")
        rows: list[dict[str, Any]] = []
        for organisation in Organisation.objects.order_by("name", "pk"):
            trips = Trip.objects.for_org(organisation).exclude(state=Trip.State.DRAFT)
            trips = trips.select_related("user", "organisation")
            if user is not None:
                trips = trips.filter(user=user)
            rows += [trip_row(trip, list(trip.stops.all())) for trip in with_stops(trips, organisation)]
        lines = [line for row in rows for line in trip_lines(row)]
        self.emit(rows, "\n".join(lines) or "no trips")

    def _import(self, **options: Any) -> None:
        organisation = _organisation(options["org"])
        try:
            data = options["file"].read_bytes() if options["file"] else b""
        except OSError as error:
            raise Refused("file.unreadable", f"{options['file']}: {error.strerror}") from None
        done = import_trips(
            organisation, data, source=options["source"], by=None, file_name=options["file"].name if options["file"] else "",
            is_complete=options["complete"], is_approved=options["approved"],
        )  # fmt: skip
        if options["rejected"] and done.rejected_csv:
            options["rejected"].write_text(done.rejected_csv, encoding="utf-8")
        answer = {
            "import": done.public_id, "source": done.source_name, **done.counts, "problems": done.problems,
            "kept_by_hand": done.kept, "held": done.held,
        }  # fmt: skip
        lines = [f"{name}: {count}" for name, count in done.counts.items()]
        lines += [f"row {one['row']}: {one['text']}" for one in done.problems]
        lines += [f"kept as changed by hand: {one['source_id']}, {one['field']}" for one in done.kept]
        if done.held:
            lines.append(f"not cancelled although no longer listed, too many at once: {len(done.held)}")
        self.emit(answer, "\n".join(lines))


def _organisation(text: str) -> Organisation:
    wanted = text.strip().casefold()
    for organisation in Organisation.objects.all():
        names = {organisation.public_id.casefold(), organisation.name.casefold(), organisation.short_name.casefold()}
        numbers = MembershipNumber.objects.for_org(organisation).values_list("number", flat=True)
        if wanted and wanted in names | {number.casefold() for number in numbers}:
            return organisation
    raise Refused("organisation.unknown", f"there is no organisation “{text}”: give its id, name or number with --org")
