"""Searching destinations: a page that works without script (`guides` puts it up), and suggestions for the field."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from safeconduct.places.factwords import people_words
from safeconduct.places.forms import SearchForm
from safeconduct.places.models import Place
from safeconduct.places.queries import PlaceHit, search

SUGGESTED = 8
LISTED = 30
# The page of one place belongs to a room above; without it names are shown without a link.
PLACE_PAGE = "guides:destination"


def _shown(hit: PlaceHit) -> dict[str, Any]:
    """A hit as page and script show it."""
    try:
        url = reverse(PLACE_PAGE, args=[hit.key])
    except NoReverseMatch:
        url = ""
    return {
        "key": hit.key,
        "kind": hit.kind,
        "kind_name": str(Place.Kind(hit.kind).label),
        "code": hit.code if hit.kind == Place.Kind.AIRPORT else "",
        "name": hit.name,
        "native_name": hit.native_name if hit.native_name != hit.name else "",
        "country_name": f"{hit.region}, {hit.country_name}" if hit.region else hit.country_name,
        # Tells cities of one name apart.
        "people": people_words(hit.population, get_language() or "en") if hit.kind == Place.Kind.CITY else "",
        "url": url,
    }


@login_required
@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """The form and what was found."""
    form = SearchForm(request.GET)
    query = form.cleaned_data["q"] if form.is_valid() else ""
    hits = search(query, lang=get_language() or "en", limit=LISTED)
    context = {"form": form, "query": query, "hits": [_shown(hit) for hit in hits]}
    return render(request, "places/search.html", context, status=200 if form.is_valid() else 400)


@login_required
@require_safe
def suggest(request: HttpRequest) -> JsonResponse:
    """The best few as JSON, for the field."""
    hits = search(request.GET.get("q", ""), lang=get_language() or "en", limit=SUGGESTED)
    response = JsonResponse(
        {"results": [_shown(hit) for hit in hits]}, json_dumps_params={"ensure_ascii": False}
    )
    response["Cache-Control"] = "private, max-age=300"
    return response
