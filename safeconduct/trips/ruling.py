"""Changing an organisation's rule of approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.models import Organisation
from safeconduct.trips.approvalmodels import ApprovalRequest, ApprovalRule
from safeconduct.trips.approvers import approvers
from safeconduct.trips.models import Trip

SAID: Final = ("is_on", "always", "security_from", "medical_from", "advisory_from", "advisory_source", "countries")
"""What makes another rule: trips are weighed anew after a change of these."""
TIMES: Final = ("remind_after_days", "remind_before_days")


def the_rule(organisation: Organisation) -> ApprovalRule:
    """Return the organisation's rule; one that is no row yet is off and asks nothing."""
    return ApprovalRule.objects.for_org(organisation).first() or ApprovalRule(organisation=organisation)


def change_rule(organisation: Organisation, said: Mapping[str, Any], *, by: User, asks_known: bool) -> ApprovalRule:
    """Return the rule as it is from now on. `asks_known`: trips ahead that were registered before are asked about too.

    Switched off, nothing is asked any more: trips that await a decision are registered. Raises Refused for a rule that is
    on and says nothing, or that nobody could answer.
    """
    with transaction.atomic():
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        rule = the_rule(organisation)
        before = {name: getattr(rule, name) for name in SAID + TIMES}
        for name in SAID + TIMES:
            setattr(rule, name, said[name])
        if rule.is_on and not rule.says_anything:
            raise Refused("approval.empty", _("Say at least one thing that needs approval, or switch it off."))
        if rule.is_on and not approvers(organisation):
            raise Refused("approval.nobody", _("Nobody in your organisation may approve trips."))
        if rule.pk is not None and all(getattr(rule, name) == value for name, value in before.items()) and not asks_known:
            return rule
        is_new = rule.pk is None
        rule.version = 1 if is_new else rule.version + 1
        rule.asks_known, rule.changed_at = asks_known, clock.now()
        rule.due_at = clock.now() if rule.is_on else None
        # Whose lease it is, is not said here: somebody may be comparing by it just now.
        rule.save(update_fields=None if is_new else [*SAID, *TIMES, "version", "asks_known", "changed_at", "due_at"])
        if not rule.is_on:
            _ask_nothing(organisation)
        audit.record(
            "approval.rule_changed", by=by, subject=rule, organisation=organisation,
            detail={name: getattr(rule, name) for name in SAID} | {"asks_known": asks_known},
        )  # fmt: skip
    return rule


def _ask_nothing(organisation: Organisation) -> None:
    trips = Trip.objects.for_org(organisation).filter(state=Trip.State.AWAITING)
    keys = list(trips.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    open_ones = ApprovalRequest.objects.for_org(organisation).filter(state=ApprovalRequest.State.OPEN)
    open_ones.update(state=ApprovalRequest.State.WITHDRAWN, decided_at=clock.now(), due_at=None)
    Trip.objects.for_org(organisation).filter(pk__in=keys).update(state=Trip.State.REGISTERED)
