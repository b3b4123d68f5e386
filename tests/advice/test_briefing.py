"""The shape of a briefing, without any database: who says so, what changed, what is to do and until when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeconduct.advice.answers import Change, Source
from safeconduct.advice.briefing import (
    STEPS,
    Asked,
    AskedStop,
    Briefing,
    Group,
    Line,
    Step,
    changes,
    checklist,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SAID = (Source("Embassy", "https://embassy.example.org/", date(2026, 11, 20)),)
DAYS = st.integers(0, 700).map(lambda n: date(2026, 1, 1) + timedelta(days=n))


def briefing(*lines: Line, step: str = "entry", country: str = "KE") -> Briefing:
    group = Group(f"{step}.all", "Documents", lines, country, "Kenya")
    return Briefing(Asked("US", (AskedStop("KE"),)), (Step(step, "Entry", (group,)),), NOW, "en", {"KE": "Kenya"})


def test_nobody_says_something_without_being_named() -> None:
    with pytest.raises(ValueError, match=r"entry\.visa\.KE"):
        Line("entry.visa.KE", "Required")
    assert Line("entry.visa.KE", "Required", SAID).sources
    assert Line("entry.visa.KE", "No rule known", is_unknown=True).is_unknown
    assert Line("contacts.organisation", "Northfield", is_portal=True).is_portal


def test_what_changed_is_told_by_key_and_by_what_is_said_not_by_its_words() -> None:
    before = briefing(
        Line("entry.visa.KE", "Required", SAID, substance="required"),
        Line("entry.form.KE", "Required", SAID, substance="required"),
        Line("entry.customs.KE", "Not required", SAID),
    ).marks()  # fmt: skip
    now = briefing(
        Line("entry.visa.KE", "Erforderlich", SAID, "warn", substance="required"),
        Line("entry.form.KE", "Not required", SAID, substance="not_required"),
        Line("entry.polio.KE", "No rule known", is_unknown=True),
    )  # fmt: skip
    found = changes(before, now)
    assert [line.key for line in found.added] == ["entry.polio.KE"]
    assert [line.key for line in found.changed] == ["entry.form.KE"]
    assert found.gone == ("entry.customs.KE",)
    assert found and not changes(now.marks(), now)
    assert all(len(mark) == 12 and "required" not in mark for mark in before.values())


def test_something_that_becomes_unknown_is_a_change() -> None:
    before = briefing(Line("health.fact.malaria.KE", "No risk", SAID, substance="none")).marks()
    now = briefing(Line("health.fact.malaria.KE", "Unknown", is_unknown=True, substance="none"))
    assert [line.key for line in changes(before, now).changed] == ["health.fact.malaria.KE"]


def test_the_checklist_is_in_the_order_of_its_days_and_tells_nothing_twice() -> None:
    day = date(2027, 1, 1)
    made = briefing(
        Line("entry.a.KE", "A", SAID, todo="Last, without a day"),
        Line("entry.b.KE", "B", SAID, todo="Get the visa", todo_by=day),
        Line("entry.c.KE", "C", SAID, todo="Be vaccinated", todo_by=date(2026, 12, 1)),
        Line("entry.d.KE", "D", SAID, todo="Get the visa", todo_by=day),
        Line("entry.e.KE", "E", SAID),
    )
    found = checklist(made)
    assert [(todo.text, todo.key) for todo in found] == [
        ("Be vaccinated", "entry.c.KE"), ("Get the visa", "entry.b.KE"), ("Last, without a day", "entry.a.KE"),
    ]  # fmt: skip
    assert found[0].sources == SAID and found[0].country_name == "Kenya" and found[0].step == "entry"


def test_lines_of_the_checklist_are_no_change_of_their_own() -> None:
    made = briefing(Line("checklist.entry.visa.KE", "Get the visa", is_portal=True), step=STEPS[-1])
    assert not changes({}, made) and not changes({"checklist.gone": "x"}, made)


def test_a_journey_has_the_days_of_departure_and_return_where_stops_say_none() -> None:
    asked = Asked(
        "US", (AskedStop("JP", via=(Change("ET", 14.0),)), AskedStop("KR", arrive=date(2027, 1, 18))), date(2027, 1, 11), date(2027, 1, 25)
    )  # fmt: skip
    journey = asked.journey()
    assert [(leg.country, leg.arrives_on, leg.leaves_on) for leg in journey.legs] == [
        ("JP", date(2027, 1, 11), date(2027, 1, 18)), ("KR", date(2027, 1, 18), date(2027, 1, 25)),
    ]  # fmt: skip
    assert journey.legs[0].via == (Change("ET", 14.0),) and journey.departs_on == date(2027, 1, 11)
    assert asked.window(0) == (date(2027, 1, 11), date(2027, 1, 18))
    assert asked.window(1) == (date(2027, 1, 18), date(2027, 1, 25))
    assert Asked("US", (AskedStop("JP"),)).window(0) is None
    # Without a return nobody knows the end: that is no stay of one day.
    assert Asked("US", (AskedStop("JP"), AskedStop("KR", arrive=date(2027, 1, 18)))).window(1) == (date(2027, 1, 18), None)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(departs=st.none() | DAYS, returns=st.none() | DAYS, days=st.lists(st.tuples(st.none() | DAYS, st.none() | DAYS), min_size=1, max_size=3))
def test_a_window_ends_no_earlier_than_it_begins(
    departs: date | None, returns: date | None, days: list[tuple[date | None, date | None]]
) -> None:
    asked = Asked("US", tuple(AskedStop("KE", arrive=first, leave=last) for first, last in days), departs, returns)
    for number, (first, last) in enumerate(days):
        window = asked.window(number)
        if window is None:
            assert first is None and last is None
            continue
        later = [day for pair in days[number + 1 :] for day in pair if day]
        assert (window[1] is None) == (last is None and returns is None and not later)
        assert window[1] is None or window[0] <= window[1]
        assert first is None or window[0] == first
