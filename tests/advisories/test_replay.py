"""Recorded days of the German register, in order: seven changes, one mail each to whoever goes there, and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from safeconduct.advisories.models import Advisory
from safeconduct.outbox.models import Delivery
from tests.advisories.replaying import TOLD, Line, german, replay, travellers

pytestmark = pytest.mark.django_db
OWN = Path(__file__).resolve().parent.parent / "golden" / "advice-days"
"""Twelve countries on four of the days: it runs where the recordings are not."""
EXPECTED = {
    **dict.fromkeys(TOLD, ("lowered", 4, 1, 4, 1)),
    "IL": ("lowered", 4, 2, 4, 4),
}


def judge(lines: list[Line]) -> None:
    assert [line.document for line in lines if line.changes] == ["travelwarning-2026-05-02.json"]
    (day,) = [line for line in lines if line.changes]
    assert {change[0]: change[1:6] for change in day.changes} == EXPECTED
    assert len(day.changes) == 7
    assert [line.told for line in lines if line.told] == [7]
    told = Counter(row.address.partition("@")[0].upper() for row in Delivery.objects.all())
    assert told == Counter(TOLD)
    (israel,) = [row for row in Delivery.objects.select_related("message") if row.address.startswith("il@")]
    assert "Teilreisewarnung" in israel.message.text and "parts of the country up to 4" in israel.message.text


@pytest.fixture(params=["own", "recorded"])
def days(request: pytest.FixtureRequest) -> Path:
    """Return a folder of days; the recorded ones when they are here."""
    if request.param == "own":
        return OWN
    folder: Path = request.getfixturevalue("samples") / "de-auswaertiges-amt"
    return folder


def test_seven_changes_and_one_notice_for_each_destination(days: Path) -> None:
    # Afghanistan and Japan did not change.
    travellers([*TOLD, "AF", "JP"])
    judge(replay(days))
    again = replay(days)
    assert not any(line.told for line in again)
    assert Delivery.objects.count() == 7


def test_where_the_text_may_not_be_quoted_the_link_is_all() -> None:
    replay(OWN)
    from safeconduct.advisories.queries import advice_for, levels_of

    assert levels_of(german().key)["SA"] == 1
    (advice,) = advice_for("SA")
    assert (advice.display, advice.is_stale) == ("link", True)
    assert [(step.old, step.new) for step in advice.history] == [(4, 1), (None, 4)]
    assert Advisory.objects.filter(state="active").count() == 12
