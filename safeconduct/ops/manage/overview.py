"""The console's first page: who is where, which alerts touch whom, who was told."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from safeconduct.alerts.queries import texts
from safeconduct.lib import clock
from safeconduct.ops.manage import queries
from safeconduct.orgs.access import Seat, right_required, the_seat
from safeconduct.trips.queries import who_is_where as travellers


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
