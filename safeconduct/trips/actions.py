"""Registering, changing, cancelling and muting a trip. Each is one transaction with its audit entry.

What is registered or changed is weighed by the organisation's rule of approval (trips/approving.py). A draft is its
traveller's alone: it has no stays, so that nothing finds it, and no entry in the log before it is registered.

Stays are written anew at every change of the itinerary, and the revision goes up: matching compares it with the
one it has seen. Nothing is matched or mailed here.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.access import Seat
from safeconduct.orgs.models import Membership
from safeconduct.trips import approving
from safeconduct.trips.approvalmodels import ApprovalRequest
from safeconduct.trips.companions import companions_of, tell_responsible
from safeconduct.trips.drafts import SettledStop, StopDraft, checked_title, settled_stops, span_of
from safeconduct.trips.models import Stop, Trip
from safeconduct.trips.weighing import Weigher, pieces_settled
from safeconduct.trips.writing import columns, new_stop, write_new, write_stays


def register_trip(
    seat: Seat, *, title: str, stops: Sequence[StopDraft], by: User | None, form_token: str = "", as_draft: bool = False
) -> Trip:
    """Return the new trip of the seat's person. The same form token again returns the first trip.

    It is registered, or awaits approval where the organisation's rule asks for it. Raises Refused when the membership has ended, and what `settled_stops` raises.
    """
    if form_token:
        known = _from_form(seat, form_token)
        if known is not None:
            return known
    if not seat.is_current:
        raise Refused(
            "membership.ended",
            _("Your membership has ended: new trips cannot be registered. Trips under way are watched until they end."),
        )
    settled = settled_stops(stops)
    words = checked_title(title, settled)
    try:
        with transaction.atomic():
            trip = _new_trip(seat, words, settled, form_token)
            if as_draft:
                trip.state = Trip.State.DRAFT
                write_new([(trip, settled)])
            else:
                write_registered(trip, settled, by)
    except IntegrityError:
        # The same form came in twice at once: the other one made the trip.
        known = _from_form(seat, form_token) if form_token else None
        if known is None:
            raise
        return known
    return trip


def change_trip(
    trip: Trip,
    *,
    title: str,
    stops: Sequence[StopDraft],
    by: User | None,
    revision: int | None = None,
    is_from_source: bool = False,
    registers: bool = False,
    is_approved: bool = False,
) -> Trip:
    """Return the trip with its new name and stops. Stops that are named keep their identity.

    `registers` makes a trip of a draft; `is_approved`: what changed is approved where it comes from. `revision` is the one the person saw; Refused when somebody has changed the itinerary since. A change of the
    name alone leaves the revision as it is. A source changes its trips whatever became of the membership.
    """
    settled = settled_stops(stops)
    words = checked_title(title, settled)
    with transaction.atomic():
        kept = _locked(trip)
        if kept.is_cancelled:
            raise Refused("trip.cancelled", _("This trip was cancelled. Register a new one."))
        if registers and kept.is_draft:
            _refuse_without_membership(kept)
        old = list(kept.stops.order_by("seq"))
        is_renamed, is_moved = kept.title != words, not _is_same(old, settled)
        becomes = registers and kept.is_draft
        if not (is_renamed or is_moved or becomes):
            return kept
        if revision is not None and revision != kept.revision:
            raise Refused(
                "trip.changed_meanwhile",
                _("This trip was changed in another window meanwhile. Open it again and repeat your change."),
            )
        kept.title, kept.changed_at = words, clock.now()
        if is_moved:
            if not (is_from_source or kept.is_draft):
                _refuse_a_new_trip_in_an_old_one(kept)
            kept.revision += 1
            kept.starts_at, kept.ends_at = span_of(settled)
            _write_stops(kept, settled, {stop.public_id: stop for stop in old})
            if not kept.is_draft:
                _write_stays(kept)
        kept.save(update_fields=["title", "changed_at", "revision", "starts_at", "ends_at"])
        if becomes:
            kept.registered_at = kept.changed_at
            kept.revision += 1
            write_registered(kept, settled, by)
        elif not kept.is_draft:
            audit.record(
                "trip.changed", by=by, subject=kept, organisation=kept.organisation,
                detail={"revision": kept.revision, "stops": len(settled), "itinerary": is_moved},
            )  # fmt: skip
            if is_moved:
                stops_now = list(kept.stops.select_related("place", "to_place").order_by("seq"))
                approving.follow_change(kept, stops_now, by=by, is_approved=is_approved)
    return kept


def _refuse_a_new_trip_in_an_old_one(trip: Trip) -> None:
    """After the membership only the rest of a trip under way may change: whatever else is moved would be a new trip."""
    now = clock.now()
    if trip.starts_at <= now and (trip.ends_at is None or trip.ends_at >= now):
        return
    if not _is_member(trip):
        raise Refused(
            "membership.ended", _("Your membership has ended. Only a trip that is under way can still be changed.")
        )


def _refuse_without_membership(trip: Trip) -> None:
    if not _is_member(trip):
        raise Refused("membership.ended", _("Your membership has ended: new trips cannot be registered."))


def _is_member(trip: Trip) -> bool:
    day = clock.today(trip.organisation.zone)
    rows = Membership.objects.for_org(trip.organisation_id).filter(user_id=trip.user_id).select_related("programme")
    return any(row.is_current_on(day) for row in rows)


def delete_draft(trip: Trip) -> None:
    """Delete a draft: nobody else has seen it. Raises Refused for a trip that was registered."""
    with transaction.atomic():
        kept = _locked(trip)
        if not kept.is_draft:
            raise Refused("trip.registered", _("This trip is registered. Cancel it instead."))
        kept.delete()


def cancel_trip(trip: Trip, *, by: User | None, is_from_source: bool = False) -> Trip:
    """Return the cancelled trip; its stops stay readable, its stays are gone. Again changes nothing.

    What a source took back, it can list again (`list_again`); what a person cancelled stays cancelled.
    """
    with transaction.atomic():
        kept = _locked(trip)
        if kept.is_cancelled:
            return kept
        if kept.is_draft:
            raise Refused("trip.draft", _("This is a draft. Delete it instead."))
        kept.state = Trip.State.CANCELLED
        kept.cancelled_at = kept.changed_at = clock.now()
        kept.revision += 1
        kept.is_gone_at_source = is_from_source
        kept.save(update_fields=["state", "cancelled_at", "changed_at", "revision", "is_gone_at_source"])
        kept.stays.all().delete()
        approving.withdraw(kept)
        audit.record(
            "trip.cancelled", by=by, subject=kept, organisation=kept.organisation,
            detail={"source": kept.source_name} if is_from_source else {},
        )  # fmt: skip
    return kept


def list_again(trip: Trip, *, is_approved: bool = False) -> Trip:
    """Return a trip that its source lists again after it was cancelled because the source no longer did."""
    with transaction.atomic():
        kept = _locked(trip)
        if not (kept.is_cancelled and kept.is_gone_at_source):
            return kept
        kept.state, kept.cancelled_at, kept.is_gone_at_source = Trip.State.REGISTERED, None, False
        kept.changed_at = clock.now()
        kept.revision += 1
        kept.save(update_fields=["state", "cancelled_at", "is_gone_at_source", "changed_at", "revision"])
        _write_stays(kept)
        audit.record("trip.listed_again", by=None, subject=kept, organisation=kept.organisation)
        approving.weigh_anew(kept, by=None, is_approved=is_approved)
    return kept


def mute_mail(trip: Trip, *, by: User | None) -> Trip:
    """Return the trip with e-mail about it off. The portal keeps showing what concerns it."""
    return _set_mute(trip, muted=True, by=by)


def unmute_mail(trip: Trip, *, by: User | None) -> Trip:
    """Return the trip with e-mail about it on again."""
    return _set_mute(trip, muted=False, by=by)


def _set_mute(trip: Trip, *, muted: bool, by: User | None) -> Trip:
    with transaction.atomic():
        kept = _locked(trip)
        if kept.is_mail_muted == muted:
            return kept
        kept.mail_muted_at = clock.now() if muted else None
        kept.save(update_fields=["mail_muted_at"])
        action = "trip.mail_muted" if muted else "trip.mail_unmuted"
        audit.record(action, by=by, subject=kept, organisation=kept.organisation)
    return kept


def _from_form(seat: Seat, form_token: str) -> Trip | None:
    return Trip.objects.for_org(seat.organisation).filter(user=seat.user, form_token=form_token).first()


def _locked(trip: Trip) -> Trip:
    rows = Trip.objects.for_org(trip.organisation_id).select_related("organisation", "user")
    return rows.select_for_update(of=("self",)).get(pk=trip.pk)


def _new_trip(seat: Seat, title: str, settled: Sequence[SettledStop], form_token: str) -> Trip:
    at = clock.now()
    start, end = span_of(settled)
    return Trip(
        organisation=seat.organisation,
        user=seat.user,
        membership=seat.membership,
        title=title,
        starts_at=start,
        ends_at=end,
        registered_at=at,
        changed_at=at,
        form_token=form_token or None,
    )


def write_registered(trip: Trip, settled: Sequence[SettledStop], by: User | None) -> None:
    """Make a registered trip of a new row or a draft, in the caller's transaction: weighed, written, in the log, asked."""
    weighed = Weigher(trip.organisation).weigh(pieces_settled(settled))
    approving.begin(trip, weighed)
    if trip._state.adding:
        write_new([(trip, settled)])
    else:
        trip.save(update_fields=["state", "weighed", "registered_at", "changed_at", "revision"])
        tell_responsible(trip, companions_of(trip))
        _write_stays(trip)
    audit.record(
        "trip.registered", by=by, subject=trip, organisation=trip.organisation,
        detail={"stops": len(settled), "traveller": trip.user.public_id},
    )  # fmt: skip
    approving.ask(trip.organisation, [(trip, weighed)], cause=ApprovalRequest.Cause.REGISTERED, by=by)


def _is_same(old: Sequence[Stop], settled: Sequence[SettledStop]) -> bool:
    """Whether the drafts say what the rows say. A draft without an id can be the row it was made into."""
    if len(old) != len(settled):
        return False
    return all(
        all(getattr(stop, name) == value for name, value in columns(one, seq).items())
        for seq, (stop, one) in enumerate(zip(old, settled, strict=True))
    )


def _write_stops(trip: Trip, settled: Sequence[SettledStop], old: dict[str, Stop]) -> None:
    spare = dict(old)
    for seq, one in enumerate(settled):
        stop = spare.pop(one.draft.public_id, None) or new_stop(trip, one, seq)
        for name, value in columns(one, seq).items():
            setattr(stop, name, value)
        stop.save()
    if spare:
        trip.stops.filter(pk__in=[stop.pk for stop in spare.values()]).delete()


def _write_stays(trip: Trip) -> None:
    trip.stays.all().delete()
    write_stays([(trip, list(trip.stops.select_related("place", "to_place").order_by("seq")))])
