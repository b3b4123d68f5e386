"""The kinds of mail of this room, and the words of a mail before a trip: what a briefing comes to, in one language.

A mail is made from the trip alone. What its person answered (passport, purpose, vaccinations) is in none, so that nothing
of it lies in a mailbox or in the outbox; the page behind the link knows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import zip_longest
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext

from safeconduct.advice.briefing import Briefing, Group, Line, checklist
from safeconduct.advice.paging import sign_of
from safeconduct.advice.standing import LEVELS
from safeconduct.alerts.labels import SEVERITIES, SEVERITY_STEPS
from safeconduct.centres.queries import all_centres
from safeconduct.lib.timewords import day_words
from safeconduct.matching.queries import Concern
from safeconduct.notify.addresses import absolute
from safeconduct.outbox.kinds import Kind, register

BRIEFING: Final = register(
    Kind(code="trip.briefing", room="advice", unsubscribable=True, priority=45, useful_for=timedelta(days=3))
)
REMINDER: Final = register(
    Kind(code="trip.briefing.reminder", room="advice", unsubscribable=True, priority=45, useful_for=timedelta(days=3))
)
REGISTERED, CHANGED, WEEK, REMIND = "registered", "changed", "week", "remind"
"""Why a mail is written; templates know them."""
MOST: Final = 12
ASKED: Final = ("entry", "health")
"""Steps of which a mail says what is required and what is not known."""
TAGS: Final = {"v": "2", "0": ""}
"""The class of a tag in mails for signs that mails have none for; what is unknown has no colour."""


@dataclass(frozen=True, slots=True)
class Said:
    """A line of a mail: about what and where, what is said, who says so. `tag`: the class of its level, 1 to 5, or empty;
    `country`: code, empty for the whole journey; `caution`: what to know before relying on it."""

    label: str
    text: str
    source: str = ""
    tag: str = ""
    url: str = ""
    country: str = ""
    caution: str = ""


def briefing_words(briefing: Briefing, concerns: Sequence[Concern], *, stage: str) -> Mapping[str, Any]:
    """Return what a mail says of a trip, in the briefing's language. Nothing in it is of its person."""
    with translation.override(briefing.language):
        year = briefing.made_at.year
        groups = [(step.key, group) for step in briefing.steps for group in step.groups]
        levels = [
            _said(line, group) for _key, group in groups for line in group.lines
            if line.key.startswith(LEVELS)
        ]  # fmt: skip
        asked = [(group, line) for key, group in groups if key in ASKED for line in group.lines if not line.quote]
        required = [_said(line, group) for group, line in asked if _is_asked(line)]
        unknown = [_said(line, group) for group, line in asked if line.is_unknown and not line.key.startswith(LEVELS)]
        todo = [(one.text.rstrip(".。"), day_words(one.by, this_year=year) if one.by else "") for one in checklist(briefing)]
        return {
            "stage": stage,
            "has_centres": all_centres().exists(),
            **_limited("levels", levels),
            **_limited("required", required),
            "unknown": unknown[:MOST],
            "more_unknown": max(0, len(unknown) - MOST),
            "todo": todo[:MOST],
            "more_todo": max(0, len(todo) - MOST),
            "alerts": [_alert(one) for one in concerns[:MOST]],
            "more_alerts": max(0, len(concerns) - MOST),
            "route": _route(briefing),
            "days": _days(briefing.asked.begins_on, briefing.asked.ends_on, year),
        }


def _limited(name: str, rows: Sequence[Said]) -> dict[str, Any]:
    """As many as a mail holds, in their order, and how many more there are. Every country has its turn, its worst first,
    and is there at least once."""
    by_country: dict[str, list[Said]] = {}
    for row in rows:
        by_country.setdefault(row.country, []).append(row)
    turns = [sorted(mine, key=lambda row: row.tag, reverse=True) for mine in by_country.values()]
    in_turn = [row for round_ in zip_longest(*turns) for row in round_ if row is not None]
    chosen = {id(row) for row in in_turn[: max(MOST, len(turns))]}
    return {name: [row for row in rows if id(row) in chosen], f"more_{name}": len(rows) - len(chosen)}


def _is_asked(line: Line) -> bool:
    """Whether something is asked at a border, or may be: required, no admission, or it depends."""
    return not line.is_unknown and not line.key.startswith(LEVELS) and sign_of(line) in ("5", "4", "v")


def _said(line: Line, group: Group) -> Said:
    about = ", ".join(filter(None, (line.label or group.title, group.country_name)))
    sign = sign_of(line)
    caution = line.caution or (gettext("Old, to be checked.") if line.is_stale else "")
    return Said(about, line.text, _sources(line), TAGS.get(sign, sign), _whole(line.link), group.country, caution)


def _sources(line: Line) -> str:
    return "; ".join(
        f"{source.name}, {day_words(source.on, this_year=0)}" if source.on else source.name for source in line.sources
    )


def _whole(link: str) -> str:
    """An address that a mail can carry; none for telephone numbers."""
    if link.startswith("/"):
        return absolute(link)
    return link if link.startswith("http") else ""


def _alert(one: Concern) -> Said:
    word = str(SEVERITIES.get(one.severity, one.severity))
    return Said(word, one.headline, one.place, str(SEVERITY_STEPS.get(one.severity, 0) or ""), absolute(one.url))


def _route(briefing: Briefing) -> str:
    asked = briefing.asked
    codes: Iterable[str] = filter(None, (asked.departure, *asked.countries))
    return " – ".join(dict.fromkeys(briefing.names.get(code, code) for code in codes))


def _days(first: date | None, last: date | None, year: int) -> tuple[str, str]:
    shown = [day_words(day, this_year=year) if day else "" for day in (first, last)]
    return shown[0], shown[1] if shown[1] != shown[0] else ""
