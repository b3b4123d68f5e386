"""Pages for what goes wrong: unknown address, no permission, stale form, too many tries, our own failure.

They say what is wrong, then what to do, and keep the help line. They refuse to show a traceback or a cause
that tells a stranger whether a row exists.
"""

from __future__ import annotations

import logging
import math
import secrets
from datetime import timedelta

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from safeconduct.lib.errors import ExpectedError, NotFound, Permanent, Refused, Temporary

logger = logging.getLogger("safeconduct.web")


def error_page(
    request: HttpRequest,
    status: int,
    title: str,
    text: str,
    *,
    action_url: str = "/",
    action_label: str = "",
    code: str = "",
) -> HttpResponse:
    """The one page behind all of these."""
    context = {
        "status": status,
        "title": title,
        "text": text,
        "action_url": action_url,
        "action_label": action_label or _("To the start page"),
        "code": code,
    }
    return render(request, "web/error.html", context, status=status)


def page_of(request: HttpRequest, error: ExpectedError) -> HttpResponse:
    """The page of an expected error."""
    match error:
        case NotFound():
            return not_found(request)
        case Refused():
            return error_page(request, 409, _("This is not possible"), error.text, code=error.code)
        case Temporary():
            return _later(request, error.retry_after)
        case Permanent():
            return error_page(
                request, 422, _("This cannot be done"), _("Trying again will not help. Nothing was changed.")
            )
    raise error


def _later(request: HttpRequest, retry_after: timedelta | None) -> HttpResponse:
    response = error_page(
        request,
        503,
        _("Not possible just now"),
        _("Something that this page needs does not answer. Nothing was lost. Try again in a few minutes."),
        action_url=request.get_full_path() if request.method == "GET" else "/",
        action_label=_("Try again"),
    )
    response.headers["Retry-After"] = str(math.ceil((retry_after or timedelta(minutes=2)).total_seconds()))
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the browser sent something that cannot be read."""
    return error_page(
        request,
        400,
        _("We could not read that request"),
        _("The address or the form was cut short or changed on its way. Go back and try again."),
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: known person, missing right."""
    return error_page(
        request,
        403,
        _("Your role does not include this"),
        _("Ask the travel safety manager of your organisation if you need it for your work."),
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: also what a stranger is told about rows of another organisation."""
    return error_page(
        request,
        404,
        _("There is no such page"),
        _(
            "The address may be mistyped, or what was here has been removed. Search for a destination, or go to the start page."
        ),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the matching cookie: cookies are off, or the page is very old."""
    if not request.COOKIES:
        return cookies_needed(request)
    return error_page(
        request,
        403,
        _("This form has expired"),
        _(
            "It was open for too long, or you logged in or out in another window. Nothing was sent. Open the page again and repeat your entry."
        ),
        action_url=request.path,
        action_label=_("Open the page again"),
    )


def cookies_needed(request: HttpRequest, again: str = "/") -> HttpResponse:
    """The browser keeps no cookies. `again` is where to try once they are allowed."""
    return render(request, "web/cookies_needed.html", {"again": again}, status=403)


def too_many(request: HttpRequest, retry_after: timedelta | None = None) -> HttpResponse:
    """429: a limit was reached. Says when it opens again, not what was counted."""
    minutes = max(1, math.ceil(retry_after.total_seconds() / 60)) if retry_after else 0
    wait = (
        ngettext("Try again in %(n)d minute.", "Try again in %(n)d minutes.", minutes) % {"n": minutes}
        if minutes
        else _("Try again later.")
    )
    text = _("There were too many tries from here in a short time.")
    response = error_page(request, 429, _("Too many tries"), f"{text} {wait}")
    if retry_after:
        response.headers["Retry-After"] = str(math.ceil(retry_after.total_seconds()))
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500: logged once, with the number that the person sees. Works without a database."""
    number = secrets.token_hex(3).upper()
    # The route, not the address: addresses of invitations and confirmations hold their secrets.
    route = request.resolver_match.route if request.resolver_match else ""
    logger.exception("page failed", extra={"error_id": number, "path": route, "status": 500})
    context = {
        "status": 500,
        "title": _("We could not do this"),
        "text": _(
            "The fault is ours. What you entered may not have been saved; look before you enter it again."
        ),
        "action_url": "/",
        "action_label": _("To the start page"),
        "error_number": number,
    }
    try:
        page = render_to_string("web/error.html", context, request=request)
    except DatabaseError:
        page = render_to_string("web/error.html", context)
    return HttpResponse(page, status=500)
