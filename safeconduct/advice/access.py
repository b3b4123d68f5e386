"""The only door to somebody's briefing: their own, in the organisation where they sit. Every other is NotFound."""

from __future__ import annotations

from safeconduct.advice.models import Preparation
from safeconduct.lib.errors import NotFound
from safeconduct.orgs.access import Seat


def access_preparation(seat: Seat, public_id: str) -> Preparation:
    """Return one's own preparation. Raises NotFound for anybody else's, managers included, and for a forgotten one."""
    row = (
        Preparation.objects.for_org(seat.organisation)
        .select_related("trip", "organisation", "user")
        .filter(public_id=public_id, user_id=seat.user.pk, forgotten_at__isnull=True)
        .first()
    )
    if row is None:
        raise NotFound("briefing")
    return row
