"""Destination guides, for members and for the desk."""

from __future__ import annotations

import hashlib
from typing import Final

from django.contrib.messages import get_messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from safeconduct.guides import keeping
from safeconduct.guides.sections import CHAPTERS
from safeconduct.lib import clock, timewords
from safeconduct.notify.forms import SubscribeForm
from safeconduct.orgs.access import Seat, organisation_of, reader_required, seat_of, signed_in
from safeconduct.orgs.permissions import DESK_RIGHTS
from safeconduct.places.views import search_page

CHAPTER_KEYS: Final = frozenset(chapter.key for chapter in CHAPTERS)
# Marks of what is filled in at each request; no text of a guide can hold them: private characters of Unicode.
FORM_SLOT: Final = "\ue0f0form\ue0f1"
TIME_SLOT: Final = "\ue0f0time\ue0f1"
LATE_MINUTES: Final = 10
"""How late the time at the place may be on a page that a browser kept."""


@reader_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The search for destinations."""
    return search_page(request)


@reader_required
@require_safe
def destination(request: HttpRequest, key: str, chapter: str = "overview") -> HttpResponse:
    """A chapter of a guide. The key of a merged place leads to its successor."""
    if chapter not in CHAPTER_KEYS:
        raise Http404
    seat = seat_of(request)
    stamp = keeping.stamp_of(key, organisation_of(request))
    if stamp.key != key:
        return redirect("guides:destination", stamp.key, permanent=False)
    name = (*_reader(request, seat), stamp.digest, chapter, key)
    if len(get_messages(request)):
        # A word that is said once belongs to this answer alone.
        return HttpResponse(_filled(_made(request, seat, stamp, chapter), request, stamp))
    page = keeping.PAGES.of(name, lambda: _made(request, seat, stamp, chapter))
    etag = _etag(page, request)
    if request.headers.get("If-None-Match", "").removeprefix("W/") == etag:
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(_filled(page, request, stamp))
    response["ETag"] = etag
    # The browser asks each time: whoever logs out, or loses a right, is not shown what was kept.
    response["Cache-Control"] = "private, no-cache"
    return response


def _reader(request: HttpRequest, seat: Seat | None) -> tuple[object, ...]:
    """Everything about who reads that a page can depend on."""
    user = signed_in(request)
    return (
        user.pk,
        user.name,
        user.desk_role,
        (seat.membership.pk, seat.rights, seat.is_current) if seat is not None else None,
        get_language(),
        timezone.get_current_timezone_name(),
        request.COOKIES.get("safeconduct_theme", ""),
    )


def _etag(page: keeping.Page, request: HttpRequest) -> str:
    """Of everything on the page: head and foot change too, and the token of a page from before a log-in is refused."""
    if "CSRF_COOKIE" not in request.META:
        get_token(request)
    minutes = int(clock.now().timestamp() // 60) // LATE_MINUTES
    said = (page.digest, request.META["CSRF_COOKIE"], minutes)
    return f'"{hashlib.sha256(repr(said).encode()).hexdigest()[:32]}"'


def _made(request: HttpRequest, seat: Seat | None, stamp: keeping.Stamp, chapter: str) -> keeping.Page:
    """Render the page with its slots open."""
    guide = keeping.document_of(stamp, get_language() or "en", organisation_of(request))
    can_subscribe = seat is not None and seat.is_current and guide.is_listed and chapter == "overview"
    context = {
        "guide": guide,
        "chapter": guide.chapter(chapter),
        "cards": guide.ratings_of(chapter),
        "rows": guide.advice_of(chapter),
        "can_write": "guides.write" in DESK_RIGHTS.get(signed_in(request).desk_role, ()),
        "place": stamp.place,
        "local_time": TIME_SLOT,
        "subscribe_form": SubscribeForm(initial={"place": stamp.key}) if can_subscribe else None,
        "csrf_token": FORM_SLOT,
    }
    html = render_to_string("guides/destination.html", context, request)
    return keeping.cut(html, {"form": FORM_SLOT, "time": TIME_SLOT})


def _filled(page: keeping.Page, request: HttpRequest, stamp: keeping.Stamp) -> bytes:
    zone = stamp.place.zone or "UTC"
    now = clock.now()
    words = timewords.moment_words(now, zone, this_year=now.year)
    return page.filled({"form": get_token(request).encode(), "time": words.encode()})
