"""Trips as others read them: the calendar address, and files of one's own trips."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from safeconduct.lib.errors import NotFound
from safeconduct.notify.addresses import absolute
from safeconduct.orgs.access import member_required, signed_in, the_seat
from safeconduct.trips.access import access_trip
from safeconduct.trips.exporting import FORMS, export_of, own_for_export
from safeconduct.trips.feeding import access_feed, end_feed, feed_of, make_feed, read_feed

CALENDAR_TYPE = "text/calendar; charset=utf-8"


@require_safe
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The trips of whoever made this address, for calendar programs. The address is the proof; it asks for no log-in."""
    try:
        answer = HttpResponse(read_feed(access_feed(token)), content_type=CALENDAR_TYPE)
        answer.headers["Content-Disposition"] = 'inline; filename="trips.ics"'
    except NotFound:
        # Not the page of the portal: its links would carry this address in their Referer.
        answer = HttpResponse(_("This calendar address is no longer valid."), status=404, content_type="text/plain")
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


@require_safe
@member_required
def files(request: HttpRequest) -> HttpResponse:
    """One's trips in a calendar program, and as files."""
    return _files_page(request)


@require_POST
@member_required
def calendar_make(request: HttpRequest) -> HttpResponse:
    """Make the address, or another one; it is shown in this answer and never again."""
    user = signed_in(request)
    secret = make_feed(user, by=user, organisation=the_seat(request).organisation)
    return _files_page(request, address=absolute(reverse("calendar:feed", args=[secret])))


@require_POST
@member_required
def calendar_end(request: HttpRequest) -> HttpResponseBase:
    """End the address."""
    user = signed_in(request)
    if end_feed(user, by=user, organisation=the_seat(request).organisation):
        messages.success(request, _("The calendar address is no longer valid."))
    return redirect("trips:files")


@require_safe
@member_required
def export(request: HttpRequest) -> HttpResponse:
    """All of one's trips in the organisation as a file."""
    seat = the_seat(request)
    return _file(request, "trips", export_of(_form(request), own_for_export(seat), with_names=True))


@require_safe
@member_required
def trip_export(request: HttpRequest, public_id: str) -> HttpResponse:
    """One of one's own trips as a file."""
    seat = the_seat(request)
    trip = access_trip(seat, public_id)
    rows = own_for_export(seat, only=trip)
    return _file(request, f"trip-{trip.public_id}", export_of(_form(request), rows, with_names=True))


def _form(request: HttpRequest) -> str:
    form = request.GET.get("as", "csv")
    if form not in FORMS:
        raise NotFound("form")
    return form


def _file(request: HttpRequest, name: str, data: bytes) -> HttpResponse:
    kind, ending = FORMS[_form(request)]
    answer = HttpResponse(data, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _files_page(request: HttpRequest, *, address: str = "") -> HttpResponse:
    context = {
        "nav": "trips", "seat": the_seat(request), "feed": feed_of(signed_in(request)), "address": address,
        "webcal": address.replace("https://", "webcal://", 1) if address.startswith("https://") else "",
    }  # fmt: skip
    response = render(request, "trips/files.html", context)
    response.headers["Referrer-Policy"] = "no-referrer" if address else "same-origin"
    return response
