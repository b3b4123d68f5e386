"""A briefing for one journey: what TravelAdvisor gives. Pure: no ORM, no network, no clock.

Every line says who says so, or says that nothing is known, or is the portal's own word; there is no fourth kind. A line
has a key that stays the same and a mark of what it says, so that a reader can be shown what changed since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from safeconduct.advice.answers import Change, Journey, Leg, Source

STEPS: Final = ("trip", "entry", "health", "security", "around", "practical", "dates", "contacts", "checklist")
"""Keys of the steps in their order; they stand in addresses and never change."""

Tone = Literal["", "good", "note", "warn", "stop"]
"""What a reader should do with a line: nothing, be glad, notice it, take care, not go on before it is settled."""


@dataclass(frozen=True, slots=True)
class AskedStop:
    """A destination. `country`: ISO 3166-1 alpha-2; `place`: key of a place (`geonames:1850147`) or empty; `name`: as the
    traveller calls it, empty: the country's. Days are those of the place; None: not said."""

    country: str
    place: str = ""
    name: str = ""
    arrive: date | None = None
    leave: date | None = None
    via: tuple[Change, ...] = ()
    """Changes of planes on the way to it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a briefing is for. All but departure, stops and days may be empty: not said. `departs_on` and `returns_on` stand
    in where a stop does not say its own days. `interests` are keys of `STEPS` that a page may open first; they leave
    nothing out."""

    departure: str
    stops: tuple[AskedStop, ...]
    departs_on: date | None = None
    returns_on: date | None = None
    passports: tuple[str, ...] = ()
    purpose: str = ""
    interests: tuple[str, ...] = ()
    residence: str = ""
    vaccinated: frozenset[str] = frozenset()
    not_vaccinated: frozenset[str] = frozenset()
    tested: frozenset[str] = frozenset()
    way_home: tuple[Change, ...] = ()
    """Changes of planes after the last destination."""

    @property
    def begins_on(self) -> date | None:
        """The day of departure, else the first day that is known."""
        return self.departs_on or next((stop.arrive for stop in self.stops if stop.arrive), None)

    @property
    def ends_on(self) -> date | None:
        """The day of return, else the last day that is known."""
        days = [day for stop in self.stops for day in (stop.arrive, stop.leave) if day]
        return self.returns_on or max(days, default=None)

    @property
    def countries(self) -> tuple[str, ...]:
        """The destinations, each once, in their order; without those where one only changes planes."""
        return tuple(dict.fromkeys(stop.country for stop in self.stops))

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every change of planes, in order."""
        return (*(change for stop in self.stops for change in stop.via), *self.way_home)

    def window(self, number: int) -> tuple[date, date | None] | None:
        """First and last day on which the traveller may be at a stop (from 0), as narrow as what is known; last day None:
        nobody said when it ends; None without any day."""
        before = [day for stop in self.stops[:number] for day in (stop.arrive, stop.leave) if day]
        after = [day for stop in self.stops[number + 1 :] for day in (stop.arrive, stop.leave) if day]
        stop = self.stops[number]
        first = stop.arrive or max(before, default=None) or self.departs_on or stop.leave
        last = stop.leave or min(after, default=None) or self.returns_on
        if first is None:
            return None if last is None else (last, last)
        return first, max(first, last) if last is not None else None

    def journey(self) -> Journey:
        """The same for the rules of entry. The first arrival is the departure, and the last leave the return, where the
        stops do not say."""
        last = len(self.stops) - 1
        legs = tuple(
            Leg(
                stop.country,
                stop.arrive or (self.departs_on if n == 0 else None),
                stop.leave or (self.returns_on if n == last else self.stops[n + 1].arrive),
                stop.via,
            )
            for n, stop in enumerate(self.stops)
        )
        return Journey(
            departure=self.departure, legs=legs, departs_on=self.departs_on, passports=self.passports, purpose=self.purpose,
            vaccinated=self.vaccinated, not_vaccinated=self.not_vaccinated, tested=self.tested, way_home=self.way_home,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quoted:
    """A publisher's own words, under its licence. `html` is cleaned and empty where no more than the link may be shown;
    `written_for`: whose travellers, in words, empty for everybody; `caution`: what to know before relying on it."""

    issuer: str
    heading: str
    html: str
    lang: str
    url: str
    licence: str
    attribution: str
    fetched_at: datetime
    written_for: str = ""
    caution: str = ""
    withheld: str = ""
    """Why `html` is empty, as `derived.Quote.withheld` says it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One statement. `key` is stable (`entry.visa.KE`); `label` names what it is about.

    `sources` may be empty only if it `is_unknown`, quotes, or `is_portal`: the portal's own word (membership, centre, what to do).
    `sign`: of the look, 0–5 or v, empty for none. `details`: further sentences of the same sources. `link`: where to go on,
    `links`: several with their words. `todo`: what to do about it, `todo_by` the last day, None: no day is known.
    `substance`: what it says apart from language and relative times; empty: its text, of what is unknown nothing.
    """

    key: str
    text: str
    sources: tuple[Source, ...] = ()
    tone: Tone = ""
    label: str = ""
    sign: str = ""
    details: tuple[str, ...] = ()
    is_unknown: bool = False
    is_portal: bool = False
    is_stale: bool = False
    quote: Quoted | None = None
    link: str = ""
    links: tuple[tuple[str, str], ...] = ()
    todo: str = ""
    todo_by: date | None = None
    substance: str = ""
    caution: str = ""
    """What to know before relying on it, where its details say so among other things: for what shows no details."""

    def __post_init__(self) -> None:
        if not (self.sources or self.is_unknown or self.is_portal or self.quote):
            raise ValueError(f"{self.key} says something and nobody is named who says so")

    @property
    def mark(self) -> str:
        """Twelve hexadecimal digits of what it says."""
        said = (self.substance or ("" if self.is_unknown else self.text), self.is_unknown)
        return hashlib.sha256(repr(said).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Group:
    """Lines about one thing. `country` empty: of the whole journey. `lead`: a sentence in front of them."""

    key: str
    title: str
    lines: tuple[Line, ...]
    country: str = ""
    country_name: str = ""
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way through a briefing; `key` is one of STEPS."""

    key: str
    title: str
    groups: tuple[Group, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every line of the step."""
        return tuple(line for group in self.groups for line in group.lines)


@dataclass(frozen=True, slots=True)
class Briefing:
    """Everything that is known for a journey, in one language. `names`: country code → name."""

    asked: Asked
    steps: tuple[Step, ...]
    made_at: datetime
    language: str
    names: Mapping[str, str]
    title: str = ""

    def lines(self) -> Iterator[Line]:
        """Every line, in order."""
        for step in self.steps:
            yield from step.lines

    def step(self, key: str) -> Step:
        """A step by its key; KeyError when there is none."""
        return {step.key: step for step in self.steps}[key]

    def marks(self) -> dict[str, str]:
        """Line key → mark of what it says: to be kept with the reading, and compared later. Holds no word of it."""
        return {line.key: line.mark for line in self.lines()}


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different since a briefing was read. `gone`: keys of lines that are no longer there."""

    added: tuple[Line, ...] = ()
    changed: tuple[Line, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.gone)


def changes(before: Mapping[str, str], briefing: Briefing) -> Changes:
    """Return what was added, says something else, or is gone, against marks that were kept."""
    lines = [line for line in briefing.lines() if not line.key.startswith(f"{STEPS[-1]}.")]
    now = {line.key for line in lines}
    return Changes(
        tuple(line for line in lines if line.key not in before),
        tuple(line for line in lines if line.key in before and before[line.key] != line.mark),
        tuple(key for key in before if key not in now and not key.startswith(f"{STEPS[-1]}.")),
    )


def _todo_mark(line: Line) -> str:
    said = (line.mark, "" if line.substance else line.todo, line.todo_by)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Todo:
    """Something to do. `key`: of the line that asks for it; `by`: the last day, None: before the departure, no day is known."""

    key: str
    text: str
    by: date | None
    step: str
    country: str
    country_name: str
    tone: Tone = ""
    sources: tuple[Source, ...] = ()
    mark: str = ""
    """Of what is to be done, for what, and by when, whoever's language: another one is another thing to do."""

    @property
    def tick(self) -> str:
        """What is written down when it is done: it holds for this thing as it is, and for no later one of its key."""
        return f"{self.key}#{self.mark}"


def checklist(briefing: Briefing) -> tuple[Todo, ...]:
    """Return everything to do, by its day, what has none last; the same thing to do once."""
    found: dict[tuple[str, date | None], Todo] = {}
    for step in briefing.steps:
        for group in step.groups:
            for line in group.lines:
                if line.todo:
                    todo = Todo(
                        line.key, line.todo, line.todo_by, step.key, group.country, group.country_name, line.tone, line.sources,
                        _todo_mark(line),
                    )  # fmt: skip
                    found.setdefault((line.todo, line.todo_by), todo)
    return tuple(sorted(found.values(), key=lambda todo: (todo.by is None, todo.by or date.max)))
