"""What this room stores about a person: which warnings concerned them, why, and when they were told."""

from __future__ import annotations

from typing import Any

from safeconduct.accounts.hooks import PersonalData
from safeconduct.accounts.models import User
from safeconduct.matching.models import Exposure


def _export(user: User) -> dict[str, Any]:
    rows = Exposure.objects.of_user(user).select_related("trip", "version").order_by("opened_at")
    return {
        "exposures": [
            {
                "alert": row.version.public_id,
                "trip": row.trip.public_id,
                "place": row.place_label,
                "strength": row.strength,
                "from": row.from_at,
                "to": row.to_at,
                "state": row.state,
                "opened_at": row.opened_at,
                "told_at": row.told_at,
                "closed_at": row.closed_at,
                "closed_reason": row.closed_reason,
            }
            for row in rows
        ]
    }


def _erase(user: User) -> None:
    Exposure.objects.of_user(user).delete()


# TripMatch goes with its trip.
OWN_DATA = PersonalData(room="matching", models=("matching.Exposure",), export=_export, erase=_erase)
