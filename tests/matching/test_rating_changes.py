"""Mail about a change of a rating: who goes there or asked is told once; an organisation's own tells its own alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from safeconduct.lib import clock
from safeconduct.matching import jobs
from safeconduct.notify.actions import subscribe
from safeconduct.notify.models import Notice
from safeconduct.places.queries import resolve
from safeconduct.ratings import actions
from safeconduct.ratings.models import OrganisationRating, RatingVersion
from tests.advisories.registers import DAY, entry, put, source
from tests.conftest import World, join
from tests.matching.conftest import NOW, Mail, TripMaker, mails, told

HERE = ("JP", "2026-12-01T10:00", "2026-12-05T10:00")
PAST = ("JP", "2026-11-10T10:00", "2026-11-19T10:00")
RATING = "rating.level.changed"


def tell(at: Any = NOW + DAY) -> int:
    with clock.held_at(at):
        return jobs.tell_levels()


def reckon(at: Any = NOW) -> None:
    with clock.held_at(at):
        actions.reckon_all(["JP"])


def advise(level: int, at: Any = NOW, governments: int = 3) -> None:
    for number in range(governments):
        put(
            entry("Japan", level),
            to=source(f"gov-{number}", name=f"Government {number}"),
            at=at,
            is_register=False,
        )


def of_ratings() -> list[Mail]:
    return [mail for mail in mails() if mail.kind == RATING]


@pytest.mark.parametrize(("stop", "is_told"), [(HERE, True), (PAST, False), (("KE", *HERE[1:]), False)])
def test_who_goes_there_is_told_once(
    world: World, trip_of: TripMaker, stop: tuple[Any, ...], is_told: bool
) -> None:
    trip_of(world.bob, stop, at=NOW - timedelta(days=40))
    advise(2)
    reckon()
    advise(4, NOW + timedelta(hours=1))
    reckon(NOW + timedelta(hours=2))
    tell()
    tell(NOW + 2 * DAY)
    assert len(of_ratings()) == is_told
    assert not RatingVersion.objects.filter(is_notable=True, matched_at=None).exists()


def test_the_mail_says_old_new_who_why_and_where_to_read_on(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HERE)
    advise(2)
    reckon()
    advise(4, NOW + timedelta(hours=1))
    reckon(NOW + timedelta(hours=2))
    tell()
    (mail,) = of_ratings()
    assert mail.subject == "Japan: Security rating raised (Our formula)"
    for text in (mail.text, mail.html):
        for words in (
            "Extreme", "Low", "Our formula", "Official advice on which the rating is built has changed",
            "/ratings/JP/security/", "Your trip “Field season” says you are in Japan", "Stop e-mail for this trip",
        ):  # fmt: skip
            assert words in text, words
    notice = Notice.objects.across_orgs("test").get(kind=RATING)
    assert (notice.severity, notice.told) == ("Extreme", True)


def test_an_editors_decision_is_told_with_its_reason_and_its_end_too(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, HERE)
    advise(2)
    reckon()
    with clock.held_at(NOW):
        override = actions.override_rating(
            "JP", "security", value="high", reason="Elections & unrest", by=world.olga
        )
    tell()
    with clock.held_at(NOW + 2 * DAY):
        actions.end_override(override, by=world.olga)
    tell(NOW + 3 * DAY)
    raised, lowered = of_ratings()
    assert "Reason: Elections & unrest" in raised.text and "Elections &amp; unrest" in raised.html
    assert "An editor decided" in raised.subject
    assert "lowered" in lowered.subject and "An editor’s decision is over" in lowered.text


def test_what_is_taken_back_before_it_is_told_tells_nobody(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HERE)
    advise(2)
    reckon()
    with clock.held_at(NOW):
        override = actions.override_rating("JP", "security", value="high", reason="Slip", by=world.olga)
        actions.end_override(override, by=world.olga)
    tell()
    assert of_ratings() == []


def test_quiet_changes_tell_nobody(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HERE)
    advise(2, governments=1)
    reckon()
    for number in (1, 2):
        put(entry("Japan", 4), to=source(f"gov-{number}"), at=NOW + timedelta(hours=1), is_register=False)
    reckon(NOW + timedelta(hours=2))
    assert RatingVersion.objects.get(rating__kind="security", number=2).value == "extreme"
    tell()
    assert of_ratings() == []


@pytest.mark.parametrize(("from_severity", "is_told"), [("Severe", True), ("Extreme", False)])
def test_who_asked_is_told_from_their_severity_on(world: World, from_severity: str, is_told: bool) -> None:
    subscribe(world.seat(world.bob), place=resolve("Tokyo"), from_severity=from_severity)
    advise(2)
    reckon()
    advise(3, NOW + timedelta(hours=1))
    reckon(NOW + timedelta(hours=2))
    tell()
    assert len(of_ratings()) == is_told


def test_an_organisations_own_rating_tells_its_own_members_alone(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HERE)
    trip_of(world.dana, HERE)
    with clock.held_at(NOW):
        actions.rate_for_organisation(
            world.northfield, "JP", "security", value="extreme", reason="Our policy", by=world.alice
        )
    tell()
    tell(NOW + 2 * DAY)
    assert told() == [(RATING, "bob")]
    (mail,) = of_ratings()
    for words in (
        "Extreme",
        "none of its own",
        "Northfield University",
        "Our policy",
        "/ratings/JP/security/",
    ):
        assert words in mail.text, words
    with clock.held_at(NOW + 2 * DAY):
        actions.rate_for_organisation(
            world.northfield, "JP", "security", value="", reason="Calm again", by=world.alice
        )
    tell(NOW + 3 * DAY)
    assert [who for _kind, who in told()] == ["bob", "bob"]
    assert "Now: none of its own" in mails()[-1].text and "Calm again" in mails()[-1].text
    assert not OrganisationRating.objects.across_orgs("test").filter(matched_at=None).exists()


def test_the_trip_for_another_organisation_is_not_its_business(world: World, trip_of: TripMaker) -> None:
    trip_of(world.dana, HERE)  # for Southgate
    join(world.dana, world.seat(world.bob).membership.programme)
    with clock.held_at(NOW):
        actions.rate_for_organisation(
            world.northfield, "JP", "security", value="high", reason="Policy", by=world.alice
        )
    tell()
    assert told() == []


def test_an_own_rating_that_is_the_same_again_tells_nobody(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HERE)
    for reason in ("Policy", "Policy, put better"):
        with clock.held_at(NOW):
            actions.rate_for_organisation(
                world.northfield, "JP", "medical", value="high", reason=reason, by=world.alice
            )
        tell()
    assert len(told()) == 1
