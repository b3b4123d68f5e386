"""One publisher's advice about one country, for members: the level, the quoted words and every change."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from safeconduct.advisories import labels
from safeconduct.advisories.queries import IssuerAdvice, LevelStep, advice_of, the_advisory
from safeconduct.lib.errors import NotFound
from safeconduct.orgs.access import reader_required
from safeconduct.places.queries import country_names


@require_safe
@reader_required
def advisory(request: HttpRequest, public_id: str) -> HttpResponse:
    """An entry, at the address of its own or of one of its versions: what holds now, and how it came to that."""
    row = the_advisory(public_id)
    if row is None:
        raise NotFound("advice")
    advice = advice_of(row)
    names = country_names({row.country_code} - {""}, get_language() or "en")
    context = {
        "advice": advice,
        "has_ended": row.state == row.State.ENDED,
        "ended_at": row.ended_at,
        "country": names.get(row.country_code, ""),
        "sign": labels.sign_of(advice.level),
        "level": labels.level_words(advice.level, advice.level_max, is_partial=advice.is_partial),
        "areas": [
            {**area, "words": labels.level_words(area.get("level"), None, is_partial=False) if area.get("level") else ""}
            for area in advice.areas
        ],
        "summary": _safe(advice.summary),
        "sections": _sections(advice),
        "steps": [_step(step, public_id) for step in advice.history],
        "nav": "destinations",
    }  # fmt: skip
    return render(request, "advisories/advisory.html", context)


def _safe(html: str) -> str:
    return mark_safe(html)  # noqa: S308 - cleaned when it was read (cleaning.py)


def _sections(advice: IssuerAdvice) -> list[dict[str, Any]]:
    return [
        {"heading": part.heading, "html": _safe(part.html), "lang": part.lang, "since": part.since}
        for parts in advice.sections.values()
        for part in parts
    ]


def _step(step: LevelStep, asked: str) -> dict[str, Any]:
    """A change in words. The worst part tells whether parts differed."""
    return {
        "at": step.at,
        "change": labels.CHANGES.get(step.change, step.change),
        "old": "" if step.change in ("first", "new") else _words(step.old, step.old_max),
        "new": "" if step.change == "ended" else _words(step.new, step.new_max),
        "wording": step.original_level,
        "note": step.note,
        "is_asked": step.version_id == asked,
    }


def _words(level: int | None, level_max: int | None) -> str:
    return labels.level_words(level, level_max, is_partial=level_max != level)
