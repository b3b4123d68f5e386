"""The unsubscribe switch of a trip: e-mail about it stops, the portal keeps showing what concerns it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from safeconduct.lib.errors import NotFound
from safeconduct.notify.hooks import Stopping, Switch
from safeconduct.notify.models import UnsubscribeLink
from safeconduct.trips.actions import mute_mail
from safeconduct.trips.models import Trip


def _trip(link: UnsubscribeLink) -> Trip:
    rows = Trip.objects.for_org(link.organisation_id).select_related("user", "organisation")
    trip = rows.filter(public_id=link.target, user_id=link.user_id).first()
    if trip is None:
        raise NotFound("trip")
    return trip


def _show(link: UnsubscribeLink) -> Stopping:
    trip = _trip(link)
    return Stopping(
        title=_("E-mail about the trip “%(title)s”") % {"title": trip.title},
        text=_("We will send no more e-mail about this trip. The portal keeps showing the alerts that concern it."),
        is_off=trip.is_mail_muted,
    )


def _switch_off(link: UnsubscribeLink) -> None:
    trip = _trip(link)
    mute_mail(trip, by=trip.user)


TRIP = Switch(show=_show, switch_off=_switch_off)
