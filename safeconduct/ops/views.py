"""The public health answer."""

from __future__ import annotations

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from safeconduct.ops import health


@require_safe
@never_cache
def health_answer(request: HttpRequest) -> JsonResponse:
    """Say ok or degraded, and nothing else: strangers read this. 503 when the data cannot be reached."""
    try:
        status = health.report().status
    except DatabaseError:
        return JsonResponse({"status": "down"}, status=503)
    return JsonResponse({"status": status})
