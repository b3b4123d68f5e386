"""What every answer passes: content security policy, the reader's language and zone, pages of expected errors.

Refuses inline script and style everywhere; a view that needs more sets its own header.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from safeconduct.accounts.models import User
from safeconduct.lib.errors import ExpectedError
from safeconduct.web import errors

Answer = Callable[[HttpRequest], HttpResponse]

# The largest form is a document of 20 MB, read by hand at the desk.
LARGEST_BODY: Final = 22 * 1024 * 1024

POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


def content_security_policy(get_response: Answer) -> Answer:
    """Set the policy unless a view has set one of its own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
        return response

    return middleware


def readable_request(get_response: Answer) -> Answer:
    """Answer 400 to what no page of ours wants: a larger body than any form takes, NUL in the address.

    The size is what the request says of itself; a server reads no further than that.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not (length.isascii() and length.isdigit() and len(length) < 12) or int(length) > LARGEST_BODY:
            raise RequestDataTooBig
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise SuspiciousOperation("NUL in the address")
        return get_response(request)

    return middleware


def reader(get_response: Answer) -> Answer:
    """Read pages in the signed-in person's zone, and in their language unless this browser chose one."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = getattr(request, "user", None)
        if not isinstance(user, User):
            return get_response(request)
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and user.language in dict(settings.LANGUAGES):
            translation.activate(user.language)
            request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(_zone(user.zone)):
            response = get_response(request)
        response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
        return response

    return middleware


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name if name in available_timezones() else settings.TIME_ZONE)


class ExpectedErrors:
    """Refused, NotFound, Temporary and Permanent become pages; anything else is logged once and answers 500."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; a person's page is never kept by a shared cache."""
        response = self.get_response(request)
        if request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the page for an error that a view let rise; leave everything else to the edge."""
        return errors.page_of(request, error) if isinstance(error, ExpectedError) else None
