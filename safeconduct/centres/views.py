"""The public list of assistance centres. Works logged out: whoever needs help may have lost the password."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from safeconduct.centres import queries
from safeconduct.orgs.access import seat_of


@require_safe
def centre_list(request: HttpRequest) -> HttpResponse:
    """Every centre with its numbers, languages and hours."""
    nearest = queries.help_centre(seat_of(request))
    context = {
        "centres": queries.listed(),
        "nearest_id": nearest.centre.pk if nearest and nearest.is_nearest else None,
    }
    return render(request, "centres/list.html", context)
