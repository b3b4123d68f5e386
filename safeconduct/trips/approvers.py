"""Who decides about trips: the holders of the right, and whoever stands in for one of them today."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.access import Seat
from safeconduct.orgs.models import Membership, Organisation, RoleGrant
from safeconduct.orgs.permissions import RIGHTS
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.trips.models import Deputy

APPROVE = "trips.approve"
LONGEST_DAYS = 366


def holders(organisation: Organisation, day: date) -> set[int]:
    """Return the current members whose role includes approving."""
    roles = [role for role, rights in RIGHTS.items() if APPROVE in rights]
    granted = RoleGrant.objects.for_org(organisation).filter(role__in=roles).values_list("user_id", flat=True)
    return _current(organisation, set(granted), day)


def approvers(organisation: Organisation, day: date | None = None) -> set[int]:
    """Return everybody who may decide on a day: holders of the right, and the deputies of these."""
    on = day or clock.today(organisation.zone)
    own = holders(organisation, on)
    standing_in = deputies_on(organisation, on).filter(approver_id__in=own).values_list("user_id", flat=True)
    return own | _current(organisation, set(standing_in), on)


def may_approve(seat: Seat) -> bool:
    """Return whether the seat's person may decide today."""
    if seat.may(APPROVE):
        return True
    day = clock.today(seat.organisation.zone)
    rows = deputies_on(seat.organisation, day).filter(user=seat.user)
    asked = set(rows.values_list("approver_id", flat=True)) if seat.is_current else set()
    return bool(asked and asked & holders(seat.organisation, day))


def deputies_on(organisation: Organisation, day: date) -> TenantQuerySet[Deputy]:
    """Return the rows that hold on a day."""
    return Deputy.objects.for_org(organisation).filter(ended_at__isnull=True, first_on__lte=day, last_on__gte=day)


def deputies_of(organisation: Organisation, day: date) -> list[Deputy]:
    """Return the rows that hold now or later, by their first day."""
    rows = Deputy.objects.for_org(organisation).filter(ended_at__isnull=True, last_on__gte=day)
    return list(rows.select_related("user", "approver"))


def name_deputy(seat: Seat, email: str, *, first_on: date, last_on: date, by: User) -> Deputy:
    """Let a member decide in the seat's person's place from one day to another.

    Raises Refused for anybody but a current member of the organisation, and for days that cannot be.
    """
    organisation, day = seat.organisation, clock.today(seat.organisation.zone)
    if last_on < first_on or last_on < day:
        raise Refused("deputy.days", _("The last day must be today or later, and not before the first."))
    if (last_on - first_on).days > LONGEST_DAYS:
        raise Refused("deputy.days", _("A deputy is named for a year at most."))
    rows = Membership.objects.for_org(organisation).filter(user__email__iexact=email.strip())
    member = next((row for row in rows.select_related("user", "programme") if row.is_current_on(day)), None)
    if member is None:
        raise Refused("deputy.unknown", _("Nobody in your organisation has this address."))
    if member.user_id == seat.user.pk:
        raise Refused("deputy.own", _("Name somebody else."))
    with transaction.atomic():
        row = Deputy.objects.create(
            organisation=organisation, user=member.user, approver=seat.user, first_on=first_on, last_on=last_on
        )
        audit.record("deputy.named", by=by, subject=row, organisation=organisation)
    return row


def end_deputy(row: Deputy, *, by: User) -> None:
    """Take a deputy back; one that has ended stays so."""
    with transaction.atomic():
        live = Deputy.objects.for_org(row.organisation_id).filter(pk=row.pk, ended_at__isnull=True)
        if live.update(ended_at=clock.now()):
            audit.record("deputy.ended", by=by, subject=row, organisation=row.organisation)


def _current(organisation: Organisation, users: Iterable[int], day: date) -> set[int]:
    rows = Membership.objects.for_org(organisation).filter(user_id__in=set(users), user__is_active=True)
    return {row.user_id for row in rows.select_related("programme", "organisation") if row.is_current_on(day)}
