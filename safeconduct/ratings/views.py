"""How a rating came about, for members."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from safeconduct.orgs.access import organisation_of, reader_required
from safeconduct.places.queries import country_names, place_by_key
from safeconduct.ratings import formula
from safeconduct.ratings.models import Kind
from safeconduct.ratings.queries import explained, history_of, input_lines, left_out_lines


@reader_required
@require_safe
def rating(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """One rating of a country: every input, overrides, the organisation's own, and every value that it had."""
    if kind not in Kind.values:
        raise Http404
    place = place_by_key(f"iso:{code.upper()}")
    found = {row.kind: row for row in explained(place.country_code, organisation_of(request))}[kind]
    name = country_names({place.country_code}, get_language() or "en").get(place.country_code, place.name)
    context = {
        "place": place,
        "name": name,
        "rating": found,
        "inputs": input_lines(found),
        "left_out": left_out_lines(place.country_code, kind),
        "version": formula.VERSION,
        "history": history_of(place.country_code, kind),
    }
    return render(request, "ratings/rating.html", context)
