"""A step of a briefing as its page shows it: what must be done first, then what is known, then what is not.

It orders and counts; every word of substance is the briefing's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import pgettext

from safeconduct.advice import preparing, standing
from safeconduct.advice.asking import digest_of
from safeconduct.advice.briefing import STEPS, Asked, Briefing, Changes, Group, Line, Todo, checklist
from safeconduct.advice.models import Preparation
from safeconduct.orgs.access import Seat
from safeconduct.places.queries import country_names

MOST_FIRST: Final = 2
LONG_FACT: Final = 160
LONG_BADGE: Final = 36
URGENT: Final = ("4", "5")
TONE_SIGNS: Final = {"stop": "4", "warn": "3", "note": "2", "good": "1"}
"""The sign of a line that has none of its own; no tone, no sign."""


@dataclass(frozen=True, slots=True)
class Head:
    """For what journey a briefing is, in words."""

    route: str
    begins_on: date | None
    ends_on: date | None
    passports: tuple[str, ...]
    trip_title: str
    trip_url: str


@dataclass(frozen=True, slots=True)
class StepLink:
    """One entry of the list of steps."""

    key: str
    title: str
    url: str
    is_done: bool
    is_current: bool
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class LineView:
    """A line with its sign and where it is found. `country`: its name, where the journey has several and none stands over it."""

    line: Line
    sign: str
    anchor: str
    country: str = ""

    @property
    def is_badge(self) -> bool:
        """Whether it is a word or two with a sign: a state."""
        return bool(self.sign) and len(self.line.text) <= LONG_BADGE


@dataclass(frozen=True, slots=True)
class GroupView:
    """Lines about one thing: with a sign, plain facts, and what is quoted."""

    group: Group
    rows: tuple[LineView, ...]
    facts: tuple[LineView, ...]
    quotes: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to do. `name`: of its anchor; `step_url`: where it is explained."""

    todo: Todo
    text: str
    is_done: bool
    step_url: str
    step_title: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class News:
    """A line that changed, and where it stands. `country`: its name, where the journey has several."""

    line: Line
    url: str
    is_new: bool
    country: str = ""


@dataclass(frozen=True)
class StepPage:
    """One page of the way through a briefing."""

    row: Preparation
    head: Head
    briefing: Briefing
    key: str
    title: str
    number: int
    steps: tuple[StepLink, ...]
    first: tuple[LineView, ...]
    groups: tuple[GroupView, ...]
    unknown: tuple[LineView, ...]
    todo: tuple[Entry, ...]
    news: tuple[News, ...]
    gone: int
    since_acknowledged: tuple[News, ...]
    standing: standing.Standing
    seen: str = ""
    """Of what this page shows; posted with that it was read."""
    seen_all: str = ""
    """Of the whole briefing; posted with that all of it was, or is acknowledged."""
    before: StepLink | None = None
    after: StepLink | None = None
    more: dict[str, object] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many steps there are."""
        return len(self.steps)

    @property
    def read_count(self) -> int:
        """How many were read."""
        return sum(one.is_done for one in self.steps)

    @property
    def open_count(self) -> int:
        """How many things to do are not done."""
        return sum(not entry.is_done for entry in self.todo)

    @property
    def done_count(self) -> int:
        """How many are."""
        return sum(entry.is_done for entry in self.todo)

    @property
    def act_by(self) -> date | None:
        """The nearest day by which something is to be done."""
        return min((one.todo.by for one in self.todo if one.todo.by and not one.is_done), default=None)

    @property
    def is_first_step(self) -> bool:
        """Whether this is the journey itself."""
        return self.key == STEPS[0]

    @property
    def is_checklist(self) -> bool:
        """Whether this is the last step."""
        return self.key == STEPS[-1]

    @property
    def made_at(self) -> datetime:
        """When it was looked up."""
        return self.briefing.made_at

    @property
    def quoted_for(self) -> tuple[str, ...]:
        """Whose travellers the quotes of this page were written for, each once."""
        found = [one.line.quote.written_for for group in self.groups for one in group.quotes if one.line.quote]
        return tuple(dict.fromkeys(text for text in found if text))


def head_of(row: Preparation, lang: str, asked: Asked | None = None) -> Head:
    """Return for what journey a preparation is."""
    asked = asked or standing.question_of(row, lang)
    codes = {asked.departure, *asked.countries, *asked.passports, *(change.country for change in asked.changes)}
    names = country_names({code for code in codes if code}, lang)
    stops = [stop.name or names.get(stop.country, stop.country) for stop in asked.stops]
    via = [names.get(change.country, change.country) for change in asked.changes]
    ends = " – ".join(filter(None, (names.get(asked.departure, asked.departure), *stops)))
    route = pgettext("route", "%(ends)s by %(via)s") % {"ends": ends, "via": ", ".join(dict.fromkeys(via))} if via else ends
    begins, until = asked.begins_on, asked.ends_on
    return Head(
        route, begins, until, tuple(names.get(code, code) for code in asked.passports),
        row.trip.title if row.trip is not None else "",
        reverse("trips:detail", args=[row.trip.public_id]) if row.trip is not None else "",
    )  # fmt: skip


def page_of(row: Preparation, briefing: Briefing, key: str, seat: Seat) -> StepPage:
    """Return the page of one step."""
    links = tuple(_link(row, briefing, one, key) for one in STEPS)
    by_key = {one.key: one for one in links}
    number = STEPS.index(key)
    lines = [line for step in briefing.steps if step.key == key for line in step.lines]
    first = _first(lines) if key not in (STEPS[0], STEPS[-1]) else []
    todos = [todo for todo in checklist(briefing) if key in (todo.step, STEPS[-1])]
    found = standing.news_for(row, briefing)
    countries = _countries(briefing)
    return StepPage(
        row=row,
        head=head_of(row, briefing.language, briefing.asked),
        briefing=briefing,
        key=key,
        title=by_key[key].title,
        number=number + 1,
        steps=links,
        first=tuple(_view(line, countries) for line in first),
        groups=tuple(
            view for step in briefing.steps if step.key == key for group in step.groups
            if key != STEPS[-1] and (view := _group(group)) is not None
        ),
        unknown=tuple(_view(line, countries) for line in lines if line.is_unknown and not line.quote and key != STEPS[-1]),
        todo=tuple(_entry(todo, row, by_key, briefing) for todo in todos),
        news=_news(found, by_key, countries),
        gone=len(found.gone),
        since_acknowledged=_lines(standing.changed_since_acknowledged(row, briefing), by_key, row.acknowledged_marks, countries),
        standing=_own_standing(row, briefing),
        seen=preparing.seen_of(row, briefing, key),
        seen_all=preparing.seen_of(row, briefing),
        before=links[number - 1] if number else None,
        after=links[number + 1] if number + 1 < len(links) else None,
    )  # fmt: skip


def _own_standing(row: Preparation, briefing: Briefing) -> standing.Standing:
    if row.trip is not None:
        return standing.standing_of(row.trip, briefing.made_at)
    return standing.Standing(
        row.acknowledged_at, row.acknowledged_at is not None and row.acknowledged_for != digest_of(briefing.asked)
    )


def _link(row: Preparation, briefing: Briefing, key: str, current: str) -> StepLink:
    titles = {step.key: step.title for step in briefing.steps}
    return StepLink(
        key, titles.get(key, key), reverse("advisor:step", args=[row.public_id, key]), key in row.steps_read, key == current,
        key in briefing.asked.interests,
    )  # fmt: skip


def sign_of(line: Line) -> str:
    """Return the line's own sign, else that of its tone."""
    return line.sign or TONE_SIGNS.get(line.tone, "")


