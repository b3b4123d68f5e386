"""Pages: what I asked to hear, and the links in mails that stop them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.lib.errors import Refused
from safeconduct.notify import actions
from safeconduct.notify.access import access_link, access_subscription
from safeconduct.notify.forms import SubscribeForm
from safeconduct.notify.hooks import switches
from safeconduct.notify.places import found_places, name_of, named, the_place
from safeconduct.notify.queries import live_subscriptions
from safeconduct.orgs.access import member_required, the_seat


@member_required
@require_safe
def subscriptions(request: HttpRequest) -> HttpResponse:
    """Show what the person asked to hear, and the form for more."""
    seat = the_seat(request)
    context = {"rows": named(live_subscriptions(seat)), "form": SubscribeForm(), "can_add": seat.is_current}
    return render(request, "notify/subscriptions.html", context)


@member_required
@require_POST
def add_subscription(request: HttpRequest) -> HttpResponse:
    """Subscribe; a name that several places have is answered with a choice."""
    seat = the_seat(request)
    form = SubscribeForm(request.POST)
    found = []
    if form.is_valid():
        key, words = form.cleaned_data["place"], form.cleaned_data["q"].strip()
        found = [] if key else found_places(words)
        place = the_place(key) if key else the_place(found[0].key) if len(found) == 1 else None
        if place is not None:
            try:
                actions.subscribe(seat, place=place, from_severity=form.cleaned_data["from_severity"])
            except Refused as refused:
                form.add_error(None, refused.text)
            else:
                messages.success(request, _("You get e-mail alerts for %s from now on.") % name_of(place))
                return redirect("notify:subscriptions")
        elif not found:
            form.add_error("q", _("We know no country or city of this name. Try another spelling."))
    context = {"rows": named(live_subscriptions(seat)), "form": form, "found": found, "can_add": seat.is_current}
    return render(request, "notify/subscriptions.html", context, status=200 if found else 400)


@member_required
@require_POST
def remove_subscription(request: HttpRequest, public_id: str) -> HttpResponse:
    """End one subscription of one's own."""
    row = access_subscription(the_seat(request), public_id)
    actions.end_subscription(row, by=the_seat(request).user)
    messages.success(request, _("E-mail alerts for %s are off.") % name_of(row.place))
    return redirect("notify:subscriptions")


@csrf_exempt  # the mail program posts List-Unsubscribe=One-Click by itself (RFC 8058 §3.1); the token is the proof
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a link in a mail stops; stop it when asked to. Works logged out."""
    link = access_link(token)
    if request.method == "POST":
        actions.unsubscribe(link)
        if request.POST.get("List-Unsubscribe") == "One-Click":
            return HttpResponse(status=204)
        return redirect("notify:unsubscribe", token=token)
    stopping = switches[link.purpose].show(link)
    return render(request, "notify/unsubscribe.html", {"stopping": stopping, "token": token, "link": link})
