"""What a person decides about bookings that wait: entered as they corrected them, changed, taken out, or left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.inbox import intotrips
from safeconduct.inbox.intotrips import Item
from safeconduct.inbox.keeping import reservation_of, shown_of
from safeconduct.inbox.models import Booking, Letter
from safeconduct.inbox.sorting import places_of
from safeconduct.inbox.stops import stop_of
from safeconduct.lib.errors import Refused
from safeconduct.orgs.access import Seat, require_current
from safeconduct.trips.bookings.model import Reservation
from safeconduct.trips.drafts import StopDraft, settled_stops
from safeconduct.trips.models import Trip
from safeconduct.trips.writing import said_by


def confirm(
    seat: Seat, letter: Letter, *, title: str, stops: Sequence[StopDraft], by: User
) -> Trip:
    """Return the trip that the waiting bookings of a document are in, as the person has looked them over.

    A stop whose `public_id` names a booking is that booking's; the others are further stops of the same trip. Raises
    Refused.
    """
    require_current(seat)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=seat.user.pk)
        waiting = {row.public_id: row for row in _locked(seat, letter) if row.offered.get("action") == "enter"}
        items, others = [], []
        for draft in stops:
            booking = waiting.pop(draft.public_id, None)
            if booking is None:
                others.append(draft)
                continue
            one = _offered(booking)
            # What the document alone would have made: what the person put right counts as changed by hand.
            base = stop_of(one).said or said_by(settled_stops([draft]))[0]
            items.append(Item(booking, replace(one, problems=()), draft, base))
        if not items:
            raise Refused("booking.settled", _("These bookings were dealt with meanwhile."))
        trip = intotrips.put_together(seat, items, others, title=title, by=by)
        audit.record_all(
            [("booking.confirmed", item.booking, {}) for item in items], by=by, organisation=seat.organisation
        )
        _settle(letter, seat)
    return trip


def accept(seat: Seat, booking: Booking, *, by: User, shown: str) -> str:
    """Change or take out what a document says of a booking; return what that did, as inbox/words.py calls it. Raises
    Refused, also when something else waits than what was shown."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=seat.user.pk)
        row = _again(seat, booking)
        one = _offered(row)
        if shown_of(row.offered) != shown:
            raise Refused("booking.changed", _("It changed meanwhile: look again."))
        if row.offered["action"] == "cancel":
            done = intotrips.take_out(row, by=by)
        elif row.offered["action"] == "change":
            made = stop_of(one)
            if made.draft is None:
                raise Refused("booking.place", _("We cannot tell where this is. Change the trip by hand."))
            done = intotrips.change(row, replace(one, problems=()), made.said, places_of(made), by=by)
        else:
            raise Refused("booking.enter", _("Look it over first."))
        audit.record("booking.confirmed", by=by, subject=row, organisation=seat.organisation, detail={"did": done})
        _settle(booking.letter, seat)
    return done


def dismiss(seat: Seat, booking: Booking, *, by: User) -> None:
    """Leave it as it is: what was never entered stays out, what is in a trip stays there unchanged."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=seat.user.pk)
        row = _again(seat, booking)
        if row.state == Booking.State.WAITING:
            row.state = Booking.State.DISMISSED
        row.offered = {}
        row.save(update_fields=["state", "offered"])
        audit.record("booking.dismissed", by=by, subject=row, organisation=seat.organisation)
        _settle(booking.letter, seat)


def _again(seat: Seat, booking: Booking) -> Booking:
    """The row as it is now. Raises Refused when nothing of it waits any more."""
    rows = Booking.objects.for_org(seat.organisation).select_related("trip__organisation", "stop__place", "stop__to_place")
    row = rows.get(pk=booking.pk)
    if not row.needs_person:
        raise Refused("booking.settled", _("These bookings were dealt with meanwhile."))
    return row


def _locked(seat: Seat, letter: Letter) -> list[Booking]:
    rows = Booking.objects.for_org(seat.organisation).filter(user=seat.user, letter=letter)
    return list(rows.select_related("trip__organisation", "stop__place", "stop__to_place"))


def _offered(booking: Booking) -> Reservation:
    return reservation_of(booking.offered["reservation"])


def _settle(letter: Letter | None, seat: Seat) -> None:
    """A document of which nothing waits any more is read."""
    if letter is None:
        return
    rest = Booking.objects.for_org(seat.organisation).filter(letter=letter).exclude(offered={})
    if not rest.exists():
        Letter.objects.filter(pk=letter.pk, state=Letter.State.NEEDS_YOU).update(state=Letter.State.READ)
