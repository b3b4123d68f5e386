"""Joining by number, leaving, and roles."""

from __future__ import annotations

from datetime import date, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from safeconduct.accounts.models import User
from safeconduct.audit.actions import record
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.hooks import has_joined
from safeconduct.orgs.models import Membership, MembershipNumber, Organisation, Programme, RoleGrant
from safeconduct.orgs.permissions import MANAGER, ROLE_NAMES
from safeconduct.orgs.routing import admitting_domains, find_number
from safeconduct.orgs.tenancy import same_organisation

# One text for numbers that are unknown, have ended or belong to an organisation that does not admit the address.
NUMBER_UNKNOWN = _(
    "This membership number does not lead anywhere for you. Compare it with your card or your organisation’s travel page."
)


def verified_emails(user: User) -> list[str]:
    """Return the addresses that the person has proved to read."""
    return list(EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True))


def associate(user: User, number: str) -> Membership:
    """Return the person's membership in the programme that the number stands for, making it the first time.

    A number proves nothing: a verified address must lie in one of the organisation's domains. Raises Refused, with
    the same words for every number that does not lead in.
    """
    row = find_number(number)
    if row is None:
        raise Refused("number.unknown", str(NUMBER_UNKNOWN))
    known = Membership.objects.of_user(user).filter(programme_id=row.programme_id).first()
    if known is not None:
        return _again(known)
    if not any(admitting_domains(email, row.organisation) for email in verified_emails(user)):
        raise Refused("number.unknown", str(NUMBER_UNKNOWN))
    return join(user, row.programme, number=row, by=user)


def _again(membership: Membership) -> Membership:
    if membership.is_current_on(clock.today(membership.organisation.zone)):
        return membership
    raise Refused(
        "membership.ended",
        str(_("Your membership of this programme has ended. Ask your organisation’s travel safety manager.")),
    )


def join(user: User, programme: Programme, *, number: MembershipNumber | None, by: User | None) -> Membership:
    """Return the membership of the person in the programme, made once however often this is called."""
    organisation = Organisation.objects.get(pk=same_organisation(programme, number))
    with transaction.atomic():
        forget_old_roles(user, organisation)
        membership, is_new = Membership.objects.for_org(organisation).get_or_create(
            user=user,
            programme=programme,
            defaults={
                "organisation": organisation, "number": number, "starts_on": clock.today(organisation.zone),
                "joined_at": clock.now(),
            },
        )
        if is_new:
            record("membership.began", by=by, subject=membership, organisation=organisation,
                   detail={"number": number.number if number else ""})
            has_joined(user)
    return membership


def forget_old_roles(user: User, organisation: Organisation) -> None:
    """Take away the roles of somebody whose memberships were ended: whoever comes back begins as a plain member."""
    day = clock.today(organisation.zone)
    last_days = list(Membership.objects.for_org(organisation).filter(user=user).values_list("ends_on", flat=True))
    if last_days and all(last is not None and last < day for last in last_days):
        RoleGrant.objects.for_org(organisation).filter(user=user).delete()


def end_membership(membership: Membership, *, by: User | None, last_day: date | None = None) -> Membership:
    """End the membership; without a day it ends at once. Trips under way are still warned (trips and matching).

    Raises Refused when the organisation would be left without a manager.
    """
    day = last_day or clock.today(membership.organisation.zone) - timedelta(days=1)
    with transaction.atomic():
        _keep_a_manager(membership, leaving=True)
        membership.ends_on = day
        membership.save(update_fields=["ends_on"])
        record("membership.ended", by=by, subject=membership, organisation=membership.organisation,
               detail={"last_day": day.isoformat()})
    return membership


def grant_role(membership: Membership, *, by: User | None, role: str) -> RoleGrant:
    """Give the member a role in the organisation. A second time changes nothing."""
    if role not in ROLE_NAMES:
        raise Refused("role.unknown", gettext("There is no such role."))
    if not membership.is_current_on(clock.today(membership.organisation.zone)):
        raise Refused("membership.ended", gettext("This membership has ended."))
    with transaction.atomic():
        grant, is_new = RoleGrant.objects.for_org(membership.organisation_id).get_or_create(
            organisation_id=membership.organisation_id, user_id=membership.user_id, role=role,
            defaults={"granted_at": clock.now()},
        )
        if is_new:
            record("role.granted", by=by, subject=membership, organisation=membership.organisation,
                   detail={"role": role})
    return grant


def revoke_role(membership: Membership, *, by: User | None, role: str) -> None:
    """Take a role away. Raises Refused when it is the organisation's last manager."""
    with transaction.atomic():
        if role == MANAGER:
            _keep_a_manager(membership, leaving=False)
        grants = RoleGrant.objects.for_org(membership.organisation_id)
        gone, _kinds = grants.filter(user_id=membership.user_id, role=role).delete()
        if gone:
            record("role.revoked", by=by, subject=membership, organisation=membership.organisation,
                   detail={"role": role})


def managers_of(organisation: Organisation) -> set[int]:
    """Return the ids of the people who manage the organisation today: the role and a membership that holds."""
    day = clock.today(organisation.zone)
    granted = set(
        RoleGrant.objects.for_org(organisation).filter(role=MANAGER).values_list("user_id", flat=True)
    )
    rows = Membership.objects.for_org(organisation).filter(user_id__in=granted, user__is_active=True)
    return {row.user_id for row in rows.select_related("programme") if row.is_current_on(day)}


def _keep_a_manager(membership: Membership, *, leaving: bool) -> None:
    # The organisation's row is the lock: two managers removing each other at once come one after the other.
    organisation = Organisation.objects.select_for_update().get(pk=membership.organisation_id)
    managers = managers_of(organisation)
    if managers != {membership.user_id}:
        return
    if leaving:
        day = clock.today(organisation.zone)
        others = Membership.objects.for_org(organisation).filter(user_id=membership.user_id)
        if any(row.is_current_on(day) for row in others.exclude(pk=membership.pk).select_related("programme")):
            return
    raise Refused("manager.last", gettext("This is the organisation’s last manager. Make somebody else a manager first."))
