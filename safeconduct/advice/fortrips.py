"""What the page of a trip shows its traveller of the briefing: how far it is, and the way to it."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from safeconduct.advice.briefing import STEPS
from safeconduct.advice.standing import preparation_of, standing_of
from safeconduct.lib import clock
from safeconduct.orgs.access import Seat
from safeconduct.trips.hooks import BriefingLine
from safeconduct.trips.models import Trip


def own_line(seat: Seat, trip: Trip) -> BriefingLine | None:
    """Return the way to the briefing of one's own trip; None once it is over and none was begun."""
    now = clock.now()
    row = preparation_of(seat, trip)
    is_over = trip.ends_at is not None and trip.ends_at < now
    if row is None and (is_over or not seat.is_current):
        return None
    url = f"{reverse('advisor:start')}?trip={trip.public_id}"
    found = standing_of(trip, now)
    if found.acknowledged_at is not None:
        note = _("Places or dates are different since then: read it again.") if found.is_outdated else ""
        return BriefingLine(url, _("Open your briefing"), found.sign, str(found.words), note, found.acknowledged_at)
    note = _("What is asked at the border, health, security, your dates: made for exactly this trip.")
    if row is None:
        return BriefingLine(url, _("Get your briefing"), "2", _("Not begun"), note)
    said = _("%(read)d of %(all)d steps read") % {"read": len(row.steps_read), "all": len(STEPS)}
    return BriefingLine(url, _("Go on with your briefing"), "2", said, note)
