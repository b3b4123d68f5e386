"""What this room answers to accounts: who may join, which password rule holds, where a person came from and goes."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from safeconduct.accounts.hooks import Entrance, MembershipLine, Rule
from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.access import SESSION_KEY
from safeconduct.orgs.actions.invitations import accept_invitation
from safeconduct.orgs.models import Domain, Membership, Organisation
from safeconduct.orgs.routing import (
    INVITATION_KEY,
    admitting_domains,
    current_memberships,
    remembered_invitation,
    remembered_number,
)

# Of a group with many domains the sign-up page names a few.
MOST_DOMAINS = 4


def may_join(email: str, request: HttpRequest | None) -> bool:
    """Return whether the address may open an account.

    It may when its domain is admitted, by the organisation of the number that the person came with or, without one,
    by any; or when its invitation was accepted in this session.
    """
    number = remembered_number(request) if request else None
    if admitting_domains(email, number.organisation if number else None):
        return True
    invitation = remembered_invitation(request) if request else None
    return invitation is not None and invitation.email.lower() == email.lower()


def may_change_email(user: User, email: str) -> bool:
    """Return whether every organisation that admits the person by domain admits the new address too.

    A person who was invited without a domain needs a domain of one of the organisations, or a new invitation.
    """
    organisations = [row.organisation for row in current_memberships(user)]
    if not organisations:
        return bool(user.desk_role) or bool(admitting_domains(email))
    by_domain = [row for row in organisations if admitting_domains(user.email, row)]
    if by_domain:
        return all(admitting_domains(email, row) for row in by_domain)
    return any(admitting_domains(email, row) for row in organisations)


def password_rule(email: str, request: HttpRequest | None, user: User | None) -> Rule:
    """Return the preset: of the person's organisations, of the number they came with, or of the address's domain.

    Where several organisations differ, the portal's own list holds.
    """
    organisations: list[Organisation] = []
    if user is not None:
        organisations = [row.organisation for row in current_memberships(user)]
        email = email or user.email
    if not organisations and request is not None:
        number = remembered_number(request)
        invitation = remembered_invitation(request)
        organisations = [row.organisation for row in (number, invitation) if row is not None][:1]
    if not organisations and email:
        organisations = [row.organisation for row in admitting_domains(email)]
    is_nist = bool(organisations) and all(
        row.password_rule == Organisation.PasswordRule.NIST for row in organisations
    )
    return "nist" if is_nist else "portal"


def entrance(request: HttpRequest) -> Entrance:
    """Return what is known of the way in: from an accepted invitation, or from a number."""
    invitation = remembered_invitation(request)
    number = remembered_number(request)
    organisation = invitation.organisation if invitation else number.organisation if number else None
    if organisation is None:
        return Entrance()
    domains = Domain.objects.for_org(organisation).values_list("domain", flat=True)
    return Entrance(
        organisation=organisation.name,
        brand_css=reverse("orgs:brand_css", args=[organisation.public_id]),
        number=number.number if number else "",
        domains=tuple(domains[:MOST_DOMAINS]),
        invited_email=invitation.email if invitation else "",
        zone=organisation.zone,
    )


def after_login(request: HttpRequest) -> str:
    """Return where a log-in leads: an accepted invitation is carried out, a number goes on to be associated."""
    if not isinstance(request.user, User):
        return ""
    invitation = remembered_invitation(request)
    if invitation is not None:
        try:
            membership = accept_invitation(invitation, by=request.user)
        except Refused:
            # Another address than the invited one: the invitation waits for its own.
            return reverse("orgs:associate")
        request.session.pop(INVITATION_KEY, None)
        request.session[SESSION_KEY] = membership.public_id
        return "/"
    number = remembered_number(request)
    if number is None:
        return ""
    rows = Membership.objects.of_user(request.user).filter(programme_id=number.programme_id)
    return "" if rows.exists() else reverse("orgs:associate")


def membership_lines(user: User) -> list[MembershipLine]:
    """Return the person's memberships for the account page."""
    rows = Membership.objects.of_user(user).select_related("organisation", "programme", "number")
    return [
        MembershipLine(
            organisation=row.organisation.name,
            programme=row.programme.name,
            state="active" if row.is_current_on(clock.today(row.organisation.zone)) else "ended",
            number=row.number.number if row.number else "",
        )
        for row in rows
    ]


