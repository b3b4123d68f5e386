"""What an organisation itself thinks of destinations: its members see it beside the general rating."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from safeconduct.guides import keeping
from safeconduct.lib.errors import NotFound
from safeconduct.ops.forms import attempt
from safeconduct.ops.ratingforms import FIELDS, EndForm, ValueForm
from safeconduct.orgs.access import Seat, right_required, signed_in, the_seat
from safeconduct.places.queries import country_names, place_by_key
from safeconduct.ratings import actions
from safeconduct.ratings.listing import lines
from safeconduct.ratings.models import Kind
from safeconduct.ratings.queries import explained, own_history_of

RIGHT = "ratings.own"
PAGE = 50


@require_safe
@right_required(RIGHT)
def own_ratings(request: HttpRequest) -> HttpResponse:
    """Destinations with an own rating, or those that somebody searches."""
    seat = the_seat(request)
    text = request.GET.get("q", "").strip()[:60]
    every = lines(get_language() or "en", organisation=seat.organisation)
    if text:
        found = [
            line
            for line in every
            if text.casefold() in line.name.casefold() or text.casefold() == line.code.casefold()
        ]
    else:
        found = [line for line in every if any(cell.own for cell in line.cells)]
    context = {
        "nav": "own_ratings",
        "organisation": seat.organisation,
        "words": text,
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "ops/manage/ratings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@right_required(RIGHT)
def own_rating(request: HttpRequest, code: str, kind: str) -> HttpResponseBase:
    """The organisation's rating of one destination: say it, change it, take it back."""
    if kind not in Kind.values:
        raise NotFound("rating")
    seat, place = the_seat(request), place_by_key(f"iso:{code.upper()}")
    do = request.POST.get("do", "")
    form = ValueForm(request.POST if do == "rate" else None, kind=kind)
    end_form = EndForm(request.POST if do == "end" else None, prefix="end")
    if form.is_bound and form.is_valid() and attempt(
        form, lambda: _rate(request, seat, place.country_code, kind, **form.cleaned_data), FIELDS
    ):  # fmt: skip
        messages.success(request, _("Saved. Members see it at once; those with a trip there are told."))
        return redirect("ops:own_rating", code=place.country_code, kind=kind)
    if end_form.is_bound and end_form.is_valid():
        _rate(request, seat, place.country_code, kind, value="", **end_form.cleaned_data)
        messages.success(request, _("Taken back. Members with a trip there are told."))
        return redirect("ops:own_rating", code=place.country_code, kind=kind)
    context = {
        "nav": "own_ratings",
        "organisation": seat.organisation,
        "place": place,
        "name": country_names({place.country_code}, get_language() or "en").get(
            place.country_code, place.name
        ),
        "rating": {row.kind: row for row in explained(place.country_code, seat.organisation)}[kind],
        "form": form,
        "end_form": end_form,
        "history": own_history_of(seat.organisation, place.country_code, kind),
    }
    return render(request, "ops/manage/rating.html", context)


def _rate(request: HttpRequest, seat: Seat, code: str, kind: str, *, value: str, reason: str) -> bool:
    actions.rate_for_organisation(
        seat.organisation, code, kind, value=value, reason=reason, by=signed_in(request)
    )
    keeping.forget()
    return True
