"""Changes of official advice as they are told: which versions, in which words, how grave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Max
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy

from safeconduct.advisories import labels
from safeconduct.advisories.models import AdvisoryVersion, Category
from safeconduct.advisories.quoting import quoted
from safeconduct.feeds.shaped import is_built_to_shape
from safeconduct.matching import emails
from safeconduct.matching.levels import LevelChange, Queue, Words, is_too_old, waiting_rows

MOST_AREAS: Final = 12
Change = AdvisoryVersion.Change


def change_of(versions: Sequence[AdvisoryVersion], now: datetime) -> LevelChange | None:
    """Return untold versions of one entry, oldest first, as one change; None when there is nothing to tell: the level
    is again what it was, or it is old news."""
    first, last = versions[0], versions[-1]
    before = (first.previous_level, first.previous_level_max)
    after = (last.level, last.level_max)
    advisory, source = last.advisory, last.advisory.source
    said_at = _said_at(first, last)
    if before == after or _is_undone(last, before) or is_too_old(said_at, last.recorded_at, now):
        return None
    said = quoted(source, wording=last.original_level, areas=last.areas, note=last.note)
    is_over = last.change == Change.ENDED
    return LevelChange(
        kind=emails.LEVEL.code,
        key=f"advice:{last.pk}",
        subject_key=f"advice:{advisory.pk}",
        country_code=advisory.country_code,
        old=gettext_lazy("Not listed before")
        if first.change == Change.NEW
        else _words(*before, is_partial=before[0] != before[1]),
        new=gettext_lazy("No longer listed") if is_over else _words(*after, is_partial=last.is_partial),
        heading=_heading(before, after, first, last),
        reason=said.note,
        source=source.name,
        url=reverse("advisories:advisory", args=[last.public_id]),
        severity=_severity(before, after),
        reach=labels.SEVERITY[max(_worst(before), _worst(after))],
        details={
            "title": last.title,
            "wording": said.wording,
            "text_language": advisory.lang,
            "areas": [str(area["name"]) for area in said.areas if area.get("name")][:MOST_AREAS],
            "changed_at": said_at or last.recorded_at,
            "web": last.url,
            "attribution": source.attribution,
            "is_health": advisory.category == Category.HEALTH,
            "caution": _cautiously(
                is_read=True,
                is_stale=False,
                is_built_to_shape=is_built_to_shape(source),
                fetched_at=last.recorded_at,
            ),
        },
    )


def _is_undone(last: AdvisoryVersion, before: tuple[int | None, int | None]) -> bool:
    """Whether an editorial correction, which is told to nobody, has taken back what was to be told."""
    advisory = last.advisory
    if last.number == advisory.number or (advisory.level, advisory.level_max) != before:
        return False
    return not advisory.versions.filter(number__gt=last.number, is_notable=True).exists()


def _said_at(first: AdvisoryVersion, last: AdvisoryVersion) -> datetime | None:
    """The publisher's date of a change; None when it gave that date before: then it does not date this change."""
    before = AdvisoryVersion.objects.filter(advisory=last.advisory_id, number__lt=first.number)
    known = before.aggregate(at=Max("changed_at"))["at"]
    is_new = last.changed_at is not None and (known is None or last.changed_at > known)
    return last.changed_at if is_new else None


_lazily: Any = lazy(labels.level_words, str)
_cautiously: Any = lazy(labels.caution, str)


def _words(level: int | None, level_max: int | None, *, is_partial: bool) -> Words:
    """The level in words, in the language of whoever reads them."""
    promise: Words = _lazily(level, level_max, is_partial=is_partial)
    return promise


def _heading(
    before: tuple[int | None, int | None],
    after: tuple[int | None, int | None],
    first: AdvisoryVersion,
    last: AdvisoryVersion,
) -> Words:
    """What changed from first to last: several versions may be told at once."""
    if first.change == Change.NEW:
        return gettext_lazy("Advice newly listed")
    if last.change == Change.ENDED:
        return gettext_lazy("Advice no longer listed")
    if before[0] is not None and after[0] is not None and before[0] != after[0]:
        return gettext_lazy("Advice raised") if after[0] > before[0] else gettext_lazy("Advice lowered")
    if before[0] == after[0]:
        return gettext_lazy("Advice for parts of the country changed")
    return gettext_lazy("Advice changed")


def _worst(levels: tuple[int | None, int | None]) -> int:
    return max((one for one in levels if one is not None), default=1)


def _severity(before: tuple[int | None, int | None], after: tuple[int | None, int | None]) -> str:
    """Of what holds now: the country as a whole, or its worst part when that is the news."""
    level = after[0] if after[0] is not None and after[0] != before[0] else _worst(after)
    return labels.SEVERITY[level]


ADVICE: Final = Queue(
    rows=waiting_rows(AdvisoryVersion, "recorded_at"), subject="advisory_id", change_of=change_of
)
