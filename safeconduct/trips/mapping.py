"""Where the reader's own trips take them, for the map of alerts: nobody else's, and none that is over."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from safeconduct.alerts.hooks import OwnPoint
from safeconduct.lib import clock
from safeconduct.lib.timewords import span_words
from safeconduct.orgs.access import seat_of
from safeconduct.trips.models import WATCHED, Stay

MOST = 60


def own_points(request: HttpRequest) -> list[OwnPoint]:
    """Return the stays of the reader's trips under way and ahead, soonest first; a country is no point."""
    seat = seat_of(request)
    if seat is None:
        return []
    now = clock.now()
    rows = (
        Stay.objects.for_org(seat.organisation)
        .filter(user_id=seat.user.pk, to_at__gte=now, certain=True, trip__state__in=WATCHED)
        .exclude(extent_kind=Stay.ExtentKind.COUNTRY)
        .select_related("trip")
        .order_by("from_at", "pk")[:MOST]
    )
    return [
        OwnPoint(
            lon=row.lon,
            lat=row.lat,
            label=row.label,
            when=span_words(row.from_at, row.to_at, row.zone, this_year=now.year),
            url=reverse("trips:detail", args=[row.trip.public_id]),
        )
        for row in rows
    ]
