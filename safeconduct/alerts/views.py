"""The table of alerts and the permanent page of every version. For members; nothing is written here."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from safeconduct.alerts import hooks, pages, queries
from safeconduct.alerts.forms import AlertFilter
from safeconduct.alerts.labels import CERTAINTIES, STATUSES, URGENCIES
from safeconduct.lib import clock
from safeconduct.orgs.access import member_required
from safeconduct.places.queries import country_names

PAGE_SIZE = 50


@require_safe
@member_required
def alert_list(request: HttpRequest) -> HttpResponse:
    """Alerts with filters; what concerns the reader first."""
    language = get_language() or "en"
    names = country_names(queries.listed_countries(), language)
    form = AlertFilter(request.GET or None, countries=sorted(names.items(), key=lambda pair: pair[1]))
    is_active = form.value("show") != "all"
    versions = queries.listed(
        active=is_active, severity=form.value("severity"), country=form.value("country"), now=clock.now()
    )
    concerning = hooks.concerning_keys(request, versions)
    versions.sort(key=lambda version: version.pk not in concerning)
    page = Paginator(versions, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "rows": pages.lines(list(page.object_list), concerning, language),
        "page": page,
        "is_active": is_active,
        "nav": "alerts",
        "nav_exact": True,
    }
    return render(request, "alerts/list.html", context)


@require_safe
@member_required
def alert_version(request: HttpRequest, public_id: str) -> HttpResponse:
    """One version, for ever at this address, with the history and sources of its event."""
    version = queries.version_page(public_id)
    language = get_language() or "en"
    names = country_names(set(version.countries), language)
    countries = pages.joined_names(version, names)
    area_label = ", ".join(version.area_names[:4]) or countries
    context = {
        "version": version,
        "event": version.event,
        "source": version.event.source,
        "texts": queries.texts(version, language),
        "urgency": URGENCIES.get(version.urgency, version.urgency),
        "certainty": CERTAINTIES.get(version.certainty, version.certainty),
        "status": STATUSES.get(version.status, version.status),
        "countries": countries,
        "zone": pages.zone_of(version),
        "map": pages.area_map(version, area_label),
        "steps": pages.steps(queries.history(version.event), version, language),
        "why": hooks.why_lines(request, version),
        "delay": pages.delay_minutes(version.sent_at, version.received_at),
        "has_passed": version.event.is_active and version.ends_at <= clock.now(),
        "nav": "alerts",
    }
    return render(request, "alerts/version.html", context)
