"""Ratings from real rows: first reckoning, changes, overrides, an organisation's own, the command."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from safeconduct.advisories.models import Advisory
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.places.models import Fact, FactOverride
from safeconduct.ratings import actions, formula
from safeconduct.ratings.models import Kind, OrganisationRating, Rating, RatingVersion
from safeconduct.ratings.queries import explained, history_of
from tests.advisories.registers import area, entry, put, source
from tests.conftest import World

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def issuers() -> list[Source]:
    return [source(f"gov-{n}", name=f"Government {n}") for n in range(3)]


def advise(issuer: Source, level: int, at: datetime = NOW, place: str = "Kenya", **more: Any) -> None:
    """Let a government say something, as its register would."""
    put(entry(place, level, **more), to=issuer, at=at, is_register=False)


def notice(
    issuer: Source, level: int, at: datetime = NOW, name: str = "Cholera", place: str = "Kenya"
) -> None:
    """Let a health authority warn."""
    put(
        entry(place, level, identifier=f"{place}-{name}", category="health"),
        to=issuer,
        at=at,
        is_register=False,
    )


def reckon(at: datetime = NOW) -> int:
    with clock.held_at(at):
        return actions.reckon_all(["KE"])


def last(kind: str = "security") -> RatingVersion:
    found = RatingVersion.objects.filter(rating__country_code="KE", rating__kind=kind).first()
    assert found is not None
    return found


def security(code: str = "KE") -> Rating:
    return Rating.objects.get(country_code=code, kind=Kind.SECURITY)


def test_the_first_reckoning_tells_nobody(issuers: list[Source]) -> None:
    for issuer in issuers:
        advise(issuer, 2)
    assert actions.reckon_all(["KE"]) == 0
    assert security().value == "low"
    assert not RatingVersion.objects.filter(is_notable=True).exists()
    # The same inputs again write nothing.
    number = RatingVersion.objects.count()
    assert actions.reckon_all(["KE"]) == 0 and RatingVersion.objects.count() == number


def test_a_change_is_a_version_with_all_its_inputs(issuers: list[Source]) -> None:
    for issuer in issuers:
        advise(issuer, 2)
    actions.reckon_all(["KE"])
    advise(issuers[0], 4, NOW + DAY)
    assert actions.reckon_all(["KE"]) == 0 and security().value == "low"  # the middle is the same
    advise(issuers[1], 4, NOW + DAY)
    assert actions.reckon_all(["KE"]) == 1
    version = RatingVersion.objects.filter(rating=security()).first()
    assert version is not None and version.is_notable
    assert (version.previous_value, version.value) == ("low", "extreme")
    assert [row["says"] for row in version.inputs if row["code"] == "advice"] == ["4", "4", "2"]
    assert [step.value for step in history_of("KE", "security")] == ["extreme", "low"]


def test_what_nobody_reads_any_more_does_not_count(issuers: list[Source]) -> None:
    advise(issuers[0], 4)
    advise(issuers[1], 1)
    Source.objects.filter(pk=issuers[0].pk).update(is_enabled=True, consecutive_failures=9)
    # What somebody handed in counts for a while, though nobody answers at the source's address.
    actions.reckon_all(["KE"])
    assert security().value == "moderate"
    Advisory.objects.filter(source=issuers[0]).update(fetched_at=clock.now() - timedelta(days=30))
    actions.reckon_all(["KE"])
    assert security().value == "minimal"
    # Gone altogether: unknown, and nobody is told that it became so.
    Advisory.objects.update(state=Advisory.State.ENDED)
    actions.reckon_all(["KE"])
    assert security().value == ""
    assert not RatingVersion.objects.filter(is_notable=True).exists()


def test_a_corrected_fact_counts(issuers: list[Source]) -> None:
    Fact.objects.filter(country_code="KE", field__in=("tap_water", "malaria", "yellow_fever")).delete()
    for field, value in (("tap_water", {"level": "not_safe"}), ("malaria", {"level": "all"})):
        Fact.objects.create(
            country_code="KE",
            field=field,
            value=value,
            src="cldr",
            src2="aosp",
            checked_on=date(2026, 11, 24),
        )
    actions.reckon_all(["KE"])
    medical = Rating.objects.get(country_code="KE", kind=Kind.MEDICAL)
    assert medical.value == "moderate"
    FactOverride.objects.create(
        country_code="KE", field="tap_water", value={"level": "safe"}, source_title="Our doctor", reason="new plant",
        checked_on=date(2026, 11, 24), by_label="Olga", made_at=NOW,
    )  # fmt: skip
    actions.reckon_all(["KE"])
    medical.refresh_from_db()
    assert medical.value == "low"
    assert {"Our doctor"} <= {row["who"] for row in medical.inputs}


def test_an_override_holds_until_its_day(world: World, issuers: list[Source]) -> None:
    for issuer in issuers:
        advise(issuer, 2)
    with clock.held_at(NOW):
        actions.reckon_all(["KE"])
        with pytest.raises(Refused) as silent:
            actions.override_rating("KE", "security", value="high", reason=" ", by=world.olga)
        assert silent.value.code == "rating.reason"
        with pytest.raises(Refused):
            actions.override_rating("KE", "security", value="variable", reason="x", by=world.olga)
        actions.override_rating(
            "KE", "security", value="high", reason="Elections", by=world.olga, until_on=date(2026, 11, 25)
        )
        actions.reckon_all(["KE"])
        assert (security().value, security().formula_value) == ("high", "low")
        shown = explained("KE")[0]
        assert shown.override is not None and shown.override.reason == "Elections"
    with clock.held_at(datetime(2026, 11, 26, 9, 0, tzinfo=UTC)):
        actions.reckon_all(["KE"])
    assert security().value == "low"
    assert [step.value for step in history_of("KE", "security")] == ["low", "high", "low"]


def test_an_organisation_rates_for_itself_alone(world: World) -> None:
    actions.rate_for_organisation(
        world.northfield, "KE", "security", value="extreme", reason="Policy", by=world.alice
    )
    assert explained("KE", world.northfield)[0].own is not None
    assert explained("KE", world.southgate)[0].own is None and explained("KE")[0].own is None
    actions.rate_for_organisation(world.northfield, "KE", "security", value="", reason="", by=world.alice)
    assert not OrganisationRating.objects.for_org(world.northfield).filter(ended_at__isnull=True).exists()


def test_the_command_explains(issuers: list[Source]) -> None:
    advise(issuers[0], 2, areas=(area("Border", 4),))
    out = StringIO()
    call_command("ratings", "KE", "--explain", "--json", stdout=out)
    security_row, medical_row = json.loads(out.getvalue())
    assert (security_row["kind"], security_row["value"]) == ("security", "moderate")
    # The value can be reckoned again from the JSON alone.
    for row in (security_row, medical_row):
        assert (formula.reckon(row["kind"], row["inputs"]).value or None) == row["formula_value"]
    assert {"advice", "median", "parts"} == {row["code"] for row in security_row["inputs"]}
    assert medical_row["kind"] == "medical"
    with pytest.raises(SystemExit):
        call_command("ratings", "QQ", stdout=StringIO(), stderr=StringIO())
