"""What this room stores about a person: the journeys they got ready for. Entry rules are of nobody."""

from __future__ import annotations

from typing import Any

from safeconduct.accounts.hooks import PersonalData
from safeconduct.accounts.models import User
from safeconduct.advice.models import Preparation


def _export(user: User) -> dict[str, Any]:
    rows = Preparation.objects.of_user(user).select_related("trip").order_by("begun_at", "pk")
    return {
        "briefings": [
            {
                "id": row.public_id,
                "trip": row.trip.public_id if row.trip is not None else "",
                "asked": row.asked,
                "steps_read": row.steps_read,
                "read_at": row.read_at,
                "acknowledged_at": row.acknowledged_at,
                "checklist_done": row.ticked,
                "kept_after_the_journey": row.is_kept,
                "begun_at": row.begun_at,
                "changed_at": row.touched_at,
                "forgotten_at": row.forgotten_at,
            }
            for row in rows
        ]
    }


def _erase(user: User) -> None:
    Preparation.objects.of_user(user).delete()


# PreTripMail goes with its trip.
OWN_DATA = PersonalData(room="advice", models=("advice.Preparation",), export=_export, erase=_erase)
