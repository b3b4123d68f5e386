"""The only door to somebody's documents and bookings. Another person's, and another organisation's, is NotFound."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from safeconduct.inbox.models import Booking, Letter
from safeconduct.lib.errors import NotFound
from safeconduct.orgs.access import Seat

OWN = "trips.own"


def own_letters(seat: Seat) -> QuerySet[Letter]:
    """Return the person's documents for the seat's organisation, and those for which none is chosen yet."""
    mine = Q(organisation_id=seat.organisation.pk) | Q(organisation_id__isnull=True)
    return Letter.objects.filter(mine, user=seat.user).defer("raw")


def access_letter(seat: Seat, public_id: str) -> Letter:
    """Return one of the person's own documents."""
    letter = own_letters(seat).filter(public_id=public_id).first()
    if letter is None or not seat.may(OWN):
        raise NotFound("letter")
    return letter


def access_booking(seat: Seat, public_id: str) -> Booking:
    """Return one of the person's own bookings in the seat's organisation."""
    rows = Booking.objects.for_org(seat.organisation).filter(user=seat.user, public_id=public_id)
    booking = rows.select_related("trip__organisation", "stop__place", "stop__to_place", "letter").defer("letter__raw").first()
    if booking is None or not seat.may(OWN):
        raise NotFound("booking")
    return booking
