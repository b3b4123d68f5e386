"""The hand-in for mail servers: one raw mail by POST, with the secret of this portal. It answers before it reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from safeconduct.accounts import limits
from safeconduct.inbox.models import Letter
from safeconduct.inbox.receiving import take_in
from safeconduct.inbox.roadsettings import is_secret

MOST_BYTES: Final = 21 * 1024 * 1024
"""Below what any request may send (web/middleware.py)."""
WRONG: Final = limits.Limit("hand-in-wrong", 20, timedelta(minutes=5))
"""For each network: tries with a wrong secret."""
MAILS: Final = limits.Limit("hand-in", 600, timedelta(hours=1))


@csrf_exempt
@require_POST
def hand_in(request: HttpRequest) -> HttpResponse:
    """Take one mail as RFC 5322 writes it. 202: stored, and will be read. The answer says nothing of who is known."""
    network = limits.network_of(request)
    kind, _blank, secret = request.headers.get("Authorization", "").partition(" ")
    taken = limits.take(WRONG, network)
    if not taken.is_allowed:
        return _later(taken)
    if kind.lower() != "bearer" or not is_secret(secret.strip()):
        return JsonResponse({"error": "secret"}, status=401, headers={"WWW-Authenticate": "Bearer"})
    limits.give_back(taken)
    allowed = limits.take(MAILS, "")
    if not allowed.is_allowed:
        return _later(allowed)
    # Read by hand: Django refuses to hold more than a form's size of a body.
    data = request.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        return JsonResponse({"error": "large"}, status=413)
    if not data.strip():
        return JsonResponse({"error": "empty"}, status=400)
    take_in(data, road=Letter.Road.HTTP)
    return JsonResponse({"state": "received"}, status=202)


def _later(taken: limits.Taken) -> HttpResponse:
    seconds = str(int(taken.retry_after.total_seconds()))
    return JsonResponse({"error": "rate"}, status=429, headers={"Retry-After": seconds})
