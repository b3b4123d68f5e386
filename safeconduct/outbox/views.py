"""The development mailbox: every mail as its reader gets it. Not there outside demo and test folders.

It answers only to this machine, because it shows codes and links; a real folder says 404 to everybody.
"""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from safeconduct.lib.errors import NotFound
from safeconduct.outbox import queries

SHOWN = 200
# Styles of the mail itself, nothing else: no script, no picture from elsewhere, no form, links open nothing here.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; sandbox"
)


def _only_here(request: HttpRequest) -> None:
    """Raise NotFound in a real folder, and for anybody who is not on this machine."""
    try:
        near = ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        near = False
    forwarded = "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META
    if settings.SAFECONDUCT_FOLDER_KIND == "real" or not near or forwarded:
        raise NotFound("mailbox")


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """List the newest mails; `?to=` keeps those to one address."""
    _only_here(request)
    to = request.GET.get("to", "").strip()
    copies = queries.mailbox()
    if to:
        copies = copies.filter(to__iexact=to)
    return render(request, "outbox/mailbox/list.html", {"copies": copies[:SHOWN], "to": to})


@require_safe
def mail(request: HttpRequest, copy_id: int) -> HttpResponse:
    """Show one mail: headers, text and, in a frame of its own, the HTML."""
    _only_here(request)
    return render(request, "outbox/mailbox/mail.html", {"copy": queries.mailbox_copy(copy_id)})


@require_safe
@xframe_options_sameorigin
def mail_html(request: HttpRequest, copy_id: int) -> HttpResponse:
    """Return the HTML part alone, under a policy that lets it do nothing."""
    _only_here(request)
    response = HttpResponse(queries.mailbox_copy(copy_id).html)
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response
