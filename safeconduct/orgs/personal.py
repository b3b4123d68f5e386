"""What this room stores about a person: memberships, roles, invitations."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext

from safeconduct.accounts.hooks import PersonalData
from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.actions.people import managers_of
from safeconduct.orgs.models import Invitation, Membership, Organisation, RoleGrant


def _memberships(user: User) -> list[Membership]:
    return list(Membership.objects.of_user(user).select_related("organisation", "programme", "number"))


def _export(user: User) -> dict[str, Any]:
    return {
        "memberships": [
            {
                "organisation": row.organisation.name,
                "programme": row.programme.name,
                "number": row.number.number if row.number else None,
                "from": row.starts_on.isoformat(),
                "until": row.last_day.isoformat() if row.last_day else None,
            }
            for row in _memberships(user)
        ],
        "roles": [
            {"organisation": row.organisation.name, "role": row.role, "since": row.granted_at.isoformat()}
            for row in RoleGrant.objects.of_user(user).select_related("organisation")
        ],
    }


def _erase(user: User) -> None:
    for row in _memberships(user):
        # The organisation's row is the lock, as for every other way to lose a manager.
        if managers_of(Organisation.objects.select_for_update().get(pk=row.organisation_id)) == {user.pk}:
            raise Refused("manager.last", gettext("You are the organisation’s last manager. Make somebody else a manager first."))
        # Invitations name the address: of the person's own organisations, used or not, they go.
        Invitation.objects.for_org(row.organisation_id).filter(
            Q(email__iexact=user.email), Q(accepted_at__isnull=False) | Q(expires_at__lt=clock.now())
        ).delete()
    RoleGrant.objects.of_user(user).delete()
    Membership.objects.of_user(user).delete()


OWN_DATA = PersonalData(
    room="orgs",
    models=("orgs.Membership", "orgs.RoleGrant", "orgs.Invitation"),
    export=_export,
    erase=_erase,
)
