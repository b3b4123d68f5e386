"""What this room stores about a person: documents they handed in, and the bookings in them."""

from __future__ import annotations

from typing import Any

from safeconduct.accounts.hooks import PersonalData
from safeconduct.accounts.models import User
from safeconduct.inbox.keeping import reservation_of
from safeconduct.inbox.models import Booking, Letter
from safeconduct.inbox.words import problem_text
from safeconduct.trips.bookings.asjson import reservation_json


def _export(user: User) -> dict[str, Any]:
    letters = Letter.objects.filter(user=user).defer("raw")
    bookings = Booking.objects.of_user(user).select_related("organisation", "trip")
    return {
        "documents": [
            {"id": row.public_id, "road": row.road, "received_at": row.received_at.isoformat(), "bytes": row.size,
             "sha256": row.sha256, "state": row.state, "reason": row.reason}
            for row in letters
        ],
        "bookings": [
            {"id": row.public_id, "organisation": row.organisation.name, "state": row.state,
             "trip": row.trip.public_id if row.trip else None,
             "reservation": reservation_json(reservation_of(row.said), problem_text)}
            for row in bookings
        ],
    }  # fmt: skip


def _erase(user: User) -> None:
    Booking.objects.of_user(user).delete()
    Letter.objects.filter(user=user).delete()


OWN_DATA = PersonalData(room="inbox", models=("inbox.Letter", "inbox.Booking"), export=_export, erase=_erase)
