"""Delegates: members who enter trips for another member, or for addresses that have no account.

A trip entered so is its traveller's from the first moment; `entered_by` says who wrote it. A delegate reaches what they
entered while the delegation lasts, as they entered it (`came_as`): what its traveller made of it since is not theirs to
see. Nothing else of the traveller can be reached.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.orgs.access import Seat
from safeconduct.orgs.models import Membership, Organisation
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.trips.actions import cancel_trip, change_trip, write_registered
from safeconduct.trips.attaching import stand_ins
from safeconduct.trips.drafts import SettledStop, StopDraft, checked_title, settled_stops, span_of
from safeconduct.trips.entered import tell_by_delegate, tell_named
from safeconduct.trips.imports.table import ADDRESS, TripRow
from safeconduct.trips.models import Addressee, Delegation, Stop, Trip
from safeconduct.trips.writing import said_by, said_of

MANAGE: Final = "trips.import"
"""Who may enter trips of anybody may say who else may."""
MOST: Final = 50


def delegates_of(seat: Seat) -> TenantQuerySet[Delegation]:
    """Return who may enter trips for the seat's person."""
    return _live(seat.organisation).filter(user=seat.user)


def delegations_to(seat: Seat) -> TenantQuerySet[Delegation]:
    """Return for whom the seat's person may enter trips; nobody once their own membership has ended."""
    return _live(seat.organisation).filter(delegate=seat.user) if seat.is_current else _live(seat.organisation).none()


def delegations_of_organisation(seat: Seat) -> TenantQuerySet[Delegation]:
    """Return all of the organisation's, for whoever manages them. Raises NotFound without the right."""
    if not seat.may(MANAGE):
        raise NotFound("delegations")
    return _live(seat.organisation)


def access_delegation(seat: Seat, public_id: str) -> Delegation:
    """Return a delegation that the seat's person has given, holds or manages. Raises NotFound for others."""
    rows = _live(seat.organisation).filter(public_id=public_id)
    if not seat.may(MANAGE):
        rows = rows.filter(Q(user=seat.user) | Q(delegate=seat.user))
    row = rows.first()
    if row is None:
        raise NotFound("delegation")
    return row


def access_own_delegation(seat: Seat, public_id: str) -> Delegation:
    """Return a delegation under which the seat's person may enter a trip now. Raises NotFound for others."""
    row = delegations_to(seat).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("delegation")
    return row


def entered_trips(seat: Seat) -> TenantQuerySet[Trip]:
    """Return the trips that the seat's person entered for others and still may see."""
    for_whom = list(delegations_to(seat).values_list("user_id", flat=True))
    allowed = Q(user_id__in=[pk for pk in for_whom if pk is not None])
    if None in for_whom:
        # Until its reader has an account; from then on they say themselves who enters their trips.
        allowed |= ~Q(user__stands_for="")
    rows = Trip.objects.for_org(seat.organisation).filter(entered_by=seat.user, source_id="").filter(allowed)
    return rows.select_related("user", "organisation", "addressee").order_by("-starts_at", "-id")


def access_entered(seat: Seat, public_id: str) -> Trip:
    """Return a trip that the seat's person entered for somebody, as long as they may. Raises NotFound for others."""
    row = entered_trips(seat).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("trip")
    return row


def is_as_entered(trip: Trip, stops: Sequence[Stop]) -> bool:
    """Return whether its traveller has left the trip as the delegate entered it."""
    return bool(trip.came_as == {"title": trip.title, "stops": said_of(stops)})


def name_delegate(organisation: Organisation, *, traveller: User | None, address: str, by: User) -> Delegation:
    """Return the delegation to the member with this address; both are told. The same again returns the one there is.

    `traveller` None: for everybody without an account. Raises Refused when no current member has verified the address,
    it is the traveller's own, or the traveller is no current member.
    """
    delegate = member_by_address(organisation, address)
    if delegate is None:
        raise Refused(
            "delegate.unknown", _("No member of your organisation has this e-mail address. They need an account here first.")
        )
    if traveller is not None and delegate.pk == traveller.pk:
        raise Refused("delegate.self", _("Nobody is their own delegate."))
    if traveller is not None and _membership(organisation, traveller) is None:
        raise Refused("delegate.traveller", _("Trips can be entered for current members only."))
    mine = Delegation.objects.for_org(organisation).filter(ended_at__isnull=True)
    known = mine.filter(user=traveller, delegate=delegate).first()
    if known is not None:
        return known
    if traveller is not None and mine.filter(user=traveller).count() >= MOST:
        raise Refused("delegate.many", _("There are %(most)d delegates already. End one first.") % {"most": MOST})
    try:
        with transaction.atomic():
            row = Delegation.objects.for_org(organisation).create(
                organisation=organisation, user=traveller, delegate=delegate, made_by=by
            )
            audit.record(
                "delegation.made", by=by, subject=row, organisation=organisation,
                detail={"delegate": delegate.public_id, "traveller": traveller.public_id if traveller else ""},
            )  # fmt: skip
            tell_named(row)
            return row
    except IntegrityError:  # the same form, twice at once
        return mine.get(user=traveller, delegate=delegate)


