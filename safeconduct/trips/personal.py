"""What this room stores about a person: trips, their stops, and the stays derived from them."""

from __future__ import annotations

from typing import Any

from safeconduct.accounts.hooks import PersonalData
from safeconduct.accounts.models import User
from safeconduct.trips.models import Addressee, Trip
from safeconduct.trips.queries import stops_of
from safeconduct.trips.typed import trip_row


def _export(user: User) -> dict[str, Any]:
    trips = Trip.objects.of_user(user).select_related("user", "organisation")
    rows = []
    for trip in trips:
        stops = stops_of(trip)
        notes = {stop.public_id: stop.note for stop in stops}
        row = trip_row(trip, stops)
        row["stops"] = [one | {"note": notes[one["id"]]} for one in row["stops"]]
        rows.append(row)
    return {"trips": rows}


def _erase(user: User) -> None:
    Addressee.objects.of_user(user).delete()
    # Stops and stays go with their trip, and so does what upper rooms derived from it.
    Trip.objects.of_user(user).delete()


OWN_DATA = PersonalData(
    room="trips",
    models=("trips.Trip", "trips.Stop", "trips.Stay", "trips.StayCell", "trips.Addressee"),
    export=_export,
    erase=_erase,
)
