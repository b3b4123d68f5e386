"""The address under which people reach this portal, for links in mails.

Never taken from a request: its Host header is whatever the sender wrote, and a reset link would follow it.
"""

from __future__ import annotations

from django.conf import settings


def base_url() -> str:
    """Return scheme and host without a slash: from the environment, else as the operator entered it, else local."""
    return (settings.SAFECONDUCT_URL or f"http://127.0.0.1:{settings.SAFECONDUCT_PORT}").rstrip("/")


def absolute(path: str) -> str:
    """Return the full address of a path of this portal."""
    return base_url() + path
