"""Whole web addresses for mails."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse


def absolute(path: str) -> str:
    """Return the whole address of a path of ours; without a configured one, that of this machine."""
    root = settings.SAFECONDUCT_URL or f"http://localhost:{settings.SAFECONDUCT_PORT}"
    return f"{root}{path}"


def unsubscribe_url(token: str) -> str:
    """Return the address that stops such mails."""
    return absolute(reverse("notify:unsubscribe", args=[token]))
