"""What this room stores about a person: subscriptions, and what was worth telling them, told or not."""

from __future__ import annotations

from typing import Any

from safeconduct.accounts.hooks import PersonalData
from safeconduct.accounts.models import User
from safeconduct.notify.models import Notice, Subscription, UnsubscribeLink


def _export(user: User) -> dict[str, Any]:
    subscriptions = Subscription.objects.of_user(user).select_related("place").order_by("created_at")
    notices = Notice.objects.of_user(user).order_by("created_at")
    return {
        "subscriptions": [
            {
                "place": row.place.key,
                "from_severity": row.from_severity,
                "created_at": row.created_at,
                "ended_at": row.ended_at,
            }
            for row in subscriptions
        ],
        "notices": [
            {
                "kind": row.kind,
                "about": row.subject_key,
                "severity": row.severity,
                "created_at": row.created_at,
                "told": row.told,
                "why_not": row.why_not,
            }
            for row in notices
        ],
    }


def _erase(user: User) -> None:
    UnsubscribeLink.objects.of_user(user).delete()
    Notice.objects.of_user(user).delete()
    Subscription.objects.of_user(user).delete()


OWN_DATA = PersonalData(
    room="notify",
    models=("notify.Subscription", "notify.Notice", "notify.UnsubscribeLink"),
    export=_export,
    erase=_erase,
)
