"""The active warnings of this process: an index that is rebuilt when the active versions change.

Each worker process keeps one. Its key is how many versions there are, the sum of their keys, and the corrections of
areas: versions are only ever added, and an event that ends leaves. It holds shapes, not rows; a thread that rebuilds
replaces it whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Max, Sum

from safeconduct.alerts import corrections
from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.queries import active_versions
from safeconduct.feeds.models import Source
from safeconduct.matching.index import ImpactIndex
from safeconduct.matching.reading import impact_of


class ActiveWarnings:
    """The index and the key that it was built for."""

    def __init__(self) -> None:
        self._key: tuple[str, int, int, tuple[int, int, int]] | None = None
        self._licences: tuple[tuple[int, str], ...] = ()
        self._index: ImpactIndex[int] = ImpactIndex([])
        self.ids: frozenset[int] = frozenset()
        """The versions that the index was built from, those that matter nowhere included."""
        self._corrected: frozenset[int] = frozenset()

    def current(self, now: datetime) -> ImpactIndex[int]:
        """Return the index of what is active at `now`."""
        rows = active_versions(now)
        # Not the newest one: commits do not come in the order of keys, and a version below the newest may take another's
        # place. The sum of keys says so; a name, that they are keys of the same database.
        figures = rows.order_by().aggregate(name=Max("public_id"), total=Sum("pk"), number=Count("pk"))
        key = (figures["name"] or "", int(figures["total"] or 0), figures["number"], corrections.key())
        # A licence that keeps names of areas back from now on is heeded at once.
        guarded = Source.objects.exclude(display=Source.Display.FULL).order_by("pk")
        licences = tuple(guarded.values_list("pk", "display"))
        if key != self._key or licences != self._licences:
            versions = list(rows.defer("infos", "notes", "references"))
            corrected = corrections.of_versions(versions)
            found = [(version.pk, impact_of(version, corrected)) for version in versions]
            self._index = ImpactIndex([(pk, impact) for pk, impact in found if impact is not None])
            self.ids = frozenset(version.pk for version in versions)
            self._corrected = frozenset(corrected)
            self._key, self._licences = key, licences
        return self._index

    def versions(self, ids: Iterable[int]) -> dict[int, AlertVersion]:
        """Return rows of some versions, without their shapes and texts."""
        found = AlertVersion.objects.defer("impact_area", "infos").in_bulk(list(ids))
        for pk in self._corrected & found.keys():
            found[pk].is_corrected = True
        return found


warnings = ActiveWarnings()
