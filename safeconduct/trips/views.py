"""A member's trips: list, register, look at, change, cancel, e-mail on and off."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.access import Seat, member_required, signed_in, the_seat
from safeconduct.trips.access import access_trip
from safeconduct.trips.actions import (
    cancel_trip,
    change_trip,
    delete_draft,
    mute_mail,
    register_trip,
    unmute_mail,
)
from safeconduct.trips.approvalqueries import history_of
from safeconduct.trips.approving import ask_again
from safeconduct.trips.companions import companions_of
from safeconduct.trips.hooks import concerns_of, own_bookings_of, own_briefing_of
from safeconduct.trips.itinerary import Itinerary, oddities
from safeconduct.trips.models import Trip
from safeconduct.trips.queries import countries_of, own_trips, stops_of
from safeconduct.trips.timeline import count_of, remarks_of, timeline
from safeconduct.trips.whereabouts import Gap

FORM_METHODS = ["GET", "HEAD", "POST"]


@require_safe
@member_required
def trip_list(request: HttpRequest) -> HttpResponse:
    """One's own trips: under way, ahead, past."""
    seat = the_seat(request)
    cards = own_trips(seat)
    groups = {name: [card for card in cards if card.count.progress == name] for name in ("under_way", "ahead")}
    groups["drafts"] = [card for card in cards if card.count.progress == "draft"]
    over = [card for card in reversed(cards) if card.count.progress in ("past", "cancelled")]
    context = {"nav": "trips", "seat": seat, "any": bool(cards), "over": over, **groups}
    return render(request, "trips/list.html", context)


@require_http_methods(FORM_METHODS)
@member_required
def trip_new(request: HttpRequest) -> HttpResponse:
    """Register a trip. Works with plain submit buttons."""
    seat = the_current_seat(the_seat(request))
    lang = get_language() or "en"
    if request.method != "POST":
        return _form(request, Itinerary.blank(lang))
    form = Itinerary.posted(request.POST, lang)
    ready = form.settled() if form.is_bound else None
    if ready is None:
        return _form(request, form)
    drafts, settled = ready
    try:
        trip = register_trip(
            seat, title=form.title, stops=drafts, by=signed_in(request), form_token=form.token,
            as_draft=_is_for_later(request),
        )  # fmt: skip
    except Refused as refused:
        form.refuse(refused)
        return _form(request, form)
    _tell(request, _registered_words(trip), oddities(settled))
    return redirect("trips:detail", trip.public_id)


def _is_for_later(request: HttpRequest) -> bool:
    return request.POST.get("do") == "draft"


def _registered_words(trip: Trip) -> str:
    if trip.is_draft:
        return _("Saved as a draft. Nobody else sees it until you register it.")
    if trip.state == Trip.State.AWAITING:
        return _("The trip awaits approval. Alerts that concern it reach you from now on.")
    return _("The trip is registered. Alerts that concern it reach you from now on.")


@require_safe
@member_required
def trip_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """A trip's timeline, what is odd about it and what concerns it."""
    seat = the_seat(request)
    trip = access_trip(seat, public_id)
    stops, at = stops_of(trip), clock.now()
    history = history_of(trip)
    open_end = trip.stays.filter(is_open_end=True).order_by("-to_at").first()
    context = {
        "nav": "trips", "seat": seat, "trip": trip, "lines": timeline(stops, at, countries=countries_of(stops, get_language() or "en")),
        "count": count_of(trip, stops, at), "concerns": concerns_of(seat, trip) if trip.is_watched else [],
        "history": history, "latest": history[0] if history else None, "open_end": open_end, "stop_count": len(stops),
        "companions": companions_of(trip),
        "briefing": own_briefing_of(seat, trip) if not trip.is_cancelled else None,
        "bookings": own_bookings_of(seat, trip),
    }  # fmt: skip
    return render(request, "trips/detail.html", context)


