"""What this room gives to the hooks of the rooms below it: why an alert concerns the reader, and how they were told."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from safeconduct.alerts.hooks import WhyLine
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.lib import clock
from safeconduct.lib.timewords import moment_words
from safeconduct.matching import queries
from safeconduct.matching.models import MatchRun
from safeconduct.notify.models import Notice
from safeconduct.notify.queries import notices_about
from safeconduct.orgs.access import Seat, seat_of
from safeconduct.outbox.models import Delivery
from safeconduct.trips.hooks import ConcernLine
from safeconduct.trips.models import Trip


def concerns(seat: Seat, trip: Trip) -> list[ConcernLine]:
    """Return the lines beneath a trip: what concerns it now, worst first."""
    return [
        ConcernLine(found.severity, found.headline, found.url, found.reason, found.is_exercise, found.also)
        for found in queries.concerning_trip(seat, trip)
    ]


def why_you(request: HttpRequest, version: AlertVersion) -> list[WhyLine]:
    """Return why an alert concerns the reader, a line for each of their trips."""
    seat = seat_of(request)
    if seat is None:
        return []
    return [
        WhyLine(
            text=found.why,
            strength=found.strength,
            url=found.trip_url,
            link_text=found.trip_title,
            told=_told(seat, found, version),
        )
        for found in queries.why_you(seat, version.event)
    ]


def concerning(request: HttpRequest) -> frozenset[int]:
    """Return the keys of the events that concern the reader."""
    seat = seat_of(request)
    return frozenset(queries.concerning_events(seat)) if seat is not None else frozenset()


def _told(seat: Seat, found: queries.Concern, version: AlertVersion) -> str:
    """How the last news of the event went out for this trip: in words that say no more than is so."""
    notices = notices_about(seat, f"event:{version.event_id}")
    notice = notices.filter(context__trip=found.exposure.trip.public_id).first()
    if notice is None:
        return ""
    if not notice.told:
        return _("No e-mail was sent. %(why)s.") % {"why": Notice.WhyNot(notice.why_not).label}
    delivery = Delivery.objects.filter(key=notice.key).first()
    if delivery is None:
        return ""
    if delivery.sent_at is not None:
        when = moment_words(delivery.sent_at, seat.user.zone, this_year=clock.now().year)
        return _("E-mail handed over %(when)s.") % {"when": when}
    if delivery.is_over:
        return _("The e-mail could not be delivered.")
    return _("The e-mail is waiting to be sent.")


def match_again(event: Event) -> None:
    """Match an event's current version anew: an operator corrected its area, or gave it back."""
    if event.current_version_id is None:
        return
    now = clock.now()
    run, is_new = MatchRun.objects.get_or_create(version_id=event.current_version_id, defaults={"due_at": now})
    if not is_new:
        # Due at another moment than the one a worker may have claimed it for: it does not mark this as done.
        MatchRun.objects.filter(pk=run.pk).update(due_at=now)


def fill() -> None:
    """Put this room's functions into the hooks."""
    from safeconduct.alerts import hooks as alert_hooks
    from safeconduct.matching.switches import TRIP
    from safeconduct.notify.hooks import switches
    from safeconduct.notify.models import UnsubscribeLink
    from safeconduct.trips import hooks as trip_hooks

    alert_hooks.why_you = why_you
    alert_hooks.area_changed = match_again
    alert_hooks.concerning = concerning
    trip_hooks.concerns = concerns
    switches[UnsubscribeLink.Purpose.TRIP] = TRIP
