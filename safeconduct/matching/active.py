"""The active warnings of this process: an index that is rebuilt when the active versions change.

Each worker process keeps one. Its key is the newest version and how many there are: versions are only ever added, and an
event that ends leaves. It holds shapes, not rows; a thread that rebuilds replaces it whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.queries import active_versions
from safeconduct.matching.index import ImpactIndex
from safeconduct.matching.reading import impact_of


class ActiveWarnings:
    """The index and the key that it was built for."""

    def __init__(self) -> None:
        self._key: tuple[str, int] | None = None
        self._index: ImpactIndex[int] = ImpactIndex([])
        self.ids: frozenset[int] = frozenset()
        """The versions that the index was built from, those that matter nowhere included."""

    def current(self, now: datetime) -> ImpactIndex[int]:
        """Return the index of what is active at `now`."""
        rows = active_versions(now)
        newest = rows.order_by("-pk").values_list("public_id", flat=True).first()
        key = (newest or "", rows.count())
        if key != self._key:
            versions = list(rows.defer("infos", "notes", "references"))
            found = [(version.pk, impact_of(version)) for version in versions]
            self._index = ImpactIndex([(pk, impact) for pk, impact in found if impact is not None])
            self.ids = frozenset(version.pk for version in versions)
            self._key = key
        return self._index

    def versions(self, ids: Iterable[int]) -> dict[int, AlertVersion]:
        """Return rows of some versions, without their shapes and texts."""
        return AlertVersion.objects.defer("impact_area", "infos").in_bulk(list(ids))


warnings = ActiveWarnings()
