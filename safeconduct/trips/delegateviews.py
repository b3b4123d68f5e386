"""Delegates: who may enter trips for me, for whom I may, and the trips that I entered for others."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.access import member_required, require_current, signed_in, the_seat
from safeconduct.places.models import Place
from safeconduct.trips.delegating import (
    access_delegation,
    access_entered,
    access_own_delegation,
    cancel_entered,
    change_entered,
    delegates_of,
    delegations_to,
    end_delegation,
    enter_trip,
    entered_trips,
    is_as_entered,
    name_delegate,
)
from safeconduct.trips.drafts import settled_stops
from safeconduct.trips.itinerary import Itinerary, oddities
from safeconduct.trips.models import Delegation, Stop, Trip
from safeconduct.trips.queries import stops_of
from safeconduct.trips.timeline import count_of, timeline
from safeconduct.trips.views import suggest_url
from safeconduct.trips.writing import draft_of, new_stop

METHODS = ["GET", "HEAD", "POST"]


class DelegateForm(forms.Form):
    """Who may enter trips for me."""

    address = forms.EmailField(
        label=gettext_lazy("Their e-mail address"),
        help_text=gettext_lazy("A member of your organisation. They see the trips that they enter for you, and nothing else."),
    )


class TravellerForm(forms.Form):
    """Whose trip it is, where there is no account."""

    address = forms.EmailField(
        label=gettext_lazy("Traveller’s e-mail address"),
        help_text=gettext_lazy("For people without an account here. Warnings go to this address."),
    )
    given_name = forms.CharField(label=gettext_lazy("Given name"), max_length=150, required=False)
    family_name = forms.CharField(label=gettext_lazy("Family name"), max_length=150, required=False)


@require_http_methods(METHODS)
@member_required
def delegates(request: HttpRequest) -> HttpResponseBase:
    """Both sides: my delegates, and those whose delegate I am, with the trips I entered."""
    seat = the_seat(request)
    form = DelegateForm(request.POST or None)
    if request.method == "POST":
        require_current(seat)
        if form.is_valid():
            try:
                row = name_delegate(
                    seat.organisation, traveller=seat.user, address=form.cleaned_data["address"], by=signed_in(request)
                )
            except Refused as refused:
                form.add_error("address", refused.text)
            else:
                messages.success(request, _("%(name)s may enter trips for you now.") % {"name": row.delegate.name})
                return redirect("trips:delegates")
    context = {
        "nav": "trips", "seat": seat, "form": form, "mine": delegates_of(seat), "others": delegations_to(seat),
        "entered": entered_trips(seat)[:100],
    }  # fmt: skip
    return render(request, "trips/delegates.html", context)


@require_POST
@member_required
def delegate_end(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """End a delegation: either side may."""
    end_delegation(access_delegation(the_seat(request), public_id), by=signed_in(request))
    messages.success(request, _("The delegation is ended."))
    return redirect("trips:delegates")


@require_http_methods(METHODS)
@member_required
def entered_new(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Enter a trip for somebody."""
    seat = the_seat(request)
    row = access_own_delegation(seat, public_id)
    lang = get_language() or "en"
    if request.method != "POST":
        return _form(request, Itinerary.blank(lang), row=row, traveller=TravellerForm() if row.user is None else None)
    form = Itinerary.posted(request.POST, lang)
    traveller = None
    if row.user is None:
        traveller = TravellerForm(request.POST) if form.is_bound else TravellerForm(initial=request.POST.dict())
    ready = form.settled() if form.is_bound else None
    if ready is None or (traveller is not None and not traveller.is_valid()):
        return _form(request, form, row=row, traveller=traveller)
    drafts, settled = ready
    try:
        trip = enter_trip(
            seat, row, title=form.title, stops=drafts, form_token=form.token,
            **(traveller.cleaned_data if traveller is not None else {}),
        )  # fmt: skip
    except Refused as refused:
        if traveller is not None and refused.code.startswith("address."):
            traveller.add_error("address", refused.text)
        else:
            form.refuse(refused)
        return _form(request, form, row=row, traveller=traveller)
    messages.success(request, _("The trip is entered. Its traveller is told and is warned from now on."))
    for note in oddities(settled):
        messages.warning(request, note)
    return redirect("trips:entered", trip.public_id)


@require_safe
@member_required
def entered(request: HttpRequest, public_id: str) -> HttpResponse:
    """A trip as I entered it for somebody."""
    trip = access_entered(the_seat(request), public_id)
    now, at = stops_of(trip), clock.now()
    is_mine = is_as_entered(trip, now)
    stops = now if is_mine else _as_entered(trip)
    context = {
        "nav": "trips", "trip": trip, "title": trip.came_as.get("title", ""), "is_mine": is_mine,
        "count": count_of(trip, now, at) if is_mine else None, "lines": timeline(stops, at),
    }  # fmt: skip
    return render(request, "trips/entered.html", context)


@require_http_methods(METHODS)
@member_required
def entered_change(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Change a trip that I entered, as long as its traveller has not."""
    seat = the_seat(request)
    trip = access_entered(seat, public_id)
    stops, lang = stops_of(trip), get_language() or "en"
    if trip.is_cancelled or not is_as_entered(trip, stops):
        raise Refused("delegate.changed", _("The traveller has changed this trip since. It is theirs to change now."))
    if request.method != "POST":
        return _form(request, Itinerary.of_trip(trip, stops, lang), trip=trip)
    form = Itinerary.posted(request.POST, lang)
    ready = form.settled() if form.is_bound else None
    if ready is None:
        return _form(request, form, trip=trip)
    try:
        change_entered(seat, trip, title=form.title, stops=ready[0], revision=form.revision or None)
    except Refused as refused:
        form.refuse(refused)
        return _form(request, form, trip=trip)
    messages.success(request, _("The trip is changed. Its traveller is told."))
    return redirect("trips:entered", public_id)


@require_POST
@member_required
def entered_cancel(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Cancel a trip that I entered, as long as its traveller has not changed it."""
    seat = the_seat(request)
    cancel_entered(seat, access_entered(seat, public_id))
    messages.success(request, _("The trip is cancelled. Its traveller is told."))
    return redirect("trips:entered", public_id)


def _as_entered(trip: Trip) -> Sequence[Stop]:
    """What I entered, though its traveller has made something else of it."""
    said = trip.came_as["stops"]
    keys = {one[name] for one in said for name in ("place_id", "to_place_id") if one[name]}
    places = Place.objects.in_bulk(keys)
    bare = Trip(organisation_id=trip.organisation_id)
    settled = settled_stops([draft_of(one, places) for one in said])
    return [new_stop(bare, one, seq) for seq, one in enumerate(settled)]


def _form(
    request: HttpRequest, form: Itinerary, *, row: Delegation | None = None, trip: Trip | None = None,
    traveller: TravellerForm | None = None,
) -> HttpResponse:  # fmt: skip
    context = {
        "nav": "trips", "form": form, "row": row, "trip": trip, "traveller": traveller, "faults": form.faults(),
        "suggest_url": suggest_url(), "who": trip.user if trip else row.user if row else None,
    }  # fmt: skip
    return render(request, "trips/entered_form.html", context)
