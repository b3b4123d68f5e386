"""What this room stores about a person: trips, their stops, who comes along, and the stays derived from them; the
calendar that reads them, and who may enter trips for whom."""

from __future__ import annotations

from typing import Any

from safeconduct.accounts.hooks import PersonalData
from safeconduct.accounts.models import User
from safeconduct.trips.approvalwords import in_short
from safeconduct.trips.models import Addressee, ApprovalRequest, CalendarFeed, Delegation, Deputy, Trip
from safeconduct.trips.queries import stops_of
from safeconduct.trips.typed import trip_row


def _export(user: User) -> dict[str, Any]:
    trips = Trip.objects.of_user(user).select_related("user", "organisation")
    rows = []
    for trip in trips:
        stops = stops_of(trip)
        notes = {stop.public_id: stop.note for stop in stops}
        row = trip_row(trip, stops)
        row["approvals"] = [_approval(one) for one in trip.approvals.all()]
        row["stops"] = [one | {"note": notes[one["id"]]} for one in row["stops"]]
        row["companions"] = [
            {"name": one.name, "minor": one.is_minor, "email": one.address} for one in trip.companions.order_by("seq")
        ]
        row["approvals"] = list(trip.approvals.order_by("asked_at").values("state", "cause", "asked_at", "decided_at", "note"))
        rows.append(row)
    return {
        "trips": rows,
        "calendar": list(CalendarFeed.objects.filter(user=user).values("made_at", "read_at")),
        "delegates": [
            {"name": one.delegate.name, "from": one.made_at, "until": one.ended_at}
            for one in Delegation.objects.of_user(user).select_related("delegate")
        ],
        "stands_in_as_approver": list(Deputy.objects.of_user(user).values("first_on", "last_on", "ended_at")),
    }


def _approval(one: ApprovalRequest) -> dict[str, Any]:
    return {
        "asked_at": one.asked_at, "cause": one.cause, "why": in_short(one.reasons), "state": one.state,
        "decided_at": one.decided_at, "note": one.note,
    }  # fmt: skip


def _erase(user: User) -> None:
    CalendarFeed.objects.filter(user=user).delete()
    # What they may do for others goes with their account: the key to the delegate cascades.
    Delegation.objects.of_user(user).delete()
    Addressee.objects.of_user(user).delete()
    Deputy.objects.of_user(user).delete()
    # Stops and stays go with their trip, and so does what upper rooms derived from it.
    Trip.objects.of_user(user).delete()


OWN_DATA = PersonalData(
    room="trips",
    models=("trips.Trip", "trips.Stop", "trips.Stay", "trips.StayCell", "trips.Addressee", "trips.Deputy", "trips.ApprovalRequest",
            "trips.CalendarFeed", "trips.Companion", "trips.Delegation", "trips.TripGroup"),
    export=_export,
    erase=_erase,
)
