"""The common levels in words, for pages and mails. 1–4 is our reading; governments do not mean the same by theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from safeconduct.advisories.models import AdvisoryVersion
from safeconduct.lib.timewords import day_words

LEVELS: Final[dict[int, str | Promise]] = {
    1: pgettext_lazy("advice level", "usual precautions"),
    2: pgettext_lazy("advice level", "increased caution"),
    3: pgettext_lazy("advice level", "reconsider travel"),
    4: pgettext_lazy("advice level", "do not travel"),
}
SEVERITY: Final = {1: "Minor", 2: "Moderate", 3: "Severe", 4: "Extreme"}
"""The level as a severity of CAP 1.2, for what is told and for the sign."""
CHANGES: Final[dict[str, str | Promise]] = {
    AdvisoryVersion.Change.FIRST: gettext_lazy("First read"),
    AdvisoryVersion.Change.NEW: gettext_lazy("Newly listed"),
    AdvisoryVersion.Change.RAISED: gettext_lazy("Level raised"),
    AdvisoryVersion.Change.LOWERED: gettext_lazy("Level lowered"),
    AdvisoryVersion.Change.AREAS: gettext_lazy("Other parts of the country"),
    AdvisoryVersion.Change.ENDED: gettext_lazy("No longer listed"),
    AdvisoryVersion.Change.BACK: gettext_lazy("Listed again"),
    AdvisoryVersion.Change.WORDS: gettext_lazy("Other wording"),
}


def sign_of(level: int | None) -> int:
    """The sign of the look for a level: 0 when none is stated."""
    return {1: 1, 2: 3, 3: 4, 4: 5}.get(level or 0, 0)


def level_words(level: int | None, level_max: int | None, *, is_partial: bool) -> str:
    """“Level 2 of 4, increased caution; parts of the country up to 4”, in the active language."""
    if level is None:
        text = _("No level for the country as a whole")
    else:
        text = _("Level %(level)d of 4, %(words)s") % {"level": level, "words": LEVELS[level]}
    if not is_partial:
        return text
    if level_max is None or (level is not None and level_max < level):
        return _("%(text)s; parts of the country differ") % {"text": text}
    if level_max == level:
        return _("%(text)s; parts of the country are better off") % {"text": text}
    return _("%(text)s; parts of the country up to %(level)d") % {"text": text, "level": level_max}


def caution(*, is_read: bool, is_stale: bool, is_built_to_shape: bool, fetched_at: datetime) -> str:
    """What to know before relying on an entry, in the active language; empty when there is nothing to know.

    The same words wherever an entry is shown, on paper too: the day stands in them, not how long ago it was.
    """
    if not is_read:
        return _("Not read yet: the source lists it, but its page has not been read here.")
    if is_stale:
        day = day_words(fetched_at.date(), this_year=0)
        return _("Last read on %(day)s: may be out of date.") % {"day": day}
    if is_built_to_shape:
        return _("Not checked against the live source yet: we know its format from examples only.")
    return ""
