"""The published formula: what counts, what does not, where it says nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.ratings.formula import Advice, AlertCount, medical, reckon, security


def advice(level: int, worst: int = 0, issuer: str = "A") -> Advice:
    return Advice(issuer, level, max(level, worst), "https://example.org", "2026-05-01")


@pytest.mark.parametrize(
    ("levels", "value"),
    [
        ([1, 1, 1], "minimal"),
        ([1, 2, 2], "low"),
        ([2, 3], "moderate"),
        ([3, 3, 2], "high"),
        ([4, 4, 3], "extreme"),
        ([1, 1, 4], "minimal"),  # one government alone does not make a country extreme
        ([], ""),
    ],
)
def test_the_middle_of_the_governments(levels: list[int], value: str) -> None:
    assert security([advice(level, issuer=str(n)) for n, level in enumerate(levels)], []).value == value


def test_parts_and_alerts_raise_a_little() -> None:
    plain = security([advice(2)], [])
    parts = security([advice(2, 4)], [])
    alarmed = security([advice(2, 4)], [AlertCount("Extreme", 3, ""), AlertCount("Severe", 9, "")])
    assert (plain.score, parts.score, alarmed.score) == (2.0, 2.5, 3.0)
    assert (plain.value, parts.value, alarmed.value) == ("low", "moderate", "high")
    # Every input is there, with what it added.
    assert [row.code for row in alarmed.inputs] == ["advice", "median", "parts", "alerts", "alerts"]


def test_alerts_alone_say_nothing() -> None:
    assert security([], [AlertCount("Extreme", 5, "")]).value == ""


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=6), st.integers(0, 5))
def test_worse_advice_never_gives_a_better_rating(rows: list[tuple[int, int]], place: int) -> None:
    order = ["minimal", "low", "moderate", "high", "extreme"]
    given_now = [advice(level, worst, str(n)) for n, (level, worst) in enumerate(rows)]
    number = place % len(rows)
    level, worst = rows[number]
    raised = list(given_now)
    raised[number] = advice(min(4, level + 1), max(worst, min(4, level + 1)), str(number))
    before, after = security(given_now, []).value, security(raised, []).value
    assert order.index(after) >= order.index(before)


def fact(field: str, value: str) -> tuple[str, str, str, str]:
    return field, value, "CDC", "2026-11-24"


@pytest.mark.parametrize(
    ("facts", "value"),
    [
        ([fact("tap_water", "safe"), fact("malaria", "none"), fact("yellow_fever", "none")], "low"),
        ([fact("tap_water", "not_safe"), fact("malaria", "none"), fact("yellow_fever", "none")], "low"),
        ([fact("tap_water", "not_safe"), fact("malaria", "all"), fact("yellow_fever", "none")], "moderate"),
        ([fact("tap_water", "not_safe"), fact("malaria", "all"), fact("yellow_fever", "all")], "high"),
        (
            [fact("tap_water", "safe_cities"), fact("malaria", "part"), fact("yellow_fever", "part")],
            "variable",
        ),
        ([fact("tap_water", "safe")], ""),
        ([fact("tap_water", "unknown"), fact("malaria", "unknown"), fact("yellow_fever", "none")], ""),
        ([], ""),
    ],
)
def test_medical(facts: list[tuple[str, str, str, str]], value: str) -> None:
    assert medical(facts, []).value == value


def test_the_worst_health_notice_counts_once() -> None:
    facts = [fact("tap_water", "safe"), fact("malaria", "none")]
    assert medical(facts, [advice(3)]).value == "moderate"
    assert medical(facts, [advice(3), advice(2), advice(1)]).score == medical(facts, [advice(3)]).score
    assert medical(facts, [advice(4)]).value == "high"


@given(st.data())
def test_it_is_reckoned_again_from_what_is_kept_alone(data: st.DataObject) -> None:
    levels = st.tuples(st.integers(1, 4), st.integers(1, 4), st.booleans())
    rows = [
        Advice(f"Ministry {n}", a, max(a, b), "", "", f"m{n % 3}", f"e{n}", n, warns_only)
        for n, (a, b, warns_only) in enumerate(data.draw(st.lists(levels, max_size=6)))
    ]
    counts = [AlertCount(word, data.draw(st.integers(0, 2))) for word in ("Severe", "Extreme")]
    facts = [
        fact(name, data.draw(st.sampled_from(["none", "part", "all", "present"])))
        for name in ("malaria", "yellow_fever")
    ]
    facts.append(
        fact("tap_water", data.draw(st.sampled_from(["safe", "safe_cities", "not_safe", "unknown"])))
    )
    notices = [*rows, Advice("CDC", 0, 0, source="cdc")]
    for kind, outcome in (("security", security(rows, counts)), ("medical", medical(facts, notices, counts))):
        again = reckon(kind, json.loads(json.dumps(outcome.as_rows())))
        assert (again.value, again.score, again.inputs) == (outcome.value, outcome.score, outcome.inputs)


def test_a_government_counts_once_whatever_the_number_of_its_entries() -> None:
    azores = Advice("A", 3, 3, source="a", entry="azores")
    mainland = Advice("A", 1, 1, source="a", entry="pt")
    outcome = security([mainland, azores, Advice("B", 1, 1, source="b"), Advice("C", 1, 1, source="c")], [])
    assert (outcome.value, outcome.score) == ("minimal", 1.0)
    assert [row.says for row in outcome.inputs if row.code == "advice"] == ["3", "1", "1", "1"]


def test_who_only_warns_raises_and_never_lowers() -> None:
    others = [Advice(name, 2, 2, source=name) for name in "ab"]
    silent = [Advice(name, 1, 1, source=name, warns_only=True) for name in "xyz"]
    assert security([*others, *silent], []).score == security(others, []).score == 2.0
    warning = [Advice(name, 4, 4, source=name, warns_only=True) for name in "xyz"]
    assert security([*others, *warning], []).score == 4.0
    assert security(silent, []).value == "minimal"
