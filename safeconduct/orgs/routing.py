"""The way in: what a number, an address or an invitation leads to, before it is known to which organisation.

The only place outside jobs, ops and the desk that reads across organisations, because nobody has a seat yet. It
answers with what the public page may say; it refuses to list, count or show one organisation's rows to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.http import HttpRequest

from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.lib.ids import token_digest
from safeconduct.orgs.domains import admits, domain_of, with_parents
from safeconduct.orgs.models import Domain, Invitation, Membership, MembershipNumber, Organisation

NUMBER_KEY = "number"
INVITATION_KEY = "invitation"
OLD_ADDRESS_KEY = "old_address"


def number_is_taken(number: str) -> bool:
    """Return whether any organisation has this number."""
    rows = MembershipNumber.objects.across_orgs("numbers are unique in the deployment")
    return rows.filter(number__iexact=number.strip()).exists()


def find_number(number: str) -> MembershipNumber | None:
    """Return the number's row when it may be used to join today, else None: unknown, ended, not begun, closed."""
    text = number.strip()
    if not text or len(text) > 64:
        return None
    rows = MembershipNumber.objects.across_orgs("a number routes to its organisation")
    row = rows.select_related("programme", "organisation").filter(number__iexact=text).first()
    if row is None or not row.organisation.is_active:
        return None
    day = clock.today(row.organisation.zone)
    return row if row.is_valid_on(day) and row.programme.is_valid_on(day) else None


def admitting_domains(email: str, organisation: Organisation | None = None) -> list[Domain]:
    """Return the admitted domains that cover the address; of one organisation, or of all active ones."""
    domain = domain_of(email)
    if not domain:
        return []
    rows = (
        Domain.objects.for_org(organisation)
        if organisation is not None
        else Domain.objects.across_orgs("whether any organisation admits an address")
    )
    near = rows.filter(domain__in=with_parents(domain), organisation__is_active=True)
    return [row for row in near.select_related("organisation") if admits(row.domain, row.includes_subdomains, domain)]


def remember_number(request: HttpRequest, row: MembershipNumber) -> None:
    """Keep in the session which number somebody came with."""
    request.session[NUMBER_KEY] = row.number


def remembered_number(request: HttpRequest) -> MembershipNumber | None:
    """Return the number somebody came with, while it is still good."""
    text = request.session.get(NUMBER_KEY, "")
    return find_number(text) if text else None


def find_invitation(token: str) -> Invitation | None:
    """Return the invitation behind a link's token, whatever its state."""
    rows = Invitation.objects.across_orgs("an invitation's token leads to its organisation")
    return (
        rows.select_related("organisation", "programme").filter(token_digest=token_digest(token)).first()
    )


def remembered_invitation(request: HttpRequest) -> Invitation | None:
    """Return the invitation that was accepted in this session and is still open."""
    digest = request.session.get(INVITATION_KEY, "")
    if not digest:
        return None
    rows = Invitation.objects.across_orgs("an invitation's token leads to its organisation")
    row = rows.select_related("organisation", "programme").filter(token_digest=digest).first()
    return row if row is not None and is_open(row) else None


def is_open(invitation: Invitation) -> bool:
    """Return whether the invitation can be accepted now."""
    return (
        invitation.state_at(clock.now()) == "invited"
        and invitation.organisation.is_active
        and invitation.programme.is_valid_on(clock.today(invitation.organisation.zone))
    )


def open_invitations(user: User, emails: list[str]) -> list[Invitation]:
    """Return the open invitations to the person's verified addresses."""
    if not emails:
        return []
    wanted = Q()
    for email in emails:
        wanted |= Q(email__iexact=email)
    rows = Invitation.objects.across_orgs("invitations to the person's own verified addresses")
    waiting = rows.filter(wanted, accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now())
    return [row for row in waiting.select_related("organisation", "programme") if is_open(row)]


@dataclass(frozen=True)
class OldAddress:
    """Until when the old portal's address of an organisation works."""

    until: date | None
    is_over: bool


def old_address(row: MembershipNumber | None) -> OldAddress:
    """Return what the old portal's address is told for this number; over when no organisation keeps it open."""
    if row is not None:
        until = row.organisation.old_address_until
        return OldAddress(until, until is None or until < clock.today(row.organisation.zone))
    days = [
        organisation.old_address_until
        for organisation in Organisation.objects.filter(is_active=True, old_address_until__isnull=False)
        if organisation.old_address_until is not None
    ]
    latest = max(days, default=None)
    return OldAddress(latest, latest is None or latest < clock.today())


def current_memberships(user: User) -> list[Membership]:
    """Return the person's memberships that hold today."""
    rows = Membership.objects.of_user(user).select_related("organisation", "programme")
    return [row for row in rows if row.is_current_on(clock.today(row.organisation.zone))]


def remembered_old_address(request: HttpRequest) -> date | None:
    """Return until when the old address works, for somebody who came by it in this session."""
    text = request.session.get(OLD_ADDRESS_KEY, "")
    return date.fromisoformat(text) if text else None
