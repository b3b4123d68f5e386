"""The kinds of mail of this room, and the words of a warning in one language: the same for all its readers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import shapely
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from safeconduct.alerts.labels import SEVERITIES, SEVERITY_STEPS, language_name
from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.queries import area_names, excerpt, texts
from safeconduct.centres.queries import all_centres
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.lib.timewords import moment_words
from safeconduct.matching.words import country_name
from safeconduct.notify.addresses import absolute
from safeconduct.outbox.kinds import Kind, register

if TYPE_CHECKING:
    from safeconduct.matching.levels import LevelChange

OPENED: Final = register(
    Kind(code="alert.exposure.opened", room="matching", unsubscribable=True, priority=10)
)
UPDATED: Final = register(
    Kind(code="alert.exposure.updated", room="matching", unsubscribable=True, priority=15)
)
ENDED: Final = register(Kind(code="alert.exposure.ended", room="matching", unsubscribable=True, priority=20))
SUBSCRIPTION: Final = register(
    Kind(
        code="alert.subscription",
        room="matching",
        unsubscribable=True,
        priority=25,
        useful_for=timedelta(days=3),
    )
)

LEVEL: Final = register(
    Kind(
        code="advisory.level.changed",
        room="matching",
        unsubscribable=True,
        priority=30,
        useful_for=timedelta(days=5),
    )
)

RATING: Final = register(
    Kind(
        code="rating.level.changed",
        room="matching",
        unsubscribable=True,
        priority=30,
        useful_for=timedelta(days=5),
    )
)

LONGEST_TEXT = 3000


def alert_url(version: AlertVersion) -> str:
    """Return the address of a version's page."""
    return absolute(reverse("alerts:version", args=[version.public_id]))


def alert_words(version: AlertVersion, language: str, *, now: datetime, **more: Any) -> Mapping[str, Any]:
    """Return the context of a mail about a version: its own words in the best language, labelled when not the
    reader's, as much of them as the source's licence allows."""
    source = version.event.source
    with translation.override(language):
        words = texts(version, language)
        description, instruction = words.description, words.instruction
        if source.display == Source.Display.EXCERPT:
            description, instruction = excerpt(description), excerpt(instruction)
        elif source.display in (Source.Display.LINK, Source.Display.WHOLE):
            description, instruction = "", ""
        return {
            "headline": words.headline,
            "event": words.event,
            "severity_word": str(SEVERITIES.get(version.severity, SEVERITIES["Unknown"])),
            "level": 0 if version.severity == "Unknown" else SEVERITY_STEPS.get(version.severity, 0),
            "is_exercise": version.status == "Exercise",
            "description": _cut(description),
            "instruction": _cut(instruction),
            "steps": [line.strip(" -•*\t") for line in _cut(instruction).splitlines() if line.strip()],
            "language_label": words.language_label,
            "text_language": words.language,
            "area_names": area_names(version)[:12],
            "is_estimate": version.impact_origin == AlertVersion.ImpactOrigin.DERIVED,
            "impact_note": version.impact_note,
            "sender_name": words.sender_name or source.name,
            "source_name": source.name,
            "attribution": source.attribution,
            "sent": moment_words(version.sent_at, "UTC", this_year=now.year),
            "web": words.web if words.web.startswith(("https://", "http://")) else "",
            "alert_url": alert_url(version),
            "has_centres": all_centres().exists(),
            **more,
        }


def update_words(
    version: AlertVersion,
    before: AlertVersion | None,
    language: str,
    *,
    now: datetime,
    manner: str,
    other: str,
) -> Mapping[str, Any]:
    """Return the context of a brief mail to somebody who knows the event: what changed since `before`, and no more of
    the source's text than is new. `other` is the source by which it is known, for a source that was not told yet."""
    words = dict(alert_words(version, language, now=now, manner=manner, other=other))
    with translation.override(language):
        changed = [] if before is None or manner != "full" else changes(before, version)
        words["changes"] = changed
        known = texts(before, language) if before is not None and manner == "full" else None
        new = texts(version, language)
        is_new = known is None or known.description != new.description
        words["description"] = excerpt(words["description"]) if is_new else ""
        if known is not None and known.instruction == new.instruction:
            words["steps"] = []
    return words


def level_words(change: LevelChange, language: str) -> Mapping[str, Any]:
    """Return the context of a mail about a change of level: the same for all who read it in a language."""
    with translation.override(language):
        details = change.details
        at = details.get("changed_at")
        return {
            **details,
            "heading": str(change.heading),
            "country": country_name(change.country_code) if change.country_code else _("Every destination"),
            "old": str(change.old),
            "new": str(change.new),
            "reason": str(change.reason),
            "source_name": str(change.source),
            "page_url": absolute(change.url),
            "level": SEVERITY_STEPS.get(change.severity, 0),
            "changed": moment_words(at, "UTC", this_year=clock.now().year) if at else "",
            "language_label": _foreign(str(details.get("text_language", "")), language),
            "has_centres": all_centres().exists(),
        }


def _foreign(tag: str, language: str) -> str:
    """The name of a source's language when it is not the reader's."""
    is_readers = not tag or tag.casefold().partition("-")[0] == language.casefold().partition("-")[0]
    return "" if is_readers else language_name(tag, language)


def changes(before: AlertVersion, version: AlertVersion) -> list[str]:
    """Return what is new in a version to somebody who knows an earlier one, in the active language."""
    found = []
    if before.severity != version.severity:
        found.append(
            _("Severity: %(new)s, before: %(old)s.")
            % {
                "new": SEVERITIES.get(version.severity, version.severity),
                "old": SEVERITIES.get(before.severity, before.severity),
            }
        )
    if (before.begins_at, before.ends_at) != (version.begins_at, version.ends_at):
        if before.begins_at == version.begins_at:
            is_longer = version.ends_at > before.ends_at
            found.append(
                _("It lasts longer than said before.")
                if is_longer
                else _("It ends earlier than said before.")
            )
        else:
            found.append(_("Its time has changed."))
    if before.impact_area != version.impact_area:
        found.append(_area_change(before.geometry(), version.geometry()))
    return found or [_("The source has sent its warning anew.")]


def _area_change(old: BaseGeometry | None, new: BaseGeometry | None) -> str:
    if old is not None and new is not None:
        if shapely.covers(new, old):
            return _("The area has become larger.")
        if shapely.covers(old, new):
            return _("The area has become smaller.")
    return _("The area has changed.")


def _cut(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    return text[:LONGEST_TEXT].rsplit(None, 1)[0] + " …"
