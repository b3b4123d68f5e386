"""Pages of the way in: membership number, old portal address, associate, invitation, switch, branding.

A number that is unknown, foreign or has ended gets the same words; ten tries an hour and network, counted in rows.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import etag, require_http_methods, require_POST, require_safe

from safeconduct.accounts import hooks, limits
from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.orgs import routing
from safeconduct.orgs.access import (
    SESSION_KEY,
    access_own_membership,
    seat_for,
    signed_in,
)
from safeconduct.orgs.actions import accept_invitation
from safeconduct.orgs.actions import associate as associate_by_number
from safeconduct.orgs.actions.people import NUMBER_UNKNOWN, verified_emails
from safeconduct.orgs.forms import NumberForm
from safeconduct.orgs.models import Invitation, Organisation
from safeconduct.orgs.permissions import ROLE_NAMES

BRAND_SECONDS = 300
Page = Callable[[HttpRequest, NumberForm, int], HttpResponse]


# Membership services.


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def membership(request: HttpRequest) -> HttpResponse:
    """Membership services: the number, then on to log-in."""
    if request.user.is_authenticated:
        return redirect(_with_number(reverse("orgs:associate"), request.GET.get("membnum", "")))
    if request.method == "POST":
        return _enter(request)
    if not request.COOKIES:
        return _cookie_round_trip(request)
    given = request.GET.get("membnum", "") or request.session.get(routing.NUMBER_KEY, "")
    return _membership_page(request, NumberForm(initial={"membnum": given[:64]}))


def _cookie_round_trip(request: HttpRequest) -> HttpResponse:
    """Set a cookie and come back once; who comes back without it keeps none."""
    here = _with_number(request.path, request.GET.get("membnum", ""))
    if request.GET.get("cookies") == "set":
        return render(request, "web/cookies_needed.html", {"again": here}, status=403)
    get_token(request)
    query = request.GET.copy()
    query["cookies"] = "set"
    return redirect(f"{request.path}?{query.urlencode()}")


def _membership_page(request: HttpRequest, form: NumberForm, status: int = 200) -> HttpResponse:
    came_by_old = routing.remembered_old_address(request)
    old = routing.old_address(None) if request.GET.get("membnum") and came_by_old is None else None
    page = {
        "form": form,
        "login_url": reverse("account_login"),
        "came_by_old_until": came_by_old,
        "old_until": old.until if old and not old.is_over else None,
    }
    return render(request, "orgs/membership.html", page, status=status)


def _enter(request: HttpRequest) -> HttpResponse:
    form = NumberForm(request.POST)
    if not form.is_valid():
        return _membership_page(request, form)
    taken = limits.take(limits.MEMBERSHIP_NUMBER, limits.network_of(request))
    if not taken.is_allowed:
        return _too_many(request, form, taken, _membership_page)
    row = routing.find_number(form.cleaned_data["membnum"])
    if row is None:
        form.add_error("membnum", str(NUMBER_UNKNOWN))
        return _membership_page(request, form)
    limits.give_back(taken)
    routing.remember_number(request, row)
    request.session.pop(routing.OLD_ADDRESS_KEY, None)
    return redirect("account_login")


def _too_many(request: HttpRequest, form: NumberForm, taken: limits.Taken, show: Page) -> HttpResponse:
    minutes = math.ceil(taken.retry_after.total_seconds() / 60)
    wait = ngettext("Try again in %(n)d minute.", "Try again in %(n)d minutes.", minutes) % {"n": minutes}
    form.add_error("membnum", _("There were too many tries from your network.") + f" {wait}")
    response = show(request, form, 429)
    response["Retry-After"] = str(math.ceil(taken.retry_after.total_seconds()))
    return response


def _with_number(address: str, number: str) -> str:
    return f"{address}?{urlencode({'membnum': number[:64]})}" if number else address


@never_cache
@require_safe
def old_portal(request: HttpRequest) -> HttpResponse:
    """The old portal's address: leads on until its day, then says where the new place is.

    Looking a number up here counts as a try, or its day would tell whether it exists.
    """
    number = request.GET.get("membnum", "")[:64]
    target = _with_number(reverse("orgs:membership"), number)
    row = None
    if number:
        taken = limits.take(limits.MEMBERSHIP_NUMBER, limits.network_of(request))
        row = routing.find_number(number) if taken.is_allowed else None
        if row is not None:
            limits.give_back(taken)
    old = routing.old_address(row)
    if old.is_over or old.until is None:
        return render(request, "orgs/old_address_over.html", {"target": target, "until": old.until}, status=410)
    request.session[routing.OLD_ADDRESS_KEY] = old.until.isoformat()
    return redirect(target)


# Associate.


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def associate(request: HttpRequest) -> HttpResponse:
    """Enter your membership number: makes the membership."""
    if request.method != "POST":
        given = request.GET.get("membnum", "") or request.session.get(routing.NUMBER_KEY, "")
        return _associate_page(request, NumberForm(initial={"membnum": given[:64]}))
    form = NumberForm(request.POST)
    if not form.is_valid():
        return _associate_page(request, form)
    user = signed_in(request)
    sources = (limits.network_of(request), f"user:{user.pk}")
    tries = [limits.take(limits.MEMBERSHIP_NUMBER, source) for source in sources]
    for taken in tries:
        if not taken.is_allowed:
            return _too_many(request, form, taken, _associate_page)
    try:
        row = associate_by_number(user, form.cleaned_data["membnum"])
    except Refused as refusal:
        form.add_error("membnum", refusal.text)
        return _associate_page(request, form)
    for taken in tries:
        limits.give_back(taken)
    request.session.pop(routing.NUMBER_KEY, None)
    request.session[SESSION_KEY] = row.public_id
    return redirect("/")


def _associate_page(request: HttpRequest, form: NumberForm, status: int = 200) -> HttpResponse:
    user = signed_in(request)
    page = {
        "form": form,
        "invitations": routing.open_invitations(user, verified_emails(user)),
        "memberships": hooks.membership_lines(user),
        "entrance": hooks.entrance(request),
    }
    return render(request, "orgs/associate.html", page, status=status)


@require_POST
@login_required
def accept(request: HttpRequest, public_id: str) -> HttpResponse:
    """Accept an invitation to one of the person's own addresses, listed on the associate page."""
    user = signed_in(request)
    rows = routing.open_invitations(user, verified_emails(user))
    row = next((row for row in rows if row.public_id == public_id), None)
    if row is None:
        raise NotFound("invitation")
    return _accepted(request, user, row)


