"""Which changes of a rating are told: what somebody says of the country, and what somebody decided. Nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from safeconduct.advisories.models import Advisory
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.places.models import Fact, FactOverride
from safeconduct.ratings import actions, changes, formula
from safeconduct.ratings.actions import Cause
from safeconduct.ratings.inputs import SILENCE, inputs_of_all
from safeconduct.ratings.models import Rating, RatingVersion
from tests.advisories.registers import entry, put, source
from tests.alerts.messages import message
from tests.alerts.messages import put as put_alert
from tests.conftest import World
from tests.ratings.test_reckoning import DAY, NOW, advise, last, notice, reckon

pytestmark = pytest.mark.django_db


def polled(number: int, **more: Any) -> Source:
    return source(f"gov-{number}", name=f"Government {number}", is_enabled=True, last_ok_at=NOW, **more)


def hear(*sources: Source, at: Any) -> None:
    Source.objects.filter(pk__in=[one.pk for one in sources]).update(last_ok_at=at)


def values() -> list[tuple[str, str, bool]]:
    rows = RatingVersion.objects.filter(rating__country_code="KE", rating__kind="security").order_by("number")
    return [(row.value, row.cause, row.is_notable) for row in rows]


def test_an_hour_of_silence_changes_nothing() -> None:
    quiet, other = polled(0), polled(1)
    advise(quiet, 4)
    advise(other, 1)
    reckon()
    hear(other, at=NOW + DAY)
    assert quiet.limit_seconds < DAY.total_seconds()
    reckon(NOW + DAY)
    assert values() == [("moderate", Cause.FIRST, False)]


def test_a_source_that_falls_silent_and_comes_back_is_told_to_nobody() -> None:
    quiet, other = polled(0), polled(1)
    advise(quiet, 4)
    advise(other, 1)
    reckon()
    hear(other, at=NOW + SILENCE + DAY)
    reckon(NOW + SILENCE + DAY)
    hear(quiet, at=NOW + SILENCE + 2 * DAY)
    reckon(NOW + SILENCE + 2 * DAY)
    assert values() == [
        ("moderate", Cause.FIRST, False),
        ("minimal", Cause.SOURCES, False),
        ("moderate", Cause.SOURCES, False),
    ]


def test_switching_sources_off_and_on_is_told_to_nobody() -> None:
    one, two = polled(0), polled(1)
    advise(one, 1)
    reckon()
    advise(two, 4)  # switched on, first read
    reckon(NOW + DAY)
    Source.objects.filter(pk=two.pk).update(is_enabled=False)
    hear(one, at=NOW + SILENCE + DAY)
    reckon(NOW + SILENCE + DAY)
    assert [row[1:] for row in values()] == [
        (Cause.FIRST, False),
        (Cause.SOURCES, False),
        (Cause.SOURCES, False),
    ]


def test_the_first_sync_source_by_source_tells_nobody() -> None:
    for number, level in enumerate((1, 4, 4, 3, 2)):
        advise(polled(number), level, NOW + timedelta(minutes=number))
        reckon(NOW + timedelta(minutes=number))
    assert len(values()) > 2 and not any(is_notable for _value, _cause, is_notable in values())


def test_what_is_said_is_told_also_while_another_source_falls_silent() -> None:
    quiet, one, two = polled(0), polled(1), polled(2)
    for issuer in (quiet, one, two):
        advise(issuer, 2)
    reckon()
    later = NOW + SILENCE + DAY
    hear(one, two, at=later)
    advise(one, 4, later)
    advise(two, 4, later)
    reckon(later)
    assert values()[-1] == ("extreme", Cause.SAID, True)


def test_up_by_a_new_source_is_not_told_as_advice_that_eased() -> None:
    one = polled(0)
    advise(one, 2)
    reckon()
    for number in (1, 2):
        advise(polled(number), 4, NOW + DAY)
    advise(one, 1, NOW + DAY)
    reckon(NOW + DAY)
    assert values()[-1] == ("extreme", Cause.SOURCES, False)


def test_another_reading_of_the_same_words_is_told_to_nobody() -> None:
    one = polled(0)
    advise(one, 1)
    reckon()
    put(entry("Kenya", 3, is_editorial=True), to=one, at=NOW + DAY, is_register=False)
    reckon(NOW + DAY)
    assert values()[-1] == ("high", Cause.SOURCES, False)


def test_another_formula_is_told_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    advise(polled(0), 2)
    reckon()
    monkeypatch.setattr(formula, "VERSION", "9")
    monkeypatch.setattr(changes, "VERSION", "9")
    monkeypatch.setattr(formula, "SECURITY_STEPS", ((1.0, "minimal"), (1.5, "low"), (9.0, "moderate")))
    reckon(NOW + DAY)
    assert values()[-1] == ("moderate", Cause.FORMULA, False)
    assert last().formula == Rating.objects.get(country_code="KE", kind="security").formula == "9"


def test_an_alert_is_told_by_itself_and_not_by_the_rating() -> None:
    advise(polled(0), 2)
    with clock.held_at(NOW):
        reckon()
        unrest = message(
            "kenya-1",
            sent=NOW.isoformat(),
            expires=(NOW + DAY).isoformat(),
            severity="Extreme",
            polygon="-2,36 -2,38 0,38 0,36 -2,36",
        )
        put_alert(
            unrest.replace(b"Met</category><event>Storm", b"Security</category><event>Civil unrest"), at=NOW
        )
        reckon(NOW + timedelta(hours=1))
    assert values()[-1] == ("moderate", Cause.ALERTS, False)


def facts(**wanted: str) -> None:
    Fact.objects.filter(country_code="KE", field__in=formula.FACTS).delete()
    for field, level in wanted.items():
        Fact.objects.create(
            country_code="KE", field=field, value={"level": level}, src="cldr", src2="aosp", checked_on=date(2026, 11, 1)
        )  # fmt: skip


def test_a_corrected_fact_is_told_to_nobody() -> None:
    facts(tap_water="not_safe", malaria="all")
    reckon()
    FactOverride.objects.create(
        country_code="KE", field="malaria", value={"level": "none"}, source_title="CDC", reason="corrected",
        checked_on=date(2026, 11, 24), by_label="Olga", made_at=NOW,
    )  # fmt: skip
    reckon(NOW + DAY)
    assert (last("medical").value, last("medical").cause, last("medical").is_notable) == (
        "low",
        Cause.FACTS,
        False,
    )


def test_a_new_health_notice_is_told_and_so_is_its_end() -> None:
    facts(tap_water="safe", malaria="none")
    cdc = source("cdc", name="CDC")
    known = [entry("Japan", 1, identifier=f"Japan-{number}", category="health") for number in range(4)]
    put(*known, to=cdc, at=NOW - 30 * DAY)
    reckon()
    assert [row["says"] for row in last("medical").inputs if row["code"] == "notice"] == ["none"]
    notice(cdc, 3, NOW + DAY)
    reckon(NOW + DAY)
    assert (last("medical").value, last("medical").cause, last("medical").is_notable) == (
        "moderate",
        Cause.SAID,
        True,
    )
    for days in (2, 3):
        put(*known, to=cdc, at=NOW + days * DAY)
    assert Advisory.objects.get(country_code="KE", source=cdc).state == "ended"
    reckon(NOW + 3 * DAY)
    assert (last("medical").value, last("medical").cause, last("medical").is_notable) == (
        "low",
        Cause.SAID,
        True,
    )


def test_the_first_sight_of_a_health_authority_tells_nobody() -> None:
    """Its notices come in several transactions: a country may be reckoned between two of them."""
    facts(tap_water="safe", malaria="none")
    reckon()
    cdc = source("cdc", name="CDC")
    notice(cdc, 1, NOW + DAY, place="Japan")
    reckon(NOW + DAY)
    notice(cdc, 3, NOW + DAY)
    reckon(NOW + DAY + timedelta(minutes=2))
    assert (last("medical").value, last("medical").cause, last("medical").is_notable) == (
        "moderate",
        Cause.SOURCES,
        False,
    )


def test_an_editors_decision_and_its_end_are_told(world: World) -> None:
    advise(polled(0), 2)
    reckon()
    override = actions.override_rating("KE", "security", value="extreme", reason="War", by=world.olga)
    assert (last().cause, last().is_notable, last().basis) == (Cause.DECIDED, True, "override")
    advise(polled(0), 4, NOW + DAY)
    reckon(NOW + DAY)
    assert last().number == 2  # the editor's value holds
    advise(polled(0), 1, NOW + 2 * DAY)
    reckon(NOW + 2 * DAY)
    actions.end_override(override, by=world.olga)
    assert (last().value, last().cause, last().is_notable) == ("minimal", Cause.ENDED, True)


def test_an_editor_may_decide_before_anything_is_known(world: World) -> None:
    actions.override_rating("KE", "security", value="high", reason="War", by=world.olga)
    assert (last().previous_value, last().is_notable) == ("", True)
    advise(polled(0), 2)
    reckon()
    rating = Rating.objects.get(country_code="KE", kind="security")
    assert (rating.value, rating.formula_value) == ("high", "low")


def test_what_was_read_earlier_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers: the slower one read its inputs before the faster one stored newer ones."""
    one = polled(0)
    advise(one, 2)
    reckon()
    ordinary = inputs_of_all

    def slow() -> Any:
        gathered = ordinary()
        monkeypatch.setattr(actions, "inputs_of_all", ordinary)
        advise(one, 4, NOW + DAY)
        assert reckon(NOW + DAY + timedelta(seconds=1)) == 1
        return gathered

    advise(polled(1), 2, NOW + DAY)  # what the slow one reads differs from what is stored
    monkeypatch.setattr(actions, "inputs_of_all", slow)
    assert reckon(NOW + DAY) == 0
    assert [row[0] for row in values()] == ["low", "high"]


def test_nothing_new_costs_ten_reads_and_no_write(django_assert_num_queries: Any) -> None:
    for number in range(3):
        advise(polled(number), 2)
        notice(source("cdc", name="CDC"), 1, name=f"N{number}")
    actions.reckon_all()
    with django_assert_num_queries(10) as reads:
        assert actions.reckon_all() == 0
    # Texts and messages are large; nothing of them is needed.
    assert not [
        row["sql"] for row in reads.captured_queries if "infos" in row["sql"] or "summary" in row["sql"]
    ]