@require_http_methods(FORM_METHODS)
@member_required
def trip_change(request: HttpRequest, public_id: str) -> HttpResponse:
    """Change name and stops of one's own trip."""
    trip = access_trip(the_seat(request), public_id)
    if trip.is_cancelled:
        raise Refused("trip.cancelled", _("This trip was cancelled. Register a new one."))
    lang = get_language() or "en"
    if request.method != "POST":
        return _form(request, _change_form(trip, lang, after=request.GET.get("after", "")), trip)
    form = Itinerary.posted(request.POST, lang)
    ready = form.settled() if form.is_bound else None
    if ready is None:
        return _form(request, form, trip)
    drafts, settled = ready
    was = trip.state
    try:
        trip = change_trip(
            trip, title=form.title, stops=drafts, by=signed_in(request), revision=form.revision or None,
            registers=not _is_for_later(request),
        )  # fmt: skip
    except Refused as refused:
        form.refuse(refused)
        return _form(request, form, trip)
    if was == Trip.State.DRAFT or (trip.state == Trip.State.AWAITING and was != trip.state):
        _tell(request, _registered_words(trip), oddities(settled))
    else:
        _tell(request, _("The trip is changed. Alerts are matched against it anew."), oddities(settled))
    return redirect("trips:detail", trip.public_id)


@require_http_methods(FORM_METHODS)
@member_required
def trip_cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask, then cancel one's own trip."""
    trip = access_trip(the_seat(request), public_id)
    if request.method != "POST":
        stops = stops_of(trip)
        context = {"nav": "trips", "trip": trip, "count": count_of(trip, stops, clock.now())}
        return render(request, "trips/cancel.html", context)
    cancel_trip(trip, by=signed_in(request))
    messages.success(request, _("The trip is cancelled. No further alerts are matched against it."))
    return redirect("trips:detail", trip.public_id)


@require_POST
@member_required
def trip_delete_draft(request: HttpRequest, public_id: str) -> HttpResponse:
    """Delete one's own draft."""
    delete_draft(access_trip(the_seat(request), public_id))
    messages.success(request, _("The draft is deleted."))
    return redirect("trips:list")


@require_POST
@member_required
def trip_ask_again(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put one's own refused trip before an approver once more."""
    trip = ask_again(access_trip(the_seat(request), public_id), by=signed_in(request))
    messages.success(request, _registered_words(trip))
    return redirect("trips:detail", trip.public_id)


@require_POST
@member_required
def trip_mail(request: HttpRequest, public_id: str) -> HttpResponse:
    """Switch e-mail about one trip off or on; the portal keeps showing what concerns it."""
    trip = access_trip(the_seat(request), public_id)
    if request.POST.get("mail") == "on":
        unmute_mail(trip, by=signed_in(request))
        messages.success(request, _("Alerts about this trip come by e-mail again."))
    else:
        mute_mail(trip, by=signed_in(request))
        messages.success(request, _("No more e-mail about this trip. The portal keeps showing what concerns it."))
    return redirect("trips:detail", trip.public_id)


def _form(request: HttpRequest, form: Itinerary, trip: Trip | None = None) -> HttpResponse:
    faults = form.faults()
    context = {"nav": "trips", "form": form, "faults": faults, "trip": trip, "suggest_url": suggest_url()}
    return render(request, "trips/form.html", context)


def _change_form(trip: Trip, lang: str, *, after: str) -> Itinerary:
    """The form of a stored trip; with a row more for the gap after a stop, when asked for it."""
    stops = stops_of(trip)
    form = Itinerary.of_trip(trip, stops, lang)
    for remark in remarks_of(stops):
        if isinstance(remark, Gap) and stops[remark.after].public_id == after:
            form.add_stay(remark, stops)
    return form


def the_current_seat(seat: Seat) -> Seat:
    """Return the seat. Raises Refused when the membership has ended: new trips are for members."""
    if not seat.is_current:
        raise Refused(
            "membership.ended", _("Your membership has ended. Trips under way are still watched until they end.")
        )
    return seat


def suggest_url() -> str:
    """Return where suggestions for places come from, empty when this site has none."""
    try:
        return reverse("places:suggest")
    except NoReverseMatch:
        return ""


def _tell(request: HttpRequest, done: str, notes: list[str]) -> None:
    messages.success(request, done)
    for note in notes:
        messages.warning(request, note)
