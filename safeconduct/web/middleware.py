"""What every answer passes: the content security policy, and the one place that turns errors into pages."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from safeconduct.lib.errors import NotFound, Permanent, Refused, Temporary

log = logging.getLogger("safeconduct.web")
Answer = Callable[[HttpRequest], HttpResponse]

POLICY = "; ".join(
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
    """Set the policy unless a view has set a stricter one of its own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
        return response

    return middleware


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
        """Return the page for an error that a view let rise."""
        if isinstance(error, NotFound):
            raise Http404 from error
        if isinstance(error, Refused):
            return self.page(request, 409, _("This is not possible"), error.text)
        if isinstance(error, Temporary):
            return self.page(request, 503, _("Not at the moment"), _("Please try again in a few minutes."))
        if isinstance(error, Permanent):
            return self.page(request, 422, _("This cannot be done"), error.reason)
        if isinstance(error, Http404) or type(error).__module__.startswith("django.core.exceptions"):
            return None
        error_id = secrets.token_hex(2).upper()
        request.error_id = error_id  # type: ignore[attr-defined]
        log.error("a page failed", exc_info=error, extra={"error_id": error_id})
        return None

    @staticmethod
    def page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
        """Return the error page."""
        return render(
            request, "web/error.html", {"status": status, "title": title, "text": text}, status=status
        )
