"""`safeconduct trips`: lists registered trips with their stops, gaps and overlaps. Changes nothing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from safeconduct.accounts.models import User
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import Refused
from safeconduct.orgs.models import Organisation
from safeconduct.trips.models import Trip
from safeconduct.trips.queries import with_stops
from safeconduct.trips.typed import trip_lines, trip_row


class Command(JsonCommand):
    """List trips of everybody, or of one person."""

    help = "List trips with their stops, gaps and overlaps."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the filter."""
        super().add_arguments(parser)
        parser.add_argument("--email", help="only this person's trips")

    def act(self, **options: Any) -> None:
        """Print the trips, organisation by organisation."""
        user = None
        if options["email"]:
            user = User.objects.filter(email__iexact=options["email"].strip()).first()
            if user is None:
                raise Refused("user.unknown", f"nobody has the address {options['email']}")
        rows: list[dict[str, Any]] = []
        for organisation in Organisation.objects.order_by("name", "pk"):
            trips = Trip.objects.for_org(organisation).select_related("user", "organisation")
            if user is not None:
                trips = trips.filter(user=user)
            rows += [trip_row(trip, list(trip.stops.all())) for trip in with_stops(trips, organisation)]
        lines = [line for row in rows for line in trip_lines(row)]
        self.emit(rows, "\n".join(lines) or "no trips")
