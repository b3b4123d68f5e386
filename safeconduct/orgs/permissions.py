"""The one table of roles and rights. A right is a dotted code; nothing else grants anything."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

MEMBER = "member"
MANAGER = "manager"

RIGHTS: dict[str, frozenset[str]] = {
    MEMBER: frozenset({"portal.use", "trips.own", "alerts.view", "organisation.view"}),
    MANAGER: frozenset(
        {
            "portal.use", "trips.own", "alerts.view", "organisation.view",
            "trips.view", "trips.import", "trips.approve", "approval.edit", "people.view", "people.invite", "people.roles", "people.end",
            "numbers.view", "exposures.view", "deliveries.view", "guides.note", "ratings.own",
        }
    ),
}

ROLE_NAMES = {MEMBER: _("Member"), MANAGER: _("Travel safety manager")}

# The desk serves all organisations: rights of the deployment, by User.desk_role.
DESK_RIGHTS: dict[str, frozenset[str]] = {
    "": frozenset(),
    "operator": frozenset({"desk.view", "orgs.edit", "sources.edit", "alerts.edit", "centres.edit", "mail.edit",
                           "deliveries.view", "texts.edit", "health.view", "desk.people", "guides.write", "guides.approve",
                           "facts.edit", "ratings.edit", "entry.edit"}),
    "coordinator": frozenset({"desk.view", "health.view"}),
    "analyst": frozenset({"desk.view", "sources.edit", "alerts.edit", "health.view", "guides.write", "guides.approve",
                          "facts.edit", "ratings.edit", "entry.edit"}),
}


def rights_of(roles: frozenset[str] | set[str]) -> frozenset[str]:
    """Return the union of the roles' rights; a role that is not in the table grants nothing."""
    return frozenset().union(*(RIGHTS.get(role, frozenset()) for role in roles))
