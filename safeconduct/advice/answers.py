"""From rules and a journey to an answer for every stop and kind. Pure: no ORM, no network, no clock.

An answer is what named rules say: required, recommended, not required, no admission; *depends* while something that a
rule asks for is not known, and on what; or *unknown*: no rule is known, which never means that nothing is asked.
Rules that contradict each other are all in the answer. Nothing here decides for a traveller which one is right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from safeconduct.advice.kinds import (
    BY_CODE,
    DEPENDS,
    KINDS,
    NOT_REQUIRED,
    RECOMMENDED,
    REFUSED,
    REQUIRED,
    UNKNOWN,
)

RANK: Final = {NOT_REQUIRED: 1, RECOMMENDED: 2, REQUIRED: 3, REFUSED: 4}
DAYS_A_MONTH: Final = 30.44


@dataclass(frozen=True, slots=True)
class Source:
    """Who says so. `on`: the document's own date, else when it was read."""

    name: str
    url: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One named rule. Sets of countries are ISO 3166-1 alpha-2 codes; an empty set is no limit.

    `came_from`: for those who were in one of these countries before; `unsure_from`: whether these count is not known.
    `within_days`: how long before the arrival that may be, None: the rule does not say. `transit_hours`: a change of planes there
    counts when it is longer than this, None: the rule does not say. `otherwise_not`: of everybody else it is not asked.
    `lead_days`: so many days before the arrival it must be done. `stay_days`: the answer holds for stays of so many days; of longer
    ones the rule says nothing.
    """

    kind: str
    destination: str
    answer: str
    sources: tuple[Source, ...]
    passports: frozenset[str] = frozenset()
    not_passports: frozenset[str] = frozenset()
    came_from: frozenset[str] = frozenset()
    unsure_from: frozenset[str] = frozenset()
    within_days: int | None = None
    transit_hours: int | None = None
    purposes: frozenset[str] = frozenset()
    disease: str = ""
    condition: str = ""
    stay_days: int | None = None
    obtained: str = ""
    lead_days: int | None = None
    also_transit: bool = False
    otherwise_not: bool = False
    valid_from: date | None = None
    valid_until: date | None = None
    review_on: date | None = None
    text: str = ""
    link: str = ""
    origin: str = "entered"
    """entered, imported, or fact: reckoned from the shipped facts."""
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of planes on the way. `hours` None: not known."""

    country: str
    hours: float | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """A destination with the changes on the way to it. Days are those of the place; None: not known."""

    country: str
    arrives_on: date | None = None
    leaves_on: date | None = None
    via: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Journey:
    """What is asked about. Empty means not known, everywhere; diseases are written as rules write them, any case."""

    departure: str
    legs: tuple[Leg, ...]
    departs_on: date | None = None
    passports: tuple[str, ...] = ()
    purpose: str = ""
    vaccinated: frozenset[str] = frozenset()
    not_vaccinated: frozenset[str] = frozenset()
    tested: frozenset[str] = frozenset()
    way_home: tuple[Change, ...] = ()
    """Changes of planes after the last leg."""

    @property
    def countries(self) -> frozenset[str]:
        """Every country that is entered or changed in."""
        changes = (change for via in (*(leg.via for leg in self.legs), self.way_home) for change in via)
        return frozenset((*(leg.country for leg in self.legs), *(change.country for change in changes)))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule applies, or what it depends on: a code with the country, disease or number it is about."""

    code: str
    country: str = ""
    number: float | None = None
    disease: str = ""


@dataclass(frozen=True, slots=True)
class Been:
    """Where somebody was before a stop."""

    country: str
    is_transit: bool
    hours: float | None = None
    left_on: date | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """One country on the way: entered, or only changed in."""

    number: int
    country: str
    is_transit: bool
    arrives_on: date | None
    leaves_on: date | None
    hours: float | None
    before: tuple[Been, ...]

    @property
    def days(self) -> int | None:
        """How many days the stay touches, first and last included."""
        if self.arrives_on is None or self.leaves_on is None:
            return None
        return (self.leaves_on - self.arrives_on).days + 1


@dataclass(frozen=True, slots=True)
class Statement:
    """What one rule says for one stop. `depends_on`: it says so only if; empty: it does. `passport`: of which one."""

    rule: Rule
    state: str
    because: tuple[Reason, ...] = ()
    depends_on: tuple[Reason, ...] = ()
    passport: str = ""
    is_stale: bool = False
    act_by: date | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about one kind at one stop. `statements` is empty only when `state` is unknown."""

    kind: str
    state: str
    statements: tuple[Statement, ...] = ()
    depends_on: tuple[Reason, ...] = ()
    is_conflicting: bool = False
    is_stale: bool = False
    act_by: date | None = None