def _countries(briefing: Briefing) -> dict[str, str]:
    """Line key → name of its country, of a journey that has several countries."""
    named = [(group, line.key) for step in briefing.steps for group in step.groups if group.country for line in group.lines]
    if len({group.country for group, _key in named}) < 2:
        return {}
    return {key: group.country_name for group, key in named}


def _view(line: Line, countries: Mapping[str, str] | None = None) -> LineView:
    return LineView(line, sign_of(line), anchor_of(line.key), (countries or {}).get(line.key, ""))


def anchor_of(key: str) -> str:
    """Return the name of a line's place on its page."""
    return "l-" + key.replace(".", "-").replace(":", "-")


def _first(lines: Sequence[Line]) -> list[Line]:
    """What cannot wait: what stops the journey, then what is required; the soonest first."""
    urgent = [
        line for line in lines
        if not line.quote and not line.is_unknown and (line.tone == "stop" or (line.todo and sign_of(line) in URGENT))
    ]  # fmt: skip
    return sorted(urgent, key=lambda line: (line.tone != "stop", line.todo_by or date.max))[:MOST_FIRST]


def _group(group: Group) -> GroupView | None:
    lines = [line for line in group.lines if line.quote or not line.is_unknown]
    rows = [line for line in lines if not line.quote and (sign_of(line) or not _is_fact(line))]
    facts = [line for line in lines if not line.quote and not sign_of(line) and _is_fact(line)]
    quotes = [line for line in lines if line.quote]
    if not lines and not group.lead:
        return None
    return GroupView(group, tuple(map(_view, rows)), tuple(map(_view, facts)), tuple(map(_view, quotes)))


def _is_fact(line: Line) -> bool:
    """Whether it fits beside others: a term and a few words."""
    return bool(line.label) and len(line.text) <= LONG_FACT and not line.details and not line.links


def _entry(todo: Todo, row: Preparation, links: dict[str, StepLink], briefing: Briefing) -> Entry:
    link = links.get(todo.step)
    is_done = todo.tick in row.ticked
    return Entry(
        todo, todo.text.rstrip(".。"), is_done, f"{link.url}#{anchor_of(todo.key)}" if link else "", link.title if link else "",
        not is_done and todo.by is not None and todo.by < briefing.made_at.date(),
    )  # fmt: skip


def _news(found: Changes, links: dict[str, StepLink], countries: Mapping[str, str]) -> tuple[News, ...]:
    changed = [_one_news(line, links, countries, is_new=False) for line in found.changed]
    added = [_one_news(line, links, countries, is_new=True) for line in found.added]
    return tuple(sorted((*changed, *added), key=lambda one: not standing.is_of_substance(one.line.key)))


def _lines(
    lines: Sequence[Line], links: dict[str, StepLink], before: dict[str, str], countries: Mapping[str, str]
) -> tuple[News, ...]:
    return tuple(_one_news(line, links, countries, is_new=line.key not in before) for line in lines)


def _one_news(line: Line, links: dict[str, StepLink], countries: Mapping[str, str], *, is_new: bool) -> News:
    link = links.get(line.key.partition(".")[0])
    return News(line, f"{link.url}#{anchor_of(line.key)}" if link else "", is_new, countries.get(line.key, ""))


__all__ = ["Head", "StepPage", "anchor_of", "head_of", "page_of", "sign_of"]
