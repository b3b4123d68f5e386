"""Entry and health requirements of a journey, and the same as the COVID trip planner. Nothing that is asked is kept.

The form is posted, so that neither passport nor purpose stands in an address, a log or a browser's history.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from safeconduct.advice import words
from safeconduct.advice.answers import Journey
from safeconduct.advice.countries import code_of
from safeconduct.advice.forms import MOST_LEGS, JourneyForm
from safeconduct.advice.kinds import BY_CODE, HEALTH, KINDS
from safeconduct.advice.queries import diseases_asked, report_of
from safeconduct.lib import clock
from safeconduct.orgs.access import organisation_of, reader_required

METHODS = ["GET", "HEAD", "POST"]
HEALTH_KINDS = frozenset(kind.code for kind in KINDS if kind.group == HEALTH)


@sensitive_post_parameters()
@require_http_methods(METHODS)
@reader_required
def entry(request: HttpRequest) -> HttpResponse:
    """Every requirement."""
    return _page(request, frozenset(BY_CODE), is_health=False)


@sensitive_post_parameters()
@require_http_methods(METHODS)
@reader_required
def planner(request: HttpRequest) -> HttpResponse:
    """Tests, vaccinations, isolation and restrictions, of COVID-19 or any later disease."""
    return _page(request, HEALTH_KINDS, is_health=True)


def _page(request: HttpRequest, kinds: frozenset[str], *, is_health: bool) -> HttpResponse:
    form = _form(request)
    context: dict[str, Any] = {"form": form, "is_health": is_health, "can_add": form.count < MOST_LEGS, "now": clock.now()}
    if form.is_bound and form.is_valid():
        context |= _answers(form.journey(), kinds)
    return render(request, "advice/entry.html", context)


def _form(request: HttpRequest) -> JourneyForm:
    """The form as it was posted; unbound when another destination is only to be added."""
    diseases = diseases_asked()
    if request.method != "POST":
        organisation = organisation_of(request)
        home = organisation.home_country if organisation is not None else ""
        return JourneyForm(
            initial={"departure": home, "to0": code_of(request.GET.get("to", "")[:2])}, diseases=diseases
        )
    asked = request.POST.get("legs", "")
    legs = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 3 else 1
    if "more" in request.POST:
        return JourneyForm(initial=request.POST.dict(), legs=legs + 1, diseases=diseases)
    return JourneyForm(request.POST, legs=legs, diseases=diseases)


def _answers(journey: Journey, kinds: frozenset[str]) -> dict[str, Any]:
    lang = get_language() or "en"
    reports = report_of(journey, lang=lang, kinds=kinds)
    names = words.names_for(journey, reports, lang)
    stops = [words.view_of(report, names) for report in reports]
    return {
        "stops": stops,
        "departure": names.of(journey.departure),
        "passports": [names.of(code) for code in journey.passports],
    }
