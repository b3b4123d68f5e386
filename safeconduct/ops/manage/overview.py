"""The console's first page: who is where, which alerts touch whom, who was told."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from safeconduct.alerts.queries import texts
from safeconduct.lib import clock
from safeconduct.ops.manage import queries
from safeconduct.orgs.access import Seat, right_required, the_seat
from safeconduct.places.drawing import locator_svg
from safeconduct.trips.queries import Located
from safeconduct.trips.queries import who_is_where as travellers

# The whole world, cut in the Bering Strait.
WORLD = (-150.0, -50.0, 170.0, 70.0)
# With more places than this their names would cover each other: only the counts are written.
MOST_NAMED = 12


def moment(request: HttpRequest, seat: Seat) -> datetime:
    """Return noon of the day asked for, at the organisation; now when none or today is."""
    now, zone = clock.now(), ZoneInfo(seat.organisation.zone)
    try:
        day = parse_date(request.GET.get("on", ""))
    except ValueError:
        day = None
    if day is None or day == now.astimezone(zone).date() or abs(day - now.date()) > timedelta(days=3660):
        return now
    return datetime.combine(day, time(12), tzinfo=zone)


def world_map(located: list[Located]) -> str:
    """Return a map of the places where people are, with how many; empty when nobody is anywhere."""
    counts: Counter[tuple[float, float, str]] = Counter()
    for one in located:
        if one.stay is not None:
            counts[(round(one.stay.lon, 1), round(one.stay.lat, 1), one.label)] += 1
    if not counts:
        return ""
    named = len(counts) <= MOST_NAMED
    points = [(lon, lat, f"{label}: {n}" if named else str(n)) for (lon, lat, label), n in counts.items()]
    focus = sorted({one.country_code for one in located if one.country_code})
    return locator_svg(WORLD, title=_("Where people are, by itinerary"), focus=focus, points=points)


@require_safe
@right_required("trips.view")
def who_is_where(request: HttpRequest) -> HttpResponse:
    """Everybody abroad at the moment chosen, by country, with the alerts that touch them now."""
    seat = the_seat(request)
    at = moment(request, seat)
    located = travellers(seat, at)
    context = {
        "nav": "manage",
        "seat": seat,
        "at": at,
        "is_now": at == clock.now() or abs(at - clock.now()) < timedelta(minutes=1),
        "on": at.astimezone(ZoneInfo(seat.organisation.zone)).date(),
        "located": located,
        "people": len({one.user.pk for one in located}),
        "countries": len({one.country_code for one in located if one.country_code}),
        "map": world_map(located),
        "alerts": queries.touching_alerts(seat, get_language() or "en"),
    }
    return render(request, "ops/manage/overview.html", context)


@require_safe
@right_required("exposures.view")
def alert(request: HttpRequest, public_id: str) -> HttpResponse:
    """One alert: whom of the organisation it concerns, why, and whether they were told."""
    seat = the_seat(request)
    version, people = queries.concerned_people(seat, public_id)
    context = {
        "nav": "manage",
        "seat": seat,
        "version": version,
        "texts": texts(version, get_language() or "en"),
        "people": people,
        "open": [one for one in people if one.exposure.state == "open"],
        "told": [one for one in people if one.told_state == "sent"],
        "trouble": [one for one in people if one.told_state in ("failed", "unknown", "not_sent", "held")],
    }
    return render(request, "ops/manage/alert.html", context)