@dataclass(frozen=True, slots=True)
class StopAnswers:
    """Every kind that is asked at a stop, in the order of KINDS."""

    stop: Stop
    answers: tuple[Answer, ...]


def stops_of(journey: Journey) -> tuple[Stop, ...]:
    """The journey as stops, changes of planes among them, each with where somebody was before."""
    found: list[Stop] = []
    before: list[Been] = []
    if journey.departure:
        before.append(Been(journey.departure, False, left_on=journey.departs_on))

    def change_at(change: Change, on: date | None) -> None:
        found.append(Stop(len(found) + 1, change.country, True, on, on, change.hours, tuple(before)))
        before.append(Been(change.country, True, change.hours, on))

    for leg in journey.legs:
        for change in leg.via:
            change_at(change, leg.arrives_on)
        found.append(Stop(len(found) + 1, leg.country, False, leg.arrives_on, leg.leaves_on, None, tuple(before)))
        before.append(Been(leg.country, False, left_on=leg.leaves_on))
    for change in journey.way_home:
        change_at(change, journey.legs[-1].leaves_on if journey.legs else None)
    return tuple(found)


def answers_for(
    journey: Journey, rules: Iterable[Rule], *, today: date, kinds: Collection[str] = tuple(BY_CODE)
) -> tuple[StopAnswers, ...]:
    """Return an answer for every stop and kind. At a change of planes only what is asked of people who change."""
    by_place: dict[tuple[str, str], list[Rule]] = {}
    for rule in rules:
        by_place.setdefault((rule.destination, rule.kind), []).append(rule)
    found = []
    for stop in stops_of(journey):
        answers = []
        for kind in KINDS:
            mine = by_place.get((stop.country, kind.code), [])
            if stop.is_transit and not kind.is_of_transit:
                mine = [rule for rule in mine if rule.also_transit]
            if kind.code not in kinds or (kind.is_of_transit and not stop.is_transit):
                continue
            if stop.is_transit and not kind.is_of_transit and not mine:
                continue
            answers.append(answer_of(kind.code, mine, stop, journey, today=today))
        found.append(StopAnswers(stop, tuple(answers)))
    return tuple(found)


def answer_of(kind: str, rules: Sequence[Rule], stop: Stop, journey: Journey, *, today: date) -> Answer:
    """Return what the rules of one kind and country say for a stop."""
    of_passport = [
        [said for rule in rules if (said := statement(rule, stop, journey, passport, today=today)) is not None]
        for passport in journey.passports or ("",)
    ]
    states = [_state(said) for said in of_passport]
    statements = tuple(dict.fromkeys(said for each in of_passport for said in each))
    if not statements:
        return Answer(kind, UNKNOWN)
    state = states[0] if len(set(states)) == 1 else DEPENDS
    depends_on: list[Reason] = []
    if len(set(states)) > 1:
        depends_on.append(Reason("which_passport"))
    if DEPENDS in states:
        depends_on += [reason for said in statements for reason in said.depends_on]
    acts = [said.act_by for said in statements if said.act_by is not None]
    return Answer(
        kind,
        state,
        statements,
        tuple(dict.fromkeys(depends_on)),
        any(_conflict(said) for said in of_passport),
        all(said.is_stale for said in statements),
        min(acts, default=None),
    )


