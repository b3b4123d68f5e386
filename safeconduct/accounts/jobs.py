"""Forgetting what has served: old tries, and verification links that no longer work."""

from __future__ import annotations

from datetime import timedelta

from safeconduct.accounts.models import Tries, VerificationLink
from safeconduct.lib import clock


def run_due(limit: int = 1000) -> int:
    """Delete up to `limit` rows of each kind and return how many went."""
    now = clock.now()
    tries = Tries.objects.filter(keep_until__lt=now).values("pk")[:limit]
    gone, _kinds = Tries.objects.filter(pk__in=list(tries.values_list("pk", flat=True))).delete()
    # A used or stale link still answers with its reason for a while.
    old = VerificationLink.objects.filter(expires_at__lt=now - timedelta(days=30)).values_list("pk", flat=True)[:limit]
    links, _kinds = VerificationLink.objects.filter(pk__in=list(old)).delete()
    return gone + links
