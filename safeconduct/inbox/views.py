"""My bookings: what was handed in, what came of it, and what needs its traveller."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from safeconduct.accounts import limits
from safeconduct.inbox import receiving
from safeconduct.inbox.access import access_booking, access_letter
from safeconduct.inbox.confirming import accept, confirm, dismiss
from safeconduct.inbox.forms import HandInForm
from safeconduct.inbox.keeping import reservation_of
from safeconduct.inbox.models import Booking, Letter
from safeconduct.inbox.queries import booking_line, letter_line, own_bookings, own_letter_lines, waiting_in
from safeconduct.inbox.receiving import bookings_of
from safeconduct.inbox.roadsettings import authserv, forward_address
from safeconduct.inbox.stops import blank_row_of
from safeconduct.inbox.words import change_text, problem_text
from safeconduct.lib.errors import Refused
from safeconduct.orgs.access import Seat, member_required, require_current, signed_in, the_seat
from safeconduct.trips.bookingviews import READINGS
from safeconduct.trips.frombooking import Row
from safeconduct.trips.itinerary import Itinerary
from safeconduct.trips.views import FORM_METHODS, suggest_url


@require_http_methods(FORM_METHODS)
@member_required
def booking_list(request: HttpRequest) -> HttpResponseBase:
    """One's own bookings and documents; POST hands a document in."""
    seat = the_seat(request)
    form = HandInForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        require_current(seat)
        if limits.take(READINGS, str(seat.user.pk)).is_allowed:
            return _hand_in(request, seat, form)
        form.add_error(None, _("These were many documents. Wait an hour, or type the trip in."))
    context = {
        "nav": "trips", "seat": seat, "form": form, "bookings": own_bookings(seat), "letters": own_letter_lines(seat),
        "address": forward_address(), "is_vouched": bool(authserv()),
    }  # fmt: skip
    return render(request, "inbox/list.html", context)


def _hand_in(request: HttpRequest, seat: Seat, form: HandInForm) -> HttpResponseBase:
    file = form.cleaned_data["file"]
    data: bytes = file.read() if file else form.cleaned_data["text"].encode()
    # Who is signed in and hands it in here has said that it is theirs.
    letter, is_new = receiving.take_in(
        data, road=Letter.Road.UPLOAD if file else Letter.Road.PASTE, user=seat.user, organisation=seat.organisation,
        is_proved=True,
    )  # fmt: skip
    if not is_new:
        messages.info(request, _("This document was handed in before. Here is what came of it."))
        return redirect("inbox:letter", letter.public_id)
    reader = receiving.Reader()
    try:
        # The worker would do it as well; whoever waits sees it at once.
        receiving.work(1, read=reader, only=letter)
    finally:
        reader.close()
    return redirect("inbox:letter", letter.public_id)


@require_http_methods(FORM_METHODS)
@member_required
def letter_page(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """One document: what it did, and its bookings that wait as the form of a trip."""
    seat = the_seat(request)
    letter = access_letter(seat, public_id)
    lang = get_language() or "en"
    waiting = waiting_in(letter, seat)
    if request.method != "POST":
        return _show(request, seat, letter, waiting, _form_of(waiting, lang))
    form = Itinerary.posted(request.POST, lang)
    ready = form.settled() if form.is_bound else None
    if ready is None:
        return _show(request, seat, letter, waiting, form)
    try:
        trip = confirm(seat, letter, title=form.title, stops=ready[0], by=signed_in(request))
    except Refused as refused:
        form.refuse(refused)
        return _show(request, seat, letter, waiting, form)
    messages.success(request, _("Entered. Alerts that concern it reach you from now on."))
    return redirect("trips:detail", trip.public_id)


def _form_of(waiting: list[Booking], lang: str) -> Itinerary | None:
    rows = []
    for booking in waiting:
        row = blank_row_of(reservation_of(booking.offered["reservation"]))
        if row is not None:
            rows.append(Row({**row.values, "public_id": booking.public_id}, row.is_leg, row.doubts))
    return Itinerary.of_rows(rows, lang) if rows else None


def _show(
    request: HttpRequest, seat: Seat, letter: Letter, waiting: list[Booking], form: Itinerary | None
) -> HttpResponse:
    shown = bookings_of(letter).values()
    doubts = []
    for number, row in enumerate(form.rows if form else [], 1):
        booking = next((one for one in waiting if one.public_id == row.raw("public_id")), None)
        if booking is not None:
            one = reservation_of(booking.offered["reservation"])
            doubts += [(number, problem_text(problem)) for problem in one.problems]
    context: dict[str, Any] = {
        "nav": "trips", "seat": seat, "letter": letter, "line": letter_line(letter, seat), "form": form,
        "faults": form.faults() if form else [], "doubts": list(dict.fromkeys(doubts)), "suggest_url": suggest_url(),
        "asked": [booking_line(row) for row in shown if row.offered.get("action") in ("change", "cancel")],
        "formless": [booking_line(row) for row in waiting if form is None],
        "in_trips": [line for row in shown if (line := booking_line(row)).trip_url],
        "waiting": [booking_line(row) for row in waiting], "trip": None,
    }  # fmt: skip
    return render(request, "inbox/letter.html", context)


@require_POST
@member_required
def letter_choose(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Say that a document is for the organisation one sits in now, and read it for that."""
    seat = the_seat(request)
    require_current(seat)
    letter = access_letter(seat, public_id)
    if letter.organisation_id is None:
        receiving.read_again(letter, organisation=seat.organisation)
        reader = receiving.Reader()
        try:
            receiving.work(1, read=reader, only=letter)
        finally:
            reader.close()
    return redirect("inbox:letter", letter.public_id)


@require_POST
@member_required
def booking_accept(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Let a change or a cancellation that waits happen."""
    seat = the_seat(request)
    booking = access_booking(seat, public_id)
    messages.success(request, change_text(accept(seat, booking, by=signed_in(request), shown=request.POST.get("shown", ""))))
    return redirect("inbox:list")


@require_POST
@member_required
def booking_dismiss(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Leave a booking as it is."""
    seat = the_seat(request)
    booking = access_booking(seat, public_id)
    dismiss(seat, booking, by=signed_in(request))
    messages.success(request, _("Left as it is."))
    return redirect("inbox:list")
