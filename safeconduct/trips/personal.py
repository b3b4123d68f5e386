"""What this room stores about a person: trips, their stops, who comes along, and the stays derived from them; the
calendar that reads them, and who may enter trips for whom."""

from __future__ import annotations

from typing import Any

from safeconduct.accounts.actions import NOBODY
from safeconduct.accounts.hooks import PersonalData
from safeconduct.accounts.models import User
from safeconduct.outbox.actions import cancel_queued
from safeconduct.outbox.models import Delivery
from safeconduct.trips.companions import mails_of
from safeconduct.trips.models import Addressee, CalendarFeed, Delegation, Deputy, Trip
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


def _erase(user: User) -> None:
    CalendarFeed.objects.filter(user=user).delete()
    # What they may do for others goes with their account: the key to the delegate cascades.
    Delegation.objects.of_user(user).delete()
    Addressee.objects.of_user(user).delete()
    Deputy.objects.of_user(user).delete()
    for trip in Trip.objects.of_user(user):
        _forget_mail(trip, user)
    # Stops and stays go with their trip, and so does what upper rooms derived from it.
    Trip.objects.of_user(user).delete()


def _forget_mail(trip: Trip, user: User) -> None:
    """Take the addresses of companions out of the outbox; its ledger keeps that something was sent."""
    rows = Delivery.objects.filter(key__startswith=mails_of(trip))
    cancel_queued(rows, by=user, reason="account erased")
    rows.exclude(state=Delivery.State.SENDING).update(address=NOBODY, slots={}, unsubscribe_url="")


OWN_DATA = PersonalData(
    room="trips",
    models=("trips.Trip", "trips.Stop", "trips.Stay", "trips.StayCell", "trips.Addressee", "trips.Deputy", "trips.ApprovalRequest",
            "trips.CalendarFeed", "trips.Companion", "trips.Delegation", "trips.TripGroup"),
    export=_export,
    erase=_erase,
)
