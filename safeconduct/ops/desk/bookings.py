"""The road of bookings by mail, at the desk: how the mailbox answers, what came, the secret of the hand-in. It shows nobody's
bookings."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from safeconduct.accounts.site import absolute
from safeconduct.inbox import queries, roadsettings
from safeconduct.inbox.forms import RoadForm
from safeconduct.inbox.words import problem_text, reason_text
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import desk_right_required, signed_in
from safeconduct.trips.bookings.model import Problem

RIGHT: Final = "mail.edit"


def _mailbox_text(code: str) -> str:
    return {
        "connection": _("The server cannot be reached, or the line broke"),
        "login": _("The server does not take name and password"),
        "folder": _("There is no such folder"),
        "protocol": _("The server answered something else than it was asked"),
    }.get(code, code)


def _page(request: HttpRequest, form: RoadForm, *, secret: str = "") -> HttpResponse:
    problem, mailbox = "", None
    try:
        mailbox = roadsettings.imap_road()
    except ImproperlyConfigured as error:
        problem = str(error)
    road, row = queries.road(), roadsettings.current()
    state = road.mailbox
    reasons = [
        (problem_text(Problem(code[1:])) if code.startswith("=") else reason_text(code), count)
        for code, count in road.reasons
    ]
    context = {
        "nav": "bookings", "form": form, "secret": secret, "road": road, "row": row, "mailbox": mailbox, "problem": problem,
        "trouble": _mailbox_text(state.problem) if state is not None and state.problem else "", "reasons": reasons,
        "hand_in_url": absolute(reverse("inbox:hand_in")), "keep_days": settings.SAFECONDUCT_BOOKINGS_DAYS,
        "authserv": roadsettings.authserv(), "is_authserv_fixed": bool(settings.SAFECONDUCT_BOOKINGS_AUTHSERV),
        "any": any(count for _code, _label, count in road.counts), "submit": _("Save"),
    }  # fmt: skip
    return render(request, "ops/desk/bookings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required(RIGHT)
def bookings(request: HttpRequest) -> HttpResponseBase:
    """The state of the road, and where people forward to."""
    row = roadsettings.current()
    initial = {"address": row.address, "authserv_id": row.authserv or row.authserv_seen}
    form = RoadForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        done = attempt(
            form,
            lambda: roadsettings.save(address=said["address"], authserv_id=said["authserv_id"], by=signed_in(request)),
            {"inbox.address": "address"},
        )
        if done is not None:
            messages.success(request, _("Saved."))
            return redirect("ops:bookings")
    return _page(request, form)


@require_POST
@desk_right_required(RIGHT)
def bookings_secret(request: HttpRequest) -> HttpResponse:
    """Make a new secret and show it, this once."""
    secret = roadsettings.new_secret(by=signed_in(request))
    row = roadsettings.current()
    return _page(request, RoadForm(initial={"address": row.address, "authserv_id": row.authserv}), secret=secret)