def _state(statements: Sequence[Statement]) -> str:
    """What they come to: the strictest of what is sure, unless something that is not sure could say otherwise."""
    sure = {said.state for said in statements if not said.depends_on}
    unsure = {said.state for said in statements if said.depends_on and not _only_stay(said)}
    is_stay_open = any(reason.code == "stay" for said in statements for reason in said.depends_on)
    if not sure:
        return DEPENDS if unsure or is_stay_open else UNKNOWN
    strictest = max(sure, key=RANK.__getitem__)
    # For a longer stay a rule may ask for more than it says, but not for more than what is required anyway.
    if is_stay_open and RANK[strictest] < RANK[REQUIRED]:
        return DEPENDS
    return strictest if unsure <= {strictest} else DEPENDS


def _only_stay(said: Statement) -> bool:
    """Whether nothing but the length of the stay is between this rule and its answer."""
    return {reason.code for reason in said.depends_on} == {"stay"}


def _conflict(statements: Sequence[Statement]) -> bool:
    """Whether rules that both apply differ: in what they say, or in how long one may stay."""
    sure = [said for said in statements if not said.depends_on]
    stays = {said.rule.stay_days for said in sure if said.state == NOT_REQUIRED and said.rule.stay_days}
    return len({said.state for said in sure}) > 1 or len(stays) > 1


def statement(rule: Rule, stop: Stop, journey: Journey, passport: str, *, today: date) -> Statement | None:
    """Return what a rule says to a holder of this passport ("" not known) at a stop; None when it says nothing."""
    window = _in_force(rule, stop)
    if window is False:
        return None
    tests = [_passport(rule, passport), _purpose(rule, journey), _condition(rule, journey), _origin(rule, stop)]
    verdicts = [window if isinstance(window, _Maybe) else _Yes(), *tests]
    holder = passport if rule.passports or rule.not_passports else ""
    stale = is_stale(rule, today)
    misses = [one for one in verdicts if isinstance(one, _No)]
    open_ = tuple(reason for one in verdicts if isinstance(one, _Maybe) for reason in one.reasons)
    if misses:
        if not rule.otherwise_not or isinstance(window, _Maybe):
            return None
        because = tuple(reason for one in misses for reason in one.reasons)
        return Statement(rule, NOT_REQUIRED, because, (), holder, stale)
    because = tuple(reason for one in verdicts if isinstance(one, _Yes) for reason in one.reasons)
    state = rule.answer
    if rule.stay_days and state == NOT_REQUIRED and not (stop.is_transit and stop.days is None):
        # Of a longer stay the rule says nothing.
        if stop.days is None or stop.days > rule.stay_days:
            open_ = (*open_, Reason("stay"))
        if stop.days is not None and stop.days > rule.stay_days:
            because = (*because, Reason("stay_longer", number=stop.days))
    act_by = None
    if state in (REQUIRED, RECOMMENDED) and rule.lead_days and stop.arrives_on:
        act_by = stop.arrives_on - timedelta(days=rule.lead_days)
    return Statement(rule, state, because, open_, holder, stale, act_by)


def is_stale(rule: Rule, today: date) -> bool:
    """Whether somebody should look again: its review is due, or without one, its newest source is too old."""
    if rule.review_on is not None:
        return rule.review_on < today
    known = [source.on for source in rule.sources if source.on is not None]
    return not known or (today - max(known)).days > BY_CODE[rule.kind].fresh_months * DAYS_A_MONTH


@dataclass(frozen=True, slots=True)
class _Yes:
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class _No:
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class _Maybe:
    reasons: tuple[Reason, ...]


_Verdict = _Yes | _No | _Maybe


