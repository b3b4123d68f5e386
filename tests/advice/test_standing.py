"""What is a change of substance since a briefing was acknowledged: new, different, or no longer said."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from safeconduct.advice import preparing, standing
from safeconduct.advice.actions import add_rule, end_rule
from safeconduct.advice.briefing import Asked, AskedStop, Briefing
from safeconduct.advice.gathering import briefing_of
from safeconduct.advice.kinds import DOCUMENTS, KINDS
from safeconduct.advice.models import Preparation
from safeconduct.lib import clock
from tests.advice.rulefiles import NOW, rule_details
from tests.conftest import World

KENYA = Asked("US", (AskedStop("KE", arrive=date(2027, 1, 11), leave=date(2027, 1, 24)),), passports=("DE",))


def test_what_is_asked_at_the_border_is_of_substance_of_documents_and_of_health() -> None:
    for kind in KINDS:
        assert standing.is_of_substance(f"{'entry' if kind.group == DOCUMENTS else 'health'}.{kind.code}.KE"), kind
    for key in ("security.rating.security.KE", "health.rating.medical.KE", "security.advice.x"):
        assert standing.is_of_substance(key), key
    for key in ("health.silent.KE", "entry.silent.KE", "health.fact.malaria.KE", "dates.alert.x", "health.quote.KE.x.1"):
        assert not standing.is_of_substance(key), key


@pytest.mark.django_db
def test_what_is_no_longer_said_counts_unless_the_journey_leads_elsewhere(world: World) -> None:
    seat = world.seat(world.bob)

    def brief(asked: Asked = KENYA) -> Briefing:
        return briefing_of(asked, lang="en", now=NOW, seat=seat)

    def changed(row: Preparation, **more: Any) -> list[tuple[str, str]]:
        return [(line.key, line.label) for line in standing.changed_since_acknowledged(row, brief(**more))]

    def again() -> Preparation:
        return Preparation.objects.for_org(world.northfield).get(pk=row.pk)

    def acknowledged() -> Preparation:
        preparing.acknowledge(again(), brief(), by=world.bob)
        return again()

    with clock.held_at(NOW):
        visa = add_rule(rule_details(passports="DE"), by=world.olga)
        row = preparing.begin(seat, KENYA)
        assert changed(acknowledged()) == []
        polio = add_rule(rule_details(kind="polio"), by=world.olga)
        assert [key for key, _label in changed(again())] == ["health.polio.KE"] and changed(acknowledged()) == []
        for rule in (visa, polio):
            end_rule(rule, by=world.olga)
        row = again()
        assert changed(row) == [("entry.visa.KE", "Visa"), ("health.polio.KE", "Polio vaccination")]
        (line, _other) = standing.changed_since_acknowledged(row, brief())
        assert line.is_unknown and line.text == "No longer said by a source that is read here."
        elsewhere = Asked("US", (AskedStop("JP", arrive=date(2027, 1, 11), leave=date(2027, 1, 24)),))
        assert not [key for key, _label in changed(row, asked=elsewhere) if key.endswith(".KE")]
