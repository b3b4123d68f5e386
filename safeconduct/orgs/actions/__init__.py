"""Verbs of this room: each checks, writes in one transaction, and leaves an audit entry.

Who may call them is decided before (orgs/access.py); what they refuse is what nobody may do.
"""

from safeconduct.orgs.actions.imports import import_people_csv
from safeconduct.orgs.actions.invitations import (
    accept_invitation,
    invite,
    resend_invitation,
    withdraw_invitation,
)
from safeconduct.orgs.actions.organisations import (
    add_domain,
    add_number,
    add_programme,
    create_organisation,
    edit_number,
    edit_organisation,
    edit_programme,
    remove_domain,
    set_logo,
)
from safeconduct.orgs.actions.people import associate, end_membership, grant_role, revoke_role

__all__ = [
    "accept_invitation", "add_domain", "add_number", "add_programme", "associate", "create_organisation",
    "edit_number", "edit_organisation", "edit_programme", "end_membership", "grant_role", "import_people_csv",
    "invite", "remove_domain", "resend_invitation", "revoke_role", "set_logo", "withdraw_invitation",
]
