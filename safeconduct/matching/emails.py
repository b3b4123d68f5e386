"""The kinds of mail of this room, and the words of a warning in one language: the same for all its readers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.urls import reverse
from django.utils import translation

from safeconduct.alerts.labels import SEVERITIES, SEVERITY_STEPS
from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.queries import excerpt, texts
from safeconduct.centres.queries import all_centres
from safeconduct.feeds.models import Source
from safeconduct.lib.timewords import moment_words
from safeconduct.notify.addresses import absolute
from safeconduct.outbox.kinds import Kind, register

OPENED: Final = register(Kind(code="alert.exposure.opened", room="matching", unsubscribable=True, priority=10))
UPDATED: Final = register(Kind(code="alert.exposure.updated", room="matching", unsubscribable=True, priority=15))
ENDED: Final = register(Kind(code="alert.exposure.ended", room="matching", unsubscribable=True, priority=20))
SUBSCRIPTION: Final = register(
    Kind(
        code="alert.subscription", room="matching", unsubscribable=True, priority=25, useful_for=timedelta(days=3)
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
        elif source.display == Source.Display.LINK:
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
            "area_names": version.area_names[:12],
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


def _cut(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    return text[:LONGEST_TEXT].rsplit(None, 1)[0] + " …"
