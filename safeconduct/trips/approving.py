"""Asking whether a trip may be made, and deciding it. Each verb is one transaction with its audit entry and its mails.

A trip is asked about when its itinerary meets the rule and nobody has approved as much before: the same countries, on
those days, at levels that are no worse. Approval says nothing about warnings: an awaiting or refused trip is matched
like every other one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from django.db import transaction
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.models import Organisation
from safeconduct.trips.approvalmail import tell_approvers, tell_asked, tell_decided
from safeconduct.trips.approvalmodels import NOTE_LENGTH, ApprovalRequest, ApprovalRule
from safeconduct.trips.models import Stop, Trip
from safeconduct.trips.weighing import (
    Ranks,
    Reason,
    Weighed,
    Weigher,
    is_within,
    pieces_of,
    ranks_of,
    rule_of,
    worse_than,
)

Asked = tuple[Trip, Weighed]
Cause = ApprovalRequest.Cause
State = ApprovalRequest.State
UNDECIDED = (Trip.State.AWAITING, Trip.State.APPROVED, Trip.State.REFUSED)


def begin(trip: Trip, weighed: Weighed, *, is_approved: bool = False) -> None:
    """Set the state of a trip that is about to be registered; the caller writes it. `is_approved`: at its source.

    Nobody is asked about a trip that is over.
    """
    met = Trip.State.APPROVED if is_approved else Trip.State.AWAITING
    trip.state = met if weighed.is_met and not is_over(trip) else Trip.State.REGISTERED
    trip.weighed = weighed.as_json


def is_over(trip: Trip) -> bool:
    """Return whether the trip has ended."""
    return trip.ends_at is not None and trip.ends_at < clock.now()


def ask(
    organisation: Organisation,
    asked: Sequence[Asked],
    *,
    cause: str,
    by: User | None,
    is_approved: bool = False,
    before: Mapping[int, list[Reason]] = MappingProxyType({}),
) -> list[ApprovalRequest]:
    """Write the questions about trips of one organisation that meet its rule, and tell whom they concern.

    In the caller's transaction, after `begin`. `is_approved`: decided where they come from; nobody is asked. `before`:
    what was said when they were weighed last, by trip.
    """
    wanted = [(trip, weighed) for trip, weighed in asked if weighed.is_met and trip.state in UNDECIDED]
    if not wanted:
        return []
    now = clock.now()
    rule = rule_of(organisation)
    rows = [_request(trip, weighed, cause, by, now, is_approved, before.get(trip.pk, []), rule) for trip, weighed in wanted]
    made = ApprovalRequest.objects.bulk_create(rows)
    words = "trip.approved_at_source" if is_approved else "trip.approval_asked"
    detail = {"cause": str(cause)}
    audit.record_all([(words, row.trip, detail) for row in made], by=by, organisation=organisation)
    if not is_approved:
        tell_approvers(organisation, made)
        tell_asked(organisation, [row for row in made if by is None or by.pk != row.trip.user_id])
    return made


def _request(
    trip: Trip,
    weighed: Weighed,
    cause: str,
    by: User | None,
    now: datetime,
    is_approved: bool,
    before: list[Reason],
    rule: ApprovalRule | None,
) -> ApprovalRequest:
    row = ApprovalRequest(
        organisation_id=trip.organisation_id, trip=trip, cause=cause, revision=trip.revision, spans=weighed.spans,
        reasons=list(weighed.reasons), before=before, asked_at=now, asked_by=by,
    )  # fmt: skip
    if is_approved:
        row.state, row.decided_at = State.APPROVED, now
    else:
        row.due_at = next_reminder(row, trip, rule, now)
    return row


def next_reminder(
    request: ApprovalRequest, trip: Trip, rule: ApprovalRule | None, now: datetime
) -> datetime | None:
    """Return when approvers are reminded next: some days after the question, some before the trip, never after it began."""
    if rule is None:
        return None
    moments = (
        request.asked_at + timedelta(days=rule.remind_after_days),
        trip.starts_at - timedelta(days=rule.remind_before_days),
    )
    return min((at for at in moments if now < at < trip.starts_at), default=None)


def follow_change(trip: Trip, stops: Sequence[Stop], *, by: User | None, is_approved: bool = False) -> None:
    """Weigh a trip whose itinerary was changed, and ask again where the change goes beyond what was approved.

    The trip is locked; its row and stops are written already, its state is written here. `is_approved`: at its source.
    """
    weighed = Weigher(trip.organisation).weigh(pieces_of(stops))
    last = trip.approvals.order_by("-asked_at", "-id").first()
    trip.weighed = weighed.as_json
    if not weighed.is_met:
        if trip.state in UNDECIDED:
            _withdraw(trip)
            trip.state = Trip.State.REGISTERED
        trip.save(update_fields=["state", "weighed"])
        return
    if is_over(trip):
        trip.save(update_fields=["weighed"])
        return
    if last is not None and last.is_open and not is_approved:
        last.revision, last.spans, last.reasons = trip.revision, weighed.spans, list(weighed.reasons)
        last.save(update_fields=["revision", "spans", "reasons"])
        trip.save(update_fields=["weighed"])
        return
    if _stands(trip, weighed, last):
        trip.save(update_fields=["weighed"])
        return
    _withdraw(trip)
    begin(trip, weighed, is_approved=is_approved)
    trip.save(update_fields=["state", "weighed"])
    cause = Cause.SOURCE if is_approved else Cause.CHANGED
    ask(trip.organisation, [(trip, weighed)], cause=cause, by=by, is_approved=is_approved)


def _stands(trip: Trip, weighed: Weighed, last: ApprovalRequest | None) -> bool:
    """Whether the last decision covers the itinerary: an approval what lies within it, a refusal the same days alone."""
    if last is None:
        return False
    if trip.state == Trip.State.APPROVED:
        return is_within(weighed.spans, last.spans) and not worse_than(ranks_of(last.reasons), weighed.reasons)
    return trip.state == Trip.State.REFUSED and weighed.spans == last.spans


def weigh_anew(trip: Trip, *, by: User | None, is_approved: bool = False) -> None:
    """Weigh a trip that comes back (its source lists it again), and ask if the rule wants it. The trip is locked."""
    stops = list(trip.stops.select_related("place", "to_place").order_by("seq"))
    weighed = Weigher(trip.organisation).weigh(pieces_of(stops))
    begin(trip, weighed, is_approved=is_approved)
    trip.save(update_fields=["state", "weighed"])
    ask(trip.organisation, [(trip, weighed)], cause=Cause.SOURCE, by=by, is_approved=is_approved)


def withdraw(trip: Trip) -> None:
    """Close the open question of a trip that was cancelled. The trip is locked."""
    _withdraw(trip)


def _withdraw(trip: Trip) -> None:
    trip.approvals.filter(state=State.OPEN).update(state=State.WITHDRAWN, decided_at=clock.now(), due_at=None)


def decide(
    request: ApprovalRequest, *, is_approved: bool, note: str, seen: str, by: User
) -> ApprovalRequest:
    """Return the request, approved or refused by a person who may (trips/access.py).

    `seen` names itinerary and levels that they looked at (`ApprovalRequest.seen`). Raises Refused for one's own trip,
    when somebody else was first, when either was changed meanwhile, and for a refusal without a word.
    """
    words = " ".join(note.split())
    if len(words) > NOTE_LENGTH:
        raise Refused("approval.note", _("The note may have %(most)d characters.") % {"most": NOTE_LENGTH})
    if not is_approved and not words:
        raise Refused("approval.note", _("Say why: the traveller reads it."))
    with transaction.atomic():
        # The trip first, as whoever changes it does; then the question, as it is by now.
        trips = Trip.objects.for_org(request.organisation_id).select_related("organisation", "user")
        trip = trips.select_for_update(of=("self",)).get(pk=request.trip_id)
        rows = ApprovalRequest.objects.for_org(request.organisation_id).select_related("decided_by", "organisation")
        kept = rows.select_for_update(of=("self",)).get(pk=request.pk)
        _refuse_to_decide(kept, trip, seen, by)
        kept.trip, kept.note, kept.decided_by, kept.decided_at = trip, words, by, clock.now()
        kept.state = State.APPROVED if is_approved else State.REFUSED
        kept.due_at, kept.lease_until, kept.lease_by = None, None, ""
        kept.save(update_fields=["note", "decided_by", "decided_at", "state", "due_at", "lease_until", "lease_by"])
        trip.state = Trip.State.APPROVED if is_approved else Trip.State.REFUSED
        trip.save(update_fields=["state"])
        audit.record(
            "trip.approved" if is_approved else "trip.refused", by=by, subject=trip, organisation=trip.organisation,
            detail={"request": kept.public_id, "revision": kept.revision},
        )  # fmt: skip
        tell_decided(kept)
    return kept


def _refuse_to_decide(request: ApprovalRequest, trip: Trip, seen: str, by: User) -> None:
    if trip.user_id == by.pk:
        raise Refused("approval.own", _("Nobody decides about their own trip. Another approver has to."))
    if not request.is_open:
        if request.decided_by is None:
            raise Refused("approval.closed", _("This is not asked any more: the trip was changed or cancelled."))
        text = _("%(name)s was faster: the trip is %(state)s.") % {
            "name": request.decided_by.name, "state": request.get_state_display(),
        }  # fmt: skip
        raise Refused("approval.decided", text)
    if seen != request.seen or trip.revision != request.revision:
        text = _("The itinerary or a level was changed since you opened this page. Look at it as it is now, then decide.")
        raise Refused("approval.changed", text)


def ask_again(trip: Trip, *, by: User) -> Trip:
    """Return the refused trip, before an approver once more. Raises Refused for a trip that is not, or is over."""
    with transaction.atomic():
        rows = Trip.objects.for_org(trip.organisation_id).select_related("organisation", "user")
        kept = rows.select_for_update(of=("self",)).get(pk=trip.pk)
        if kept.state == Trip.State.AWAITING:
            return kept
        if kept.state != Trip.State.REFUSED or is_over(kept):
            raise Refused("approval.not_refused", _("There is nothing to ask for."))
        stops = list(kept.stops.select_related("place", "to_place").order_by("seq"))
        weighed = Weigher(kept.organisation).weigh(pieces_of(stops))
        begin(kept, weighed)
        kept.save(update_fields=["state", "weighed"])
        ask(kept.organisation, [(kept, weighed)], cause=Cause.AGAIN, by=by)
    return kept


def put_back(
    organisation: Organisation, trips: Sequence[tuple[Trip, Weighed, list[Reason]]], *, cause: str
) -> int:
    """Ask about trips ahead that meet the rule now, or meet it worse than when they were decided; return how many.

    The trips are locked and their state lets them be asked. What held before goes with each question.
    """
    for trip, weighed, _before in trips:
        begin(trip, weighed)
        trip.save(update_fields=["state", "weighed"])
    made = ask(
        organisation, [(trip, weighed) for trip, weighed, _before in trips], cause=cause, by=None,
        before={trip.pk: before for trip, _weighed, before in trips},
    )  # fmt: skip
    return len(made)


def renew_question(trip: Trip, weighed: Weighed) -> None:
    """Let an open question say what holds now. The trip is locked; whoever looks at the old one is told when deciding."""
    trip.weighed = weighed.as_json
    trip.save(update_fields=["weighed"])
    for row in trip.approvals.filter(state=State.OPEN).select_for_update():
        row.reasons = list(weighed.reasons)
        row.save(update_fields=["reasons"])


def known_ranks(trip: Trip) -> Ranks:
    """Return what a trip was weighed as when it was last decided about, or registered."""
    return dict(trip.weighed.get("ranks", {})) if trip.weighed else {}
