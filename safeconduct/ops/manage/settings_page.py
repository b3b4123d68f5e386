"""Programmes, numbers and domains as the organisation's managers see them. The operator changes them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from safeconduct.advice.preparing import set_pre_trip_mail
from safeconduct.advice.standing import sends_pre_trip_mail
from safeconduct.lib import clock
from safeconduct.orgs.access import right_required, signed_in, the_seat
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
        "sends_pre_trip_mail": sends_pre_trip_mail(organisation),
    }
    return render(request, "ops/manage/settings.html", context)


@require_POST
@right_required("trips.view")
def briefing_mail(request: HttpRequest) -> HttpResponse:
    """Switch the mails before trips on or off, for everybody in the organisation."""
    is_on = request.POST.get("mail") == "on"
    set_pre_trip_mail(the_seat(request).organisation, is_on=is_on, by=signed_in(request))
    messages.success(request, _("Mails before trips are on.") if is_on else _("Mails before trips are off."))
    return redirect("ops:manage_settings")
