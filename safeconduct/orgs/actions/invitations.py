"""Inviting people: an address that may join without a domain, by a link that works once."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext

from safeconduct.accounts.addresses import one_spelling
from safeconduct.accounts.models import User
from safeconduct.accounts.site import absolute
from safeconduct.audit.actions import record
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.lib.ids import token, token_digest
from safeconduct.orgs.actions.people import grant_role, join, verified_emails
from safeconduct.orgs.emails import INVITATION
from safeconduct.orgs.models import Invitation, Membership, Programme
from safeconduct.orgs.permissions import MEMBER, ROLE_NAMES
from safeconduct.orgs.routing import is_open
from safeconduct.outbox.actions import enqueue

WORKS_FOR = timedelta(days=14)


def invite(
    programme: Programme,
    *,
    by: User | None,
    email: str,
    role: str = "",
    given_name: str = "",
    family_name: str = "",
    language: str = "",
) -> Invitation:
    """Return a new invitation to the programme and put its mail in the outbox.

    Raises Refused for no address, an unknown role, and somebody who is invited or a member already.
    """
    address = _address(email)
    if role and role not in ROLE_NAMES:
        raise Refused("role.unknown", gettext("There is no such role."))
    if not programme.is_valid_on(clock.today(programme.organisation.zone)):
        raise Refused("programme.ended", gettext("This programme does not run today."))
    secret = token()
    with transaction.atomic():
        _refuse_twice(programme, address, role)
        now = clock.now()
        invitation = Invitation.objects.create(
            organisation_id=programme.organisation_id, programme=programme, email=address,
            role="" if role == MEMBER else role, given_name=given_name.strip()[:150],
            family_name=family_name.strip()[:150], language=language or programme.organisation.language,
            token_digest=token_digest(secret), invited_by=by, invited_at=now, expires_at=now + WORKS_FOR,
        )
        record("invitation.made", by=by, subject=invitation, organisation=programme.organisation,
               detail={"role": role})
        _send(invitation, secret)
    return invitation


def _address(email: str) -> str:
    address = one_spelling(email)
    try:
        validate_email(address)
    except ValidationError as error:
        raise Refused("email.invalid", gettext("This is not an e-mail address.")) from error
    return address


def _refuse_twice(programme: Programme, address: str, role: str) -> None:
    waiting = Invitation.objects.for_org(programme.organisation_id).filter(
        programme=programme, email=address, accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now()
    )
    if waiting.exists():
        raise Refused("invitation.waiting", gettext("This address has an invitation that still works."))
    members = Membership.objects.for_org(programme.organisation_id).filter(programme=programme)
    day = clock.today(programme.organisation.zone)
    named = members.filter(user__email__iexact=address).select_related("programme")
    if not role and any(row.is_current_on(day) for row in named):
        raise Refused("invitation.member", gettext("This person is a member already."))


def _send(invitation: Invitation, secret: str) -> None:
    enqueue(
        INVITATION,
        key=f"invitation:{invitation.public_id}:{invitation.token_digest[:16]}",
        address=invitation.email,
        language=invitation.language,
        context={
            "organisation": invitation.organisation.name,
            "programme": invitation.programme.name,
            "role": str(ROLE_NAMES.get(invitation.role, "")),
            "expires_at": invitation.expires_at,
            "zone": invitation.organisation.zone,
        },
        slots={"link": absolute(reverse("orgs:invitation", args=[secret]))},
        organisation_id=invitation.organisation_id,
        from_name=invitation.organisation.name[:120],
    )


def resend_invitation(invitation: Invitation, *, by: User | None) -> Invitation:
    """Send the invitation again with a new link; the old link stops working."""
    if invitation.accepted_at or invitation.withdrawn_at:
        raise Refused("invitation.closed", gettext("This invitation is closed. Make a new one."))
    secret = token()
    with transaction.atomic():
        invitation.token_digest = token_digest(secret)
        invitation.expires_at = clock.now() + WORKS_FOR
        invitation.save(update_fields=["token_digest", "expires_at"])
        record("invitation.sent_again", by=by, subject=invitation, organisation=invitation.organisation)
        _send(invitation, secret)
    return invitation


def withdraw_invitation(invitation: Invitation, *, by: User | None) -> Invitation:
    """Make the link useless. Raises Refused when somebody has joined with it."""
    if invitation.accepted_at:
        raise Refused("invitation.accepted", gettext("Somebody has joined with this invitation. End the membership instead."))
    with transaction.atomic():
        if invitation.withdrawn_at is None:
            invitation.withdrawn_at = clock.now()
            invitation.save(update_fields=["withdrawn_at"])
            record("invitation.withdrawn", by=by, subject=invitation, organisation=invitation.organisation)
    return invitation


def accept_invitation(invitation: Invitation, *, by: User) -> Membership:
    """Return the membership that the invitation gives to the person with its address, with its role.

    Raises Refused when the invitation is used, withdrawn or stale, and for anybody with another verified address.
    """
    if invitation.email.lower() not in {email.lower() for email in verified_emails(by)}:
        raise Refused("invitation.address", gettext("This invitation was sent to another address."))
    with transaction.atomic():
        fresh = (
            Invitation.objects.for_org(invitation.organisation_id)
            .select_for_update(of=("self",))
            .select_related("organisation", "programme")
            .get(pk=invitation.pk)
        )
        if not is_open(fresh):
            raise Refused("invitation.closed", gettext("This invitation has been used, withdrawn or is too old."))
        membership = _member(by, fresh)
        fresh.accepted_at = clock.now()
        fresh.save(update_fields=["accepted_at"])
        record("invitation.accepted", by=by, subject=fresh, organisation=fresh.organisation,
               detail={"role": fresh.role})
        if fresh.role:
            grant_role(membership, by=by, role=fresh.role)
        _name(by, fresh)
    return membership


def _member(user: User, invitation: Invitation) -> Membership:
    membership = join(user, invitation.programme, number=None, by=user)
    if membership.ends_on is not None and membership.ends_on < clock.today(invitation.organisation.zone):
        # Invited again after having left: the organisation wants the person back.
        membership.ends_on = None
        membership.save(update_fields=["ends_on"])
        record("membership.resumed", by=user, subject=membership, organisation=invitation.organisation)
    return membership


def _name(user: User, invitation: Invitation) -> None:
    fields = [name for name in ("given_name", "family_name") if getattr(invitation, name) and not getattr(user, name)]
    for name in fields:
        setattr(user, name, getattr(invitation, name))
    if fields:
        user.save(update_fields=fields)


