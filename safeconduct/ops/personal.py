"""What this room stores about a person: the address that an operator's link was made for."""

from __future__ import annotations

from typing import Any

from safeconduct.accounts.hooks import PersonalData
from safeconduct.accounts.models import User
from safeconduct.ops.models import StartLink


def _export(user: User) -> dict[str, Any]:
    links = StartLink.objects.filter(email__iexact=user.email)
    return {
        "operator_links": [
            {"made_at": row.made_at.isoformat(), "used": row.used_at is not None} for row in links
        ]
    }


def _erase(user: User) -> None:
    StartLink.objects.filter(email__iexact=user.email).delete()


OWN_DATA = PersonalData(room="ops", models=("ops.StartLink",), export=_export, erase=_erase)
