"""Programmes, numbers and domains as the organisation's managers see them. The operator changes them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from safeconduct.lib import clock
from safeconduct.orgs.access import right_required, the_seat
from safeconduct.orgs.models import Domain, MembershipNumber, Programme


@require_safe
@right_required("numbers.view")
def settings_page(request: HttpRequest) -> HttpResponse:
    """What lets people in: numbers with validity, domains; how passwords must be."""
    organisation = the_seat(request).organisation
    context = {
        "nav": "manage_settings",
        "organisation": organisation,
        "programmes": Programme.objects.for_org(organisation),
        "numbers": MembershipNumber.objects.for_org(organisation).select_related("programme"),
        "domains": Domain.objects.for_org(organisation),
        "today": clock.today(organisation.zone),
    }
    return render(request, "ops/manage/settings.html", context)
