"""Pages of the shell: landing and portal home, legal texts, language and appearance, offline.

Shows what the rooms below answer; it decides nothing and owns no rows.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_http_methods, require_safe

from safeconduct.accounts.actions import change_details
from safeconduct.accounts.models import User
from safeconduct.accounts.views import own_page
from safeconduct.feeds.models import Source
from safeconduct.orgs.access import member_required, seat_of, the_seat
from safeconduct.places.models import FactSource
from safeconduct.web import home as home_page
from safeconduct.web import legal_texts
from safeconduct.web.context import THEME_COOKIE, THEMES
from safeconduct.web.errors import bad_request, forbidden, not_found, server_error

handler400, handler403, handler404, handler500 = bad_request, forbidden, not_found, server_error

SERVICE_WORKER = Path(__file__).resolve().parent / "static" / "web" / "js" / "service-worker.js"
YEAR_SECONDS = 60 * 60 * 24 * 365


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """The landing page for strangers, the portal home for members; `?membnum=` leads on to the number."""
    if request.GET.get("membnum"):
        query = urlencode({"membnum": request.GET["membnum"][:64]})
        return redirect(f"{reverse('orgs:membership')}?{query}")
    user = request.user
    if not isinstance(user, User):
        return render(request, "web/landing.html", {"landing": home_page.landing(request)})
    if seat_of(request) is None:
        return redirect("ops:desk" if user.desk_role else "orgs:associate")
    return _portal(request)


@member_required
def _portal(request: HttpRequest) -> HttpResponseBase:
    page = home_page.portal(request, the_seat(request))
    return render(request, "web/home.html", {"nav": "home", "page": page})


@require_safe
@member_required
def organization(request: HttpRequest) -> HttpResponseBase:
    """The member's organisation: programme, membership, whom to call."""
    seat = the_seat(request)
    return render(
        request,
        "web/organization.html",
        {"nav": "organization", "seat": seat, "centres": home_page.centre_lines()},
    )


@require_safe
def legal(request: HttpRequest, slug: str) -> HttpResponse:
    """One of the footer's documents, newest version, in the reader's language when there is one."""
    document = legal_texts.find(slug, translation.get_language() or "en")
    if document is None:
        raise Http404
    return render(request, "web/legal.html", {"document": document, "slug": slug})


@require_safe
def sources(request: HttpRequest) -> HttpResponse:
    """Where facts and warnings come from, under which licence: read from the rows themselves."""
    context = {
        "facts": FactSource.objects.order_by("title"),
        "feeds": Source.objects.filter(is_enabled=True).order_by("name"),
    }
    return render(request, "web/sources.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def display(request: HttpRequest) -> HttpResponse:
    """Language and appearance, kept in two cookies; the language also with the account, for mails."""
    if request.method != "POST":
        return render(request, "web/display.html")
    response = redirect(own_page(request, request.POST.get("next", ""), request.path))
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES):
        _keep(response, settings.LANGUAGE_COOKIE_NAME, language)
        if isinstance(request.user, User):
            change_details(request.user, by=request.user, language=language)
    theme = request.POST.get("theme")
    if theme in THEMES:
        _keep(response, THEME_COOKIE, theme)
    elif theme == "system":
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


def _keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What the app shows without a network."""
    return render(request, "web/offline.html")


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The script behind the offline page. It stands at the root because its reach is its own folder."""
    response = HttpResponse(SERVICE_WORKER.read_bytes(), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response


@require_safe
def get_the_app(request: HttpRequest) -> HttpResponse:
    """How to put the portal on a phone's home screen."""
    return render(request, "web/app.html")