def _in_force(rule: Rule, stop: Stop) -> bool | _Maybe:
    """Whether the rule holds on the day of the arrival."""
    if rule.valid_from is None and rule.valid_until is None:
        return True
    if stop.arrives_on is None:
        return _Maybe((Reason("dates"),))
    began = rule.valid_from is None or rule.valid_from <= stop.arrives_on
    return began and (rule.valid_until is None or stop.arrives_on <= rule.valid_until)


def _passport(rule: Rule, passport: str) -> _Verdict:
    if not rule.passports and not rule.not_passports:
        return _Yes()
    if not passport:
        return _Maybe((Reason("passport"),))
    named = (not rule.passports or passport in rule.passports) and passport not in rule.not_passports
    reason = (Reason("passport", passport),)
    return _Yes(reason) if named else _No(reason)


def _purpose(rule: Rule, journey: Journey) -> _Verdict:
    if not rule.purposes:
        return _Yes()
    if not journey.purpose:
        return _Maybe((Reason("purpose"),))
    return _Yes((Reason("purpose"),)) if journey.purpose in rule.purposes else _No((Reason("purpose"),))


def _condition(rule: Rule, journey: Journey) -> _Verdict:
    if not rule.condition:
        return _Yes()
    wanted = not rule.condition.startswith("not_")
    disease = rule.disease.casefold()
    if rule.condition.endswith("vaccinated"):
        code, yes, no = "vaccination", journey.vaccinated, journey.not_vaccinated
    else:
        code, yes, no = "test", journey.tested, frozenset[str]()
    reason = (Reason(code, disease=rule.disease),)
    has = disease in {one.casefold() for one in yes}
    if not has and disease not in {one.casefold() for one in no}:
        return _Maybe(reason)
    return _Yes(reason) if has is wanted else _No(reason)


def _origin(rule: Rule, stop: Stop) -> _Verdict:
    """Whether somebody comes from where the rule says."""
    if not rule.came_from and not rule.unsure_from:
        return _Yes()
    last = max((n for n, been in enumerate(stop.before) if not been.is_transit), default=-1)
    verdicts = [_been(rule, been, stop, is_last=n >= last) for n, been in enumerate(stop.before)]
    if last < 0:
        verdicts.append(_Maybe((Reason("departure"),)))
    if hits := [one for one in verdicts if isinstance(one, _Yes)]:
        return _Yes(tuple(reason for one in hits for reason in one.reasons))
    if open_ := [one for one in verdicts if isinstance(one, _Maybe)]:
        return _Maybe(tuple(dict.fromkeys(reason for one in open_ for reason in one.reasons)))
    return _No((Reason("not_from"),))


def _been(rule: Rule, been: Been, stop: Stop, *, is_last: bool) -> _Verdict:
    """What one place before the stop means. `is_last`: the last stay, or a change of planes since."""
    is_named = been.country in rule.came_from
    if not is_named and been.country not in rule.unsure_from:
        return _No()
    verdict: _Verdict
    verdict = _changed(rule, been) if been.is_transit else _Yes((Reason("from" if is_last else "was_in", been.country),))
    if not is_last and not isinstance(verdict, _No):
        if rule.within_days is None or been.left_on is None or stop.arrives_on is None:
            open_ = verdict.reasons if isinstance(verdict, _Maybe) else ()
            verdict = _Maybe((*open_, Reason("earlier", been.country)))
        elif (stop.arrives_on - been.left_on).days > rule.within_days:
            verdict = _No()
    if is_named or isinstance(verdict, _No):
        return verdict
    return _Maybe((Reason("risk", been.country),))


def _changed(rule: Rule, been: Been) -> _Verdict:
    if rule.transit_hours is None:
        return _Maybe((Reason("transit", been.country),))
    if been.hours is None:
        return _Maybe((Reason("hours", been.country, rule.transit_hours),))
    return _Yes((Reason("changed", been.country, been.hours),)) if been.hours > rule.transit_hours else _No()