@require_POST
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    """Choose the membership that the portal shows."""
    user = signed_in(request)
    row = access_own_membership(user, request.POST.get("membership", ""))
    seat_for(user, row)
    request.session[SESSION_KEY] = row.public_id
    return redirect("/")


# Invitations.


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The link of an invitation: opening shows a button, pressing accepts or leads to log-in or sign-up."""
    row = routing.find_invitation(token)
    if row is None or not routing.is_open(row):
        state = "unknown" if row is None else _closed_state(row)
        return render(request, "orgs/invitation_closed.html", {"state": state}, status=410)
    user = request.user if isinstance(request.user, User) else None
    is_own = user is None or row.email.lower() in {email.lower() for email in verified_emails(user)}
    if request.method != "POST" or not is_own:
        page = {"invitation": row, "role": ROLE_NAMES.get(row.role, ""), "is_own": is_own}
        return render(request, "orgs/invitation.html", page)
    if user is not None:
        return _accepted(request, user, row)
    request.session[routing.INVITATION_KEY] = row.token_digest
    has_account = User.objects.filter(email__iexact=row.email).exists()
    return redirect("account_login" if has_account else "account_signup")


def _closed_state(row: Invitation) -> str:
    state = row.state_at(clock.now())
    return "withdrawn" if state == "invited" else state


def _accepted(request: HttpRequest, user: User, row: Invitation) -> HttpResponse:
    membership_row = accept_invitation(row, by=user)
    request.session.pop(routing.INVITATION_KEY, None)
    request.session[SESSION_KEY] = membership_row.public_id
    messages.success(request, _("Welcome to the %(programme)s.") % {"programme": row.programme.name})
    return redirect("/")


# Branding.


def _organisation(public_id: str) -> Organisation:
    row = Organisation.objects.filter(public_id=public_id, is_active=True).first()
    if row is None:
        raise NotFound("organisation")
    return row


def _brand_etag(request: HttpRequest, public_id: str) -> str:
    row = _organisation(public_id)
    content = f"{row.hue} {row.chroma} {row.logo_type}".encode() + bytes(row.logo or b"")
    return f'"{hashlib.sha256(content).hexdigest()[:20]}"'


@require_safe
@etag(_brand_etag)
def brand_css(request: HttpRequest, public_id: str) -> HttpResponse:
    """The organisation's hue and strength as a style sheet."""
    row = _organisation(public_id)
    response = HttpResponse(
        f":root{{--hue:{row.hue};--chroma:{row.chroma}}}\n", content_type="text/css; charset=utf-8"
    )
    response["Cache-Control"] = f"public, max-age={BRAND_SECONDS}"
    return response


@require_safe
@etag(_brand_etag)
def logo(request: HttpRequest, public_id: str) -> HttpResponse:
    """The organisation's logo."""
    row = _organisation(public_id)
    if not row.logo:
        raise NotFound("logo")
    response = HttpResponse(bytes(row.logo), content_type=row.logo_type)
    response["Cache-Control"] = f"public, max-age={BRAND_SECONDS}"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response

