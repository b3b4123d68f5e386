"""The organisation's trips, to read: changing one is its traveller's own."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from safeconduct.advice import pretrip
from safeconduct.advice.standing import not_acknowledged, standings
from safeconduct.audit.actions import record
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound
from safeconduct.ops.manage import queries
from safeconduct.orgs.access import Seat, right_required, signed_in, the_seat
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.trips.access import VIEW, access_trip
from safeconduct.trips.approvalqueries import history_of
from safeconduct.trips.companions import companions_of
from safeconduct.trips.exporting import FORMS, export_of, organisation_for_export
from safeconduct.trips.models import Trip
from safeconduct.trips.queries import (
    STATES,
    countries_of,
    counts_of_organisation,
    stops_of,
    trips_of_organisation,
    with_stops,
)
from safeconduct.trips.timeline import count_of, timeline


@require_safe
@right_required("trips.view")
def trip_list(request: HttpRequest) -> HttpResponse:
    """Trips by state, words, and whether their briefing was acknowledged."""
    seat, at = the_seat(request), clock.now()
    rows, state, words, is_unread = _listed(request, seat, at)
    counts = counts_of_organisation(the_seat(request))
    counted = with_stops(rows, seat.organisation).annotate(companion_count=Count("companions", distinct=True))
    page = Paginator(counted, 50).get_page(request.GET.get("page"))
    shown = [(trip, list(trip.stops.all())) for trip in page]
    briefed = standings(shown, at)
    lines = [(trip, stops, count_of(trip, stops, at), briefed[trip.pk]) for trip, stops in shown]
    context = {
        "nav": "manage_trips",
        "page": page,
        "lines": lines,
        "state": state,
        "words": words,
        "states": [(code, label, counts.get(code, 0)) for code, label in queries.TRIP_STATES],
        "is_unread": is_unread,
        "zone": seat.organisation.zone,
    }
    return render(request, "ops/manage/trips.html", context)


def _listed(
    request: HttpRequest, seat: Seat, at: datetime
) -> tuple[TenantQuerySet[Trip], str, str, bool]:
    """The trips that the page's filters leave, and these filters: state, words, whether the briefing is unread."""
    state, words = request.GET.get("state", ""), request.GET.get("q", "").strip()[:100]
    state = state if state in STATES else ""
    rows = trips_of_organisation(seat, state=state, words=words)
    is_unread = request.GET.get("briefing") == "open"
    return (not_acknowledged(rows, seat.organisation, at) if is_unread else rows), state, words, is_unread


@require_safe
@right_required("trips.view")
def trips_export(request: HttpRequest) -> HttpResponse:
    """The trips that the list shows, as CSV or JSON. It is written down who took how many, by which state."""
    seat, form = the_seat(request), request.GET.get("as", "csv")
    if form not in ("csv", "json"):
        raise NotFound("form")
    listed, state, words, is_unread = _listed(request, seat, clock.now())
    rows = organisation_for_export(listed, seat.organisation)
    kind, ending = FORMS[form]
    answer = HttpResponse(export_of(form, rows, with_names=False), content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="trips.{ending}"'
    # What was searched for may be a name: that there were words is enough.
    record(
        "trips.exported", by=signed_in(request), subject=seat.organisation, organisation=seat.organisation,
        detail={"trips": len(rows), "form": form, "state": state, "words": bool(words), "unread": is_unread},
    )  # fmt: skip
    return answer


@require_safe
@right_required("trips.view")
def trip(request: HttpRequest, public_id: str) -> HttpResponse:
    """One trip; looking at somebody's itinerary is written down."""
    seat = the_seat(request)
    row = access_trip(seat, public_id, VIEW)
    if row.user_id != signed_in(request).pk:
        record("trip.looked_at", by=signed_in(request), subject=row, organisation=seat.organisation)
    stops, at = stops_of(row), clock.now()
    history = history_of(row)
    context = {
        "nav": "manage_trips",
        "seat": seat,
        "history": history,
        "open_request": next((one.row for one in history if one.row.is_open), None),
        "trip": row,
        "companions": companions_of(row),
        "count": count_of(row, stops, at),
        "lines": timeline(stops, at, countries=countries_of(stops, get_language() or "en")),
        "exposures": queries.exposures_of_trip(seat, row),
        "briefed": standings([(row, stops)], at)[row.pk],
        "may_remind": pretrip.is_ahead(row, at),
    }
    return render(request, "ops/manage/trip.html", context)


@require_POST
@right_required("trips.view")
def trip_remind(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask a trip's person to read their briefing, by mail, once a day at most."""
    row = access_trip(the_seat(request), public_id, VIEW)
    if pretrip.remind(row, by=signed_in(request)):
        messages.success(request, _("The reminder waits to be sent."))
    else:
        messages.info(request, _("They were reminded today already."))
    return redirect("ops:manage_trip", row.public_id)
