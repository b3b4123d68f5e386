"""A person's calendar address: making, ending and reading it. Its secret is shown once and stored as a digest only.

Whoever knows the address reads all trips of the person, and nothing else; no session, no right is asked for. So no
page, log or audit entry holds it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound
from safeconduct.lib.ids import token, token_digest
from safeconduct.orgs.models import Organisation
from safeconduct.trips.calendars import calendar_of
from safeconduct.trips.models import CalendarFeed, Stop, Trip
from safeconduct.trips.queries import trips_for

LOOKS_BACK: Final = timedelta(days=366)
SEEN_EVERY: Final = timedelta(hours=1)


def feed_of(user: User) -> CalendarFeed | None:
    """Return the person's calendar, None while there is none."""
    return CalendarFeed.objects.filter(user=user).first()


def make_feed(user: User, *, by: User, organisation: Organisation | None = None) -> str:
    """Return the secret of a new address; one that was there before stops at once."""
    secret = token()
    with transaction.atomic():
        feed, _is_new = CalendarFeed.objects.update_or_create(
            user=user, defaults={"digest": token_digest(secret), "made_at": clock.now(), "read_at": None}
        )
        audit.record("calendar.made", by=by, subject=feed, organisation=organisation)
    return secret


def end_feed(user: User, *, by: User, organisation: Organisation | None = None) -> bool:
    """End the person's address; return whether there was one."""
    with transaction.atomic():
        feed = CalendarFeed.objects.select_for_update().filter(user=user).first()
        if feed is None:
            return False
        audit.record("calendar.ended", by=by, subject=feed, organisation=organisation)
        feed.delete()
    return True


def access_feed(secret: str) -> CalendarFeed:
    """Return the calendar of this address. Raises NotFound for one that is ended, was never made, or whose person left."""
    feed = CalendarFeed.objects.select_related("user").filter(digest=token_digest(secret)).first()
    if feed is None or not feed.user.is_active:
        raise NotFound("calendar")
    return feed


def read_feed(feed: CalendarFeed) -> bytes:
    """Return the calendar in its person's language: trips that are not drafts, from a year back."""
    now = clock.now()
    if feed.read_at is None or feed.read_at < now - SEEN_EVERY:
        CalendarFeed.objects.filter(pk=feed.pk).update(read_at=now)
    since = now - LOOKS_BACK
    rows = trips_for(feed.user).exclude(state=Trip.State.DRAFT).filter(organisation__is_active=True)
    rows = rows.filter(Q(ends_at__isnull=True) | Q(ends_at__gte=since)).order_by("starts_at", "id")
    trips = list(rows)
    stops: dict[int, list[Stop]] = {trip.pk: [] for trip in trips}
    for house in {trip.organisation_id for trip in trips}:
        for stop in Stop.objects.for_org(house).filter(trip__in=trips).select_related("place", "to_place").order_by("seq"):
            stops[stop.trip_id].append(stop)
    found = [(trip, stops[trip.pk]) for trip in trips]
    with translation.override(feed.user.language):
        return calendar_of(found, name=_("My trips"))
