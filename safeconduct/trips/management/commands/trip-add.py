"""`safeconduct trip-add`: registers a trip for a member, by the same action as the page does."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from safeconduct.accounts.models import User
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import Refused
from safeconduct.orgs.access import Seat, memberships_of, seat_for
from safeconduct.trips.actions import register_trip
from safeconduct.trips.drafts import settled_stops
from safeconduct.trips.itinerary import oddities
from safeconduct.trips.queries import stops_of
from safeconduct.trips.typed import stop_from_text, trip_lines, trip_row


class Command(JsonCommand):
    """Register a trip."""

    help = "Register a trip for a member of an organisation."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add traveller, organisation and stops."""
        super().add_arguments(parser)
        parser.add_argument("email", help="the traveller's address")
        parser.add_argument("--org", required=True, help="the organisation: id, name or a membership number")
        parser.add_argument(
            "--stop", action="append", required=True, metavar="PLACE,ARRIVE,DEPART",
            help='for example "Munich,2026-11-22T14:00,2026-11-25", "KE,2026-12-01,2026-12-20" or'
            ' "@48.137,11.575 Marienplatz 1, Munich,2026-11-22T14:00,"',
        )  # fmt: skip
        parser.add_argument("--title", default="", help="the trip's name; else made of its places")

    def act(self, **options: Any) -> None:
        """Register, then print the trip."""
        seat = self._seat(options["email"], options["org"])
        drafts = [stop_from_text(text) for text in options["stop"]]
        notes = oddities(settled_stops(drafts))
        trip = register_trip(seat, title=options["title"], stops=drafts, by=None)
        answer = trip_row(trip, stops_of(trip)) | {"notes": notes}
        self.emit(answer, "\n".join([*trip_lines(answer), *notes]))

    def _seat(self, email: str, org: str) -> Seat:
        user = User.objects.filter(email__iexact=email.strip()).first()
        if user is None:
            raise Refused("user.unknown", f"nobody has the address {email}")
        wanted = org.strip().casefold()
        for membership in memberships_of(user):
            organisation = membership.organisation
            names = {organisation.public_id, organisation.name.casefold(), organisation.short_name.casefold()}
            names |= {row.number.casefold() for row in membership.programme.numbers.all()}
            if wanted and wanted in names:
                return seat_for(user, membership)
        raise Refused("membership.none", f"{email} is no member of {org}")