def end_delegation(row: Delegation, *, by: User) -> None:
    """End a delegation: the delegate sees none of its trips any more. One that has ended stays so."""
    with transaction.atomic():
        live = Delegation.objects.for_org(row.organisation_id).filter(pk=row.pk, ended_at__isnull=True)
        if live.update(ended_at=clock.now()):
            audit.record("delegation.ended", by=by, subject=row, organisation=row.organisation)


def enter_trip(
    seat: Seat, delegation: Delegation, *, title: str, stops: Sequence[StopDraft], form_token: str = "",
    address: str = "", given_name: str = "", family_name: str = "",
) -> Trip:  # fmt: skip
    """Return the new trip of the delegation's traveller, or of whoever reads `address`; they are told.

    The same form token again returns the first trip. Raises Refused when the traveller is no member any more, when the
    address is none or a member's, and what `settled_stops` raises.
    """
    row = access_own_delegation(seat, delegation.public_id)
    organisation, settled = seat.organisation, settled_stops(stops)
    words = checked_title(title, settled)
    token = hashlib.sha256(f"{seat.user.pk}:{form_token}".encode()).hexdigest()[:40] if form_token else ""
    with transaction.atomic():
        addressee = None
        if row.user is None:
            addressee = _addressee(organisation, address, given_name, family_name)
        membership = _membership(organisation, row.user) if row.user else None
        person = row.user or (addressee.stand_in if addressee else None)
        if person is None or (row.user is not None and membership is None):
            raise Refused("delegate.traveller", _("Trips can be entered for current members only."))
        known = Trip.objects.for_org(organisation).filter(user=person, form_token=token).first() if token else None
        if known is not None:
            return known
        trip = _new(seat, person, membership, addressee, words, settled, token)
        write_registered(trip, settled, seat.user)
        tell_by_delegate(trip, seat.user, what="entered")
    return trip


def change_entered(seat: Seat, trip: Trip, *, title: str, stops: Sequence[StopDraft], revision: int | None) -> Trip:
    """Return a trip that the seat's person entered, changed; its traveller is told.

    Raises Refused when its traveller has changed it since: then it is theirs to change.
    """
    kept = access_entered(seat, trip.public_id)
    with transaction.atomic():
        _refuse_what_was_changed(kept)
        changed = change_trip(kept, title=title, stops=stops, by=seat.user, revision=revision)
        now = {"title": changed.title, "stops": said_of(changed.stops.order_by("seq"))}
        if now != kept.came_as:
            changed.came_as = now
            changed.save(update_fields=["came_as"])
            tell_by_delegate(changed, seat.user, what="changed")
    return changed


def cancel_entered(seat: Seat, trip: Trip) -> Trip:
    """Return a trip that the seat's person entered, cancelled; its traveller is told."""
    kept = access_entered(seat, trip.public_id)
    if kept.is_cancelled:
        return kept
    with transaction.atomic():
        _refuse_what_was_changed(kept)
        gone = cancel_trip(kept, by=seat.user)
        tell_by_delegate(gone, seat.user, what="cancelled")
    return gone


def member_by_address(organisation: Organisation, address: str) -> User | None:
    """Return the current member who has verified this address."""
    rows = EmailAddress.objects.filter(email__iexact=address.strip(), verified=True, user__is_active=True)
    found = next((row.user for row in rows.select_related("user")), None)
    return found if isinstance(found, User) and _membership(organisation, found) is not None else None


def _live(organisation: Organisation) -> TenantQuerySet[Delegation]:
    rows = Delegation.objects.for_org(organisation).filter(ended_at__isnull=True)
    return rows.select_related("user", "delegate", "organisation", "made_by")


def _membership(organisation: Organisation, user: User) -> Membership | None:
    rows = Membership.objects.for_org(organisation).filter(user_id=user.pk).select_related("programme")
    day = clock.today(organisation.zone)
    return next((row for row in rows if row.is_current_on(day)), None)


def _addressee(organisation: Organisation, address: str, given_name: str, family_name: str) -> Addressee:
    email = address.strip().lower()
    if not ADDRESS.match(email) or len(email) > 254:
        raise Refused("address.unreadable", _("Enter the traveller’s e-mail address."))
    if member_by_address(organisation, email) is not None:
        raise Refused(
            "address.member", _("This person has an account. They can name you as their delegate under My trips.")
        )
    row = TripRow(
        source_id="", email=email, given_name=given_name[:150], family_name=family_name[:150], language="", title="",
        is_cancelled=False, stops=(),
    )  # fmt: skip
    return stand_ins(organisation, [row])[email]


def _new(
    seat: Seat, person: User, membership: Membership | None, addressee: Addressee | None, title: str,
    settled: Sequence[SettledStop], token: str,
) -> Trip:  # fmt: skip
    at, (start, end) = clock.now(), span_of(settled)
    return Trip(
        organisation=seat.organisation, user=person, membership=membership, addressee=addressee, entered_by=seat.user,
        title=title, starts_at=start, ends_at=end, registered_at=at, changed_at=at, form_token=token or None,
        came_as={"title": title, "stops": said_by(settled)},
    )  # fmt: skip


def _refuse_what_was_changed(trip: Trip) -> None:
    if not is_as_entered(trip, list(trip.stops.order_by("seq"))):
        raise Refused("delegate.changed", _("The traveller has changed this trip since. It is theirs to change now."))
