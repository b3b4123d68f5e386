"""Searching destinations: a page that works without script (`guides` puts it up), and suggestions for the field.

Also the shapes that the interactive map draws: public, the same for everybody.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from safeconduct.places.factwords import people_words
from safeconduct.places.folding import fold
from safeconduct.places.forms import SearchForm
from safeconduct.places.models import Place
from safeconduct.places.queries import PlaceHit, find
from safeconduct.places.worldmap import world_json

SUGGESTED = 8
LISTED = 30
# The page of one place belongs to a room above; without it names are shown without a link.
PLACE_PAGE = "guides:destination"


YEAR_SECONDS = 31_536_000


def _shown(hit: PlaceHit, typed: str) -> dict[str, Any]:
    """A hit as page and script show it; `typed` is the folded text that found it."""
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
        "called": _called(hit, typed),
        "people": people_words(hit.population, get_language() or "en") if hit.kind == Place.Kind.CITY else "",
        "url": url,
    }


def _called(hit: PlaceHit, typed: str) -> str:
    """The name by which it was found, where none of those that are shown tells why it is here."""
    shown = {fold(hit.name), fold(hit.native_name), hit.code.lower()}
    if any(name.startswith(typed) or f" {typed}" in name for name in shown):
        return ""
    return next((name for name in hit.names if len(name) > 3 and fold(name).startswith(typed)), "")


@login_required
@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """The form and what was found."""
    form = SearchForm(request.GET)
    query = form.cleaned_data["q"] if form.is_valid() else ""
    found = find(query, lang=get_language() or "en", limit=LISTED)
    typed = fold(found.understood or query)
    context = {
        "form": form,
        "query": query,
        "understood": found.understood,
        "hits": [_shown(hit, typed) for hit in found.hits],
    }
    return render(request, "places/search.html", context, status=200 if form.is_valid() else 400)


@login_required
@require_safe
def suggest(request: HttpRequest) -> JsonResponse:
    """The best few as JSON, for the field."""
    query = request.GET.get("q", "")
    found = find(query, lang=get_language() or "en", limit=SUGGESTED)
    typed = fold(found.understood or query)
    results = [_shown(hit, typed) for hit in found.hits]
    response = JsonResponse(
        {"results": results, "understood": found.understood}, json_dumps_params={"ensure_ascii": False}
    )
    response["Cache-Control"] = "private, max-age=300"
    return response


@require_safe
def world_shapes(request: HttpRequest, digest: str) -> HttpResponse:
    """The land as GeoJSON. Its address names its contents: kept for a year; an older address gets today's shapes."""
    shapes = world_json()
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(
            shapes.packed, content_type="application/geo+json", headers={"Content-Encoding": "gzip"}
        )
    else:
        response = HttpResponse(shapes.body, content_type="application/geo+json")
    is_named = digest == shapes.digest
    response["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable" if is_named else "no-cache"
    response["Vary"] = "Accept-Encoding"
    return response
