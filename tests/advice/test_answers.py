"""What rules come to for a journey: never a silent nothing, never wrong presented as sure, contradictions in the open."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.advice.answers import (
    Answer,
    Change,
    Journey,
    Leg,
    Rule,
    Source,
    StopAnswers,
    answers_for,
    is_stale,
    stops_of,
)
from safeconduct.advice.kinds import (
    ANSWERS,
    BY_CODE,
    CONDITIONS,
    DEPENDS,
    KINDS,
    NOT_REQUIRED,
    RECOMMENDED,
    REFUSED,
    REQUIRED,
    UNKNOWN,
)

TODAY = date(2026, 11, 24)
ARRIVAL = date(2027, 1, 11)
RISK = frozenset({"ET", "BR"})


def rule(answer: str = REQUIRED, kind: str = "visa", destination: str = "KE", **more: Any) -> Rule:
    source = Source(more.pop("source", "Embassy"), "https://embassy.example.org/", more.pop("on", TODAY))
    return Rule(kind, destination, answer, (source,), **more)


def certificate(**more: Any) -> Rule:
    given = {"came_from": RISK, "unsure_from": frozenset({"RW"}), "transit_hours": 12, "otherwise_not": True, "lead_days": 10}
    return rule(REQUIRED, "yellow_fever", **{**given, **more})


def journey(*legs: Leg, departure: str = "US", **more: Any) -> Journey:
    return Journey(departure, legs or (Leg("KE", ARRIVAL, ARRIVAL + timedelta(days=13)),), **more)


def answer(rules: list[Rule], asked: Journey, kind: str = "", stop: int = -1) -> Answer:
    """The answer of a kind at a stop: the kind of the first rule, the last stop."""
    wanted = kind or rules[0].kind
    return next(one for one in answers_for(asked, rules, today=TODAY)[stop].answers if one.kind == wanted)


def codes(reasons: Any) -> list[tuple[str, str]]:
    return [(reason.code, reason.country) for reason in reasons]


def test_every_kind_is_answered_and_unknown_is_said() -> None:
    (stop,) = answers_for(journey(), [], today=TODAY)
    asked = [kind.code for kind in KINDS if not kind.is_of_transit]
    assert [one.kind for one in stop.answers] == asked
    assert {one.state for one in stop.answers} == {UNKNOWN}


def test_a_change_of_planes_is_a_stop_and_asks_only_what_is_asked_there() -> None:
    asked = journey(Leg("KE", ARRIVAL, None, (Change("ET", 14),)))
    rules = [
        rule(REQUIRED, "transit", "ET"),
        rule(REQUIRED, "visa", "ET"),
        rule(REQUIRED, "test", "ET", also_transit=True),
        rule(REQUIRED, "form", "ET"),
    ]
    change, arrival = answers_for(asked, rules, today=TODAY)
    assert (change.stop.is_transit, change.stop.hours, arrival.stop.is_transit) == (True, 14, False)
    assert [(one.kind, one.state) for one in change.answers] == [("transit", REQUIRED), ("test", REQUIRED)]
    assert "transit" not in [one.kind for one in arrival.answers]
    (unruled,) = (one for one in answers_for(asked, [], today=TODAY)[0].answers)
    assert (unruled.kind, unruled.state) == ("transit", UNKNOWN)


def test_a_passport_that_is_not_said_leaves_it_open() -> None:
    rules = [rule(NOT_REQUIRED, passports=frozenset({"DE"}), stay_days=90), rule(REQUIRED, passports=frozenset({"IN"}))]
    open_ = answer(rules, journey())
    assert open_.state == DEPENDS and codes(open_.depends_on) == [("passport", "")]
    german = answer(rules, journey(passports=("DE",)))
    assert (german.state, len(german.statements), german.statements[0].passport) == (NOT_REQUIRED, 1, "DE")
    assert answer(rules, journey(passports=("FR",))).state == UNKNOWN


def test_rules_for_every_passport_but_some() -> None:
    rules = [rule(REQUIRED, not_passports=frozenset({"DE"}))]
    assert answer(rules, journey(passports=("IN",))).state == REQUIRED
    assert answer(rules, journey(passports=("DE",))).state == UNKNOWN
    rules = [rule(REQUIRED, not_passports=frozenset({"DE"}), otherwise_not=True)]
    assert answer(rules, journey(passports=("DE",))).state == NOT_REQUIRED


def test_two_passports_with_different_answers_depend_on_which_is_shown() -> None:
    rules = [rule(NOT_REQUIRED, passports=frozenset({"DE"})), rule(REQUIRED, passports=frozenset({"IN"}))]
    both = answer(rules, journey(passports=("DE", "IN")))
    assert both.state == DEPENDS and codes(both.depends_on) == [("which_passport", "")]
    assert {said.passport: said.state for said in both.statements} == {"DE": NOT_REQUIRED, "IN": REQUIRED}
    assert not both.is_conflicting


def test_contradicting_rules_are_both_shown_and_the_stricter_is_the_answer() -> None:
    rules = [rule(NOT_REQUIRED, source="Matrix", stay_days=90), rule(REQUIRED, source="Embassy")]
    found = answer(rules, journey())
    assert found.state == REQUIRED and found.is_conflicting
    assert [said.rule.sources[0].name for said in found.statements] == ["Matrix", "Embassy"]
    days = answer([rule(NOT_REQUIRED, stay_days=90), rule(NOT_REQUIRED, source="B", stay_days=30)], journey())
    assert days.state == NOT_REQUIRED and days.is_conflicting
    assert not answer([rule(), rule(source="B")], journey()).is_conflicting
    assert answer([rule(REFUSED), rule(RECOMMENDED, source="B")], journey()).state == REFUSED


def stay(days: int) -> Journey:
    return journey(Leg("KE", ARRIVAL, ARRIVAL + timedelta(days=days - 1)))


def test_of_a_stay_longer_than_it_says_a_rule_says_nothing() -> None:
    rules = [rule(NOT_REQUIRED, stay_days=90)]
    assert answer(rules, stay(90)).state == NOT_REQUIRED
    longer = answer(rules, stay(91))
    assert longer.state == DEPENDS and codes(longer.depends_on) == [("stay", "")]
    assert ("stay_longer", "") in codes(longer.statements[0].because)
    # What other rules say of it stands, unless it is milder than what this one may come to.
    assert answer([*rules, rule(source="B")], stay(91)).state == REQUIRED
    assert answer([*rules, rule(NOT_REQUIRED, source="B")], stay(91)).state == DEPENDS


@pytest.mark.parametrize("leg", [Leg("KE"), Leg("KE", ARRIVAL), Leg("KE", None, ARRIVAL)])
def test_a_stay_of_unknown_length_leaves_a_rule_about_its_length_open(leg: Leg) -> None:
    found = answer([rule(NOT_REQUIRED, stay_days=30)], journey(leg))
    assert found.state == DEPENDS and codes(found.depends_on) == [("stay", "")]
    assert answer([rule(NOT_REQUIRED, stay_days=30), rule(source="B")], journey(leg)).state == REQUIRED
    assert answer([rule(NOT_REQUIRED)], journey(leg)).state == NOT_REQUIRED
    # A change of planes is no stay.
    change = journey(Leg("PT", None, None, (Change("KE", 5),)))
    assert answer([rule(NOT_REQUIRED, stay_days=30, also_transit=True)], change, stop=0).state == NOT_REQUIRED


@pytest.mark.parametrize(
    ("legs", "departure", "state", "reason"),
    [
        ([Leg("KE", ARRIVAL)], "ET", REQUIRED, ("from", "ET")),
        ([Leg("KE", ARRIVAL)], "US", NOT_REQUIRED, ("not_from", "")),
        ([Leg("KE", ARRIVAL)], "RW", DEPENDS, ("risk", "RW")),
        ([Leg("KE", ARRIVAL)], "", DEPENDS, ("departure", "")),
        ([Leg("KE", ARRIVAL, None, (Change("ET", 13),))], "US", REQUIRED, ("changed", "ET")),
        ([Leg("KE", ARRIVAL, None, (Change("ET", 12),))], "US", NOT_REQUIRED, ("not_from", "")),
        ([Leg("KE", ARRIVAL, None, (Change("ET"),))], "US", DEPENDS, ("hours", "ET")),
        ([Leg("KE", ARRIVAL, None, (Change("RW", 20),))], "US", DEPENDS, ("risk", "RW")),
        ([Leg("ET"), Leg("KE", ARRIVAL)], "US", REQUIRED, ("from", "ET")),
        ([Leg("ET"), Leg("PT"), Leg("KE", ARRIVAL)], "US", DEPENDS, ("earlier", "ET")),
        # A rule that does not say how long ago counts does not say that a change of planes before a stay elsewhere is over.
        ([Leg("PT", None, None, (Change("ET", 20),)), Leg("KE", ARRIVAL)], "US", DEPENDS, ("earlier", "ET")),
        ([Leg("PT", None, None, (Change("ET", 12),)), Leg("KE", ARRIVAL)], "US", NOT_REQUIRED, ("not_from", "")),
    ],
)
def test_where_somebody_comes_from(legs: list[Leg], departure: str, state: str, reason: tuple[str, str]) -> None:
    found = answer([certificate()], journey(*legs, departure=departure))
    assert found.state == state
    assert reason in codes((*found.depends_on, *(one for said in found.statements for one in said.because)))


def test_how_long_ago_counts_where_the_rule_says_it() -> None:
    def days_ago(days: int) -> str:
        legs = (Leg("ET", None, ARRIVAL - timedelta(days=days)), Leg("PT"), Leg("KE", ARRIVAL))
        return answer([certificate(within_days=6)], journey(*legs)).state

    assert [days_ago(6), days_ago(7)] == [REQUIRED, NOT_REQUIRED]
    no_day = journey(Leg("ET"), Leg("PT"), Leg("KE", ARRIVAL))
    assert answer([certificate(within_days=6)], no_day).state == DEPENDS


@pytest.mark.parametrize(
    ("change", "on", "within", "state", "reasons"),
    [
        (Change("ET", 20), ARRIVAL - timedelta(days=2), 6, REQUIRED, []),
        (Change("ET", 20), ARRIVAL - timedelta(days=7), 6, NOT_REQUIRED, []),
        (Change("ET", 12), ARRIVAL - timedelta(days=2), 6, NOT_REQUIRED, []),
        (Change("ET"), ARRIVAL - timedelta(days=2), 6, DEPENDS, [("hours", "ET")]),
        (Change("ET", 20), None, 6, DEPENDS, [("earlier", "ET")]),
        (Change("ET"), None, 6, DEPENDS, [("hours", "ET"), ("earlier", "ET")]),
        (Change("ET", 20), ARRIVAL - timedelta(days=2), None, DEPENDS, [("earlier", "ET")]),
        (Change("ET", 12), ARRIVAL - timedelta(days=2), None, NOT_REQUIRED, []),
    ],
)
def test_a_change_of_planes_before_the_last_stay_counts_within_the_days_of_the_rule(
    change: Change, on: date | None, within: int | None, state: str, reasons: list[tuple[str, str]]
) -> None:
    asked = journey(Leg("PT", on, ARRIVAL, (change,)), Leg("KE", ARRIVAL))
    found = answer([certificate(within_days=within)], asked)
    assert (found.state, codes(found.depends_on)) == (state, reasons)


def test_a_rule_that_is_silent_about_changes_leaves_them_open() -> None:
    asked = journey(Leg("KE", ARRIVAL, None, (Change("ET", 2),)))
    found = answer([certificate(transit_hours=None)], asked)
    assert found.state == DEPENDS and codes(found.depends_on) == [("transit", "ET")]
    assert answer([certificate(transit_hours=0)], asked).state == REQUIRED


def test_what_takes_time_says_until_when() -> None:
    found = answer([certificate()], journey(departure="ET"))
    assert found.act_by == date(2027, 1, 1)
    assert answer([certificate()], journey(Leg("KE"), departure="ET")).act_by is None


@pytest.mark.parametrize(
    ("arrives", "state"),
    [(date(2027, 1, 9), UNKNOWN), (date(2027, 1, 10), REQUIRED), (date(2027, 1, 20), REQUIRED), (date(2027, 1, 21), UNKNOWN), (None, DEPENDS)],
)  # fmt: skip
def test_a_rule_holds_from_one_day_until_another(arrives: date | None, state: str) -> None:
    rules = [rule(valid_from=date(2027, 1, 10), valid_until=date(2027, 1, 20), otherwise_not=True)]
    assert answer(rules, journey(Leg("KE", arrives))).state == state


def test_purposes() -> None:
    rules = [rule(REQUIRED, purposes=frozenset({"work"})), rule(NOT_REQUIRED, purposes=frozenset({"tourism"}), source="B")]
    assert answer(rules, journey()).state == DEPENDS
    assert answer(rules, journey(purpose="work")).state == REQUIRED
    assert answer(rules, journey(purpose="tourism")).state == NOT_REQUIRED
    assert answer(rules, journey(purpose="study")).state == UNKNOWN


def test_vaccinations_and_tests_of_a_disease() -> None:
    rules = [
        rule(REQUIRED, "test", disease="COVID-19", condition="not_vaccinated"),
        rule(NOT_REQUIRED, "test", disease="COVID-19", condition="vaccinated", source="B"),
    ]
    open_ = answer(rules, journey())
    assert open_.state == DEPENDS and open_.depends_on[0].disease == "COVID-19"
    assert answer(rules, journey(vaccinated=frozenset({"covid-19"}))).state == NOT_REQUIRED
    assert answer(rules, journey(not_vaccinated=frozenset({"Covid-19"}))).state == REQUIRED
    # Another disease's vaccination says nothing.
    assert answer(rules, journey(vaccinated=frozenset({"measles"}))).state == DEPENDS
    isolation = [rule(REQUIRED, "isolation", disease="COVID-19", condition="not_tested")]
    assert answer(isolation, journey(tested=frozenset({"COVID-19"}))).state == UNKNOWN
    assert answer(isolation, journey()).state == DEPENDS


def test_a_rule_is_old_by_its_review_else_by_its_source() -> None:
    old = TODAY - timedelta(days=200)
    assert is_stale(rule(on=old), TODAY) and not is_stale(rule(kind="passport", on=old), TODAY)
    assert not is_stale(rule(on=old, review_on=TODAY), TODAY)
    assert is_stale(rule(review_on=TODAY - timedelta(days=1)), TODAY)
    assert is_stale(Rule("visa", "KE", REQUIRED, (Source("X"),)), TODAY)
    mixed = answer([rule(on=old), rule(source="B")], journey())
    assert [said.is_stale for said in mixed.statements] == [True, False] and not mixed.is_stale


COUNTRIES = ("KE", "ET", "US", "PT", "RW")
SOME = st.frozensets(st.sampled_from(COUNTRIES), max_size=2)
DAYS = st.none() | st.dates(date(2026, 12, 1), date(2027, 3, 1))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    says = draw(st.sampled_from(sorted(ANSWERS)))
    condition = draw(st.sampled_from(["", *sorted(CONDITIONS)]))
    begin, end = draw(DAYS), draw(DAYS)
    if begin and end and end < begin:
        begin, end = end, begin
    return rule(
        says,
        draw(st.sampled_from(sorted(BY_CODE))),
        draw(st.sampled_from(COUNTRIES)),
        source=draw(st.sampled_from("ABC")),
        on=draw(st.dates(date(2024, 1, 1), TODAY)),
        passports=draw(SOME),
        not_passports=draw(SOME),
        came_from=draw(SOME),
        unsure_from=draw(SOME),
        within_days=draw(st.none() | st.integers(0, 30)),
        transit_hours=draw(st.none() | st.integers(0, 24)),
        purposes=draw(st.frozensets(st.sampled_from(["work", "study"]), max_size=1)),
        disease="COVID-19" if condition else "",
        condition=condition,
        stay_days=draw(st.integers(1, 90)) if says == NOT_REQUIRED else None,
        lead_days=draw(st.none() | st.integers(0, 20)),
        also_transit=draw(st.booleans()),
        otherwise_not=draw(st.booleans()),
        valid_from=begin,
        valid_until=end,
    )


LEGS = st.builds(
    Leg,
    st.sampled_from(COUNTRIES),
    DAYS,
    DAYS,
    st.lists(st.builds(Change, st.sampled_from(COUNTRIES), st.none() | st.floats(0, 48)), max_size=2).map(tuple),
)
JOURNEYS = st.builds(
    Journey,
    st.sampled_from(["", *COUNTRIES]),
    st.lists(LEGS, min_size=1, max_size=3).map(tuple),
    DAYS,
    st.lists(st.sampled_from(COUNTRIES), max_size=2, unique=True).map(tuple),
    st.sampled_from(["", "work", "tourism"]),
    st.sampled_from([frozenset(), frozenset({"COVID-19"})]),
)


@given(st.lists(rules(), max_size=12), JOURNEYS)
def test_no_answer_is_silent_and_none_is_surer_than_its_rules(known: list[Rule], asked: Journey) -> None:
    found = answers_for(asked, known, today=TODAY)
    assert [one.stop for one in found] == list(stops_of(asked))
    for stop in found:
        for one in stop.answers:
            _holds(one, stop, known)


def _holds(one: Answer, stop: StopAnswers, known: list[Rule]) -> None:
    assert (one.state == UNKNOWN) == (not one.statements)
    assert (one.state == DEPENDS) == bool(one.depends_on)
    for said in one.statements:
        assert said.rule in known and said.rule.sources
        assert (said.rule.kind, said.rule.destination) == (one.kind, stop.stop.country)
    sure = [said for said in one.statements if not said.depends_on]
    if one.state in ANSWERS:
        # Named: some rule says just this, and nothing that is open could say otherwise, or anything stricter.
        assert one.state in {said.state for said in sure}
        open_ = [said for said in one.statements if said.depends_on]
        stays = [said for said in open_ if {reason.code for reason in said.depends_on} == {"stay"}]
        assert {said.state for said in open_ if said not in stays} <= {one.state}
        assert not stays or one.state in (REQUIRED, REFUSED)
        assert one.is_conflicting or len({said.state for said in sure}) == 1


@given(st.lists(rules(), max_size=8), JOURNEYS)
def test_the_order_of_rules_changes_no_answer(known: list[Rule], asked: Journey) -> None:
    def states(some: list[Rule]) -> list[list[tuple[str, str, bool]]]:
        found = answers_for(asked, some, today=TODAY)
        return [[(one.kind, one.state, one.is_conflicting) for one in stop.answers] for stop in found]

    assert states(known) == states(known[::-1])


@given(st.lists(rules(), max_size=8), JOURNEYS)
def test_a_contradiction_cannot_make_an_answer_milder(known: list[Rule], asked: Journey) -> None:
    """One more rule that says “not required” of everybody never takes a sure “required” away."""
    mild = [rule(NOT_REQUIRED, kind, code, source="Z") for kind in BY_CODE for code in COUNTRIES]
    for before, after in zip(answers_for(asked, known, today=TODAY), answers_for(asked, known + mild, today=TODAY), strict=True):
        states = {one.kind: one.state for one in after.answers}
        for one in before.answers:
            if one.state in (REQUIRED, REFUSED, RECOMMENDED):
                assert states[one.kind] == one.state, one
