"""The table and the map of alerts, and the permanent page of every version. For members; nothing is written here."""

from __future__ import annotations

import hashlib

from django.core.cache import cache
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.cache import get_conditional_response
from django.utils.text import compress_string
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from safeconduct.alerts import corrections, hooks, listing, mapdata, pages, queries
from safeconduct.alerts.forms import AlertFilter
from safeconduct.alerts.labels import CERTAINTIES, STATUSES, URGENCIES
from safeconduct.lib import clock
from safeconduct.orgs.access import reader_required
from safeconduct.places.queries import country_names
from safeconduct.places.worldmap import world_digest, world_svg

PAGE_SIZE = 50
CHOICES_SECONDS = 60
DRAWN = 200
"""Alerts on the map that needs no script, and rows of the table beneath it."""


def _form(request: HttpRequest, language: str) -> AlertFilter:
    """The filters; which countries and sources there are to choose from is a minute old at most."""

    def choices() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        names = country_names(queries.listed_countries(), language)
        return sorted(names.items(), key=lambda pair: pair[1]), listing.source_choices()

    countries, sources = cache.get_or_set(f"alerts:choices:{language}", choices, CHOICES_SECONDS) or choices()
    asked = request.GET.get("country", "")[:2]
    if asked and all(code != asked for code, _name in countries):
        # A country of which nobody has told anything: its page links here, and the honest answer is none.
        more = [*countries, *country_names({asked}, language).items()]
        countries = sorted(more, key=lambda pair: pair[1])
    return AlertFilter(request.GET or None, countries=countries, sources=sources)


@require_safe
@reader_required
def alert_list(request: HttpRequest) -> HttpResponse:
    """Alerts with filters, one row for each incident; what concerns the reader first."""
    language = get_language() or "en"
    form = _form(request, language)
    filters = form.filters()
    concerning = hooks.concerning_events(request)
    page = Paginator(listing.incidents(filters, concerning=concerning), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    keys = [row["event__incident"] for row in page.object_list]
    context = {
        "form": form,
        "rows": pages.lines(listing.rows_of(keys, filters, concerning=concerning), language),
        "page": page,
        "filters": filters,
        "nav": "alerts",
        "nav_exact": True,
    }
    return render(request, "alerts/list.html", context)


@require_safe
@reader_required
def alert_map(request: HttpRequest) -> HttpResponse:
    """Active alerts on a map of the world, and the same in a table. Script makes the map interactive."""
    language = get_language() or "en"
    form = _form(request, language)
    filters = form.map_filters()
    concerning = hooks.concerning_events(request)
    found = listing.incidents(filters, concerning=concerning)
    keys = [row["event__incident"] for row in found[:DRAWN]]
    rows = listing.rows_of(keys, filters, concerning=concerning)
    context = {
        "form": form,
        "rows": pages.lines(rows, language),
        "total": found.count() if len(keys) == DRAWN else len(rows),
        "most": mapdata.MOST,
        "map": world_svg(
            mapdata.marks(rows, language), title=str(pages.world_title()), sprite=static("web/icons.svg")
        ),
        "stops": hooks.points_of(request),
        "filters": filters,
        "world_digest": world_digest(),
        "nav": "alerts",
    }
    return render(request, "alerts/map.html", context)


@require_safe
@reader_required
def map_json(request: HttpRequest) -> HttpResponseBase:
    """The same as GeoJSON for the interactive map. For one reader: kept by no shared cache, asked again each time."""
    language = get_language() or "en"
    text = mapdata.collection(
        _form(request, language).map_filters(),
        language,
        concerning=hooks.concerning_events(request),
        points=hooks.points_of(request),
    )
    body = text.encode()
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(body, content_type="application/geo+json")
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            # A few bytes of chance: the length then says nothing of where the reader goes (Heal the BREACH).
            response = HttpResponse(
                compress_string(body, max_random_bytes=100),
                content_type="application/geo+json",
                headers={"Content-Encoding": "gzip"},
            )
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Encoding, Accept-Language, Cookie"
    return response


@require_safe
@reader_required
def alert_version(request: HttpRequest, public_id: str) -> HttpResponse:
    """One version, for ever at this address, with the history and sources of its event."""
    version = queries.version_page(public_id)
    language = get_language() or "en"
    effective = corrections.effective(version)
    names = country_names({*version.countries, *effective.countries}, language)
    countries = pages.joined_names(effective.countries, names)
    area_names = queries.area_names(version)
    context = {
        "version": version,
        "event": version.event,
        "successor": queries.successor(version),
        "source": version.event.source,
        "texts": queries.texts(version, language),
        "urgency": URGENCIES.get(version.urgency, version.urgency),
        "certainty": CERTAINTIES.get(version.certainty, version.certainty),
        "status": STATUSES.get(version.status, version.status),
        "countries": countries,
        "zone": pages.zone_of(version, effective.geometry),
        "area_names": area_names,
        "effective": effective,
        "correction": effective.correction,
        "unplaced": pages.unplaced_words(version),
        "map": pages.area_map(version, effective, ", ".join(area_names[:4]) or countries),
        "steps": pages.steps(queries.history(version.event), version, language),
        "tellers": pages.tellers(version, language),
        "why": hooks.why_lines(request, version),
        "delay": pages.delay_minutes(version.sent_at, version.received_at),
        "has_passed": version.event.is_active and version.ends_at <= clock.now(),
        "nav": "alerts",
    }
    return render(request, "alerts/version.html", context)
