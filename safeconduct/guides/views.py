"""Destination pages for members."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from safeconduct.guides.queries import guide_of
from safeconduct.notify.forms import SubscribeForm
from safeconduct.orgs.access import member_required, the_seat
from safeconduct.places.queries import place_by_key
from safeconduct.places.views import search_page


@member_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The search for destinations."""
    return search_page(request)


@member_required
@require_safe
def destination(request: HttpRequest, key: str) -> HttpResponse:
    """One place: time, alerts, map, facts. The key of a merged place leads to its successor."""
    place = place_by_key(key)
    if place.key != key:
        return redirect("guides:destination", place.key, permanent=False)
    guide = guide_of(place, get_language() or "en")
    can_subscribe = the_seat(request).is_current and guide.is_listed
    form = SubscribeForm(initial={"place": place.key}) if can_subscribe else None
    return render(request, "guides/destination.html", {"guide": guide, "subscribe_form": form})
