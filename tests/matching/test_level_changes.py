"""Mail about a change of level: who goes there or asked is told once, with old and new, source and reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from safeconduct.advisories.models import AdvisoryVersion
from safeconduct.lib import clock
from safeconduct.matching import jobs, leveladvice, levels
from safeconduct.notify.actions import subscribe
from safeconduct.notify.models import Notice, UnsubscribeLink
from safeconduct.places.queries import resolve
from safeconduct.trips.actions import cancel_trip, mute_mail
from tests.advisories.registers import DAY, area, entry, put, source
from tests.conftest import World, join, make_user
from tests.matching.conftest import NOW, TripMaker, mails, told

HERE = ("JP", "2026-12-01T10:00", "2026-12-05T10:00")


def tell(at: datetime = NOW + DAY) -> int:
    with clock.held_at(at):
        return jobs.tell_levels()


def change(*levels_: int | None, at: datetime = NOW, place: str = "Japan", **more: Any) -> None:
    """Read these levels one after the other, an hour apart."""
    for number, level in enumerate(levels_):
        put(
            entry(place, level, **(more if number else {})),
            at=at + timedelta(hours=number),
            is_register=False,
        )


@pytest.mark.parametrize(
    ("stop", "is_told"),
    [
        (HERE, True),
        (("JP", "2026-11-19T10:00", "2026-11-25T10:00"), True),
        (("JP", "2026-11-10T10:00", "2026-11-19T10:00"), False),
        (("KE", "2026-12-01T10:00", "2026-12-05T10:00"), False),
        (("Tokyo", "2026-12-01T10:00", "2026-12-05T10:00"), True),
        (("JP", "2026-11-19T10:00", None), True),
    ],
)
def test_whoever_goes_there_is_told_once(
    world: World, trip_of: TripMaker, stop: tuple[Any, ...], is_told: bool
) -> None:
    trip_of(world.bob, stop, at=NOW - timedelta(days=40))
    change(2, 4)
    tell()
    tell(NOW + 2 * DAY)
    assert told() == ([("advisory.level.changed", "bob")] if is_told else [])
    assert AdvisoryVersion.objects.filter(is_notable=True, matched_at=None).count() == 0


def test_the_mail_says_old_new_source_reason_why_and_how_to_stop(world: World, trip_of: TripMaker) -> None:
    trip = trip_of(world.bob, HERE)
    put(entry(level=2))
    put(entry(level=4, areas=(area("Border", 4),), note="Fighting began"), at=NOW + DAY)
    tell()
    (mail,) = mails()
    version = AdvisoryVersion.objects.get(number=2)
    assert mail.subject == "Japan: Advice raised (Ministry of Advice)"
    for text in (mail.text, mail.html):
        for words in (
            "Level 4 of 4, do not travel", "Level 2 of 4, increased caution", "Ministry of Advice", "Fighting began",
            "Border", f"/advice/{version.public_id}/", trip.public_id, "CC BY 4.0", "Do not travel",
            "Your trip “Field season” says you are in Japan Tue 1 to Sat 5 Dec", "Stop e-mail for this trip",
        ):  # fmt: skip
            assert words in text, words
    notice = Notice.objects.across_orgs("test").get()
    assert (notice.severity, notice.told) == ("Extreme", True)


@pytest.mark.parametrize(
    ("before", "after", "severity", "heading"),
    [(1, 2, "Moderate", "raised"), (4, 1, "Minor", "lowered"), (4, 3, "Severe", "lowered"), (3, 4, "Extreme", "raised")],
)  # fmt: skip
def test_how_grave_it_is_told(
    world: World, trip_of: TripMaker, before: int, after: int, severity: str, heading: str
) -> None:
    trip_of(world.bob, HERE)
    change(before, after)
    tell()
    assert Notice.objects.across_orgs("test").get().severity == severity
    assert heading in mails()[0].subject


@pytest.mark.parametrize(
    ("place", "from_severity", "before", "after", "is_told"),
    [
        ("JP", "Severe", 2, 3, True),
        ("Tokyo", "Severe", 2, 3, True),
        ("JP", "Severe", 1, 2, False),
        ("JP", "Minor", 1, 2, True),
        ("JP", "Severe", 4, 1, True),
        ("KE", "Minor", 1, 4, False),
    ],
)
def test_whoever_asked_is_told_from_their_severity_on(
    world: World, place: str, from_severity: str, before: int, after: int, is_told: bool
) -> None:
    subscribe(world.seat(world.bob), place=resolve(place), from_severity=from_severity)
    change(before, after)
    tell()
    assert bool(told()) == is_told
    if is_told:
        assert "End this subscription" in mails()[0].text


def test_two_trips_a_subscription_and_two_organisations_are_one_mail(
    world: World, trip_of: TripMaker
) -> None:
    join(world.bob, world.seat(world.dana).membership.programme)
    trip_of(world.bob, HERE)
    trip_of(world.bob, ("Tokyo", "2026-12-10T10:00", "2026-12-12T10:00"))
    for place in ("JP", "Tokyo"):
        subscribe(world.seat(world.bob), place=resolve(place), from_severity="Minor")
    change(1, 3)
    tell()
    AdvisoryVersion.objects.update(matched_at=None)
    tell(NOW + 2 * DAY)
    assert told() == [("advisory.level.changed", "bob")]


def test_muted_trips_cancelled_trips_and_ended_memberships(world: World, trip_of: TripMaker) -> None:
    muted, cancelled = trip_of(world.bob, HERE), trip_of(world.alice, HERE)
    mute_mail(muted, by=world.bob)
    cancel_trip(cancelled, by=world.alice)
    change(1, 3)
    tell()
    assert told() == []
    assert [row.why_not for row in Notice.objects.across_orgs("test")] == ["muted"]
    subscribe(world.seat(world.bob), place=resolve("JP"), from_severity="Minor")
    change(4, at=NOW + 2 * DAY)
    tell(NOW + 3 * DAY)
    assert told() == [("advisory.level.changed", "bob")]


def test_a_change_that_was_taken_back_before_it_was_told_tells_nobody(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, HERE)
    change(2, 4, 2)
    tell()
    assert told() == []
    change(3, 4, at=NOW + 2 * DAY)
    tell(NOW + 3 * DAY)
    (mail,) = mails()
    assert "Before: Level 2 of 4" in mail.text and "Now: Level 4 of 4" in mail.text


def test_first_sight_editorial_touches_and_old_news_tell_nobody(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HERE, ("KE", "2026-12-06T10:00", "2026-12-08T10:00"))
    change(4)
    change(2, 3, place="Kenya", is_editorial=True)
    put(entry("France", 2), at=NOW, is_register=False)
    trip_of(world.alice, ("FR", "2026-12-01T10:00", "2026-12-05T10:00"))
    put(entry("France", 4, changed_at=NOW - 20 * DAY), at=NOW + timedelta(hours=1), is_register=False)
    tell()
    assert told() == []
    assert not AdvisoryVersion.objects.filter(is_notable=True, matched_at=None).exists()


def test_worldwide_advice_is_told_once_to_whoever_travels(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HERE, ("KE", "2026-12-06T10:00", "2026-12-08T10:00"))
    change(1, 2, place="Worldwide")
    tell()
    assert told() == [("advisory.level.changed", "bob")]
    assert mails()[0].subject.startswith("Every destination")


def test_the_words_of_a_source_that_lets_us_only_link_are_not_quoted(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, HERE)
    linked = source("linked", display="link")
    put(entry(level=2), to=linked)
    put(
        entry(level=4, areas=(area("Border", 4),), note="Fighting began"),
        to=linked,
        at=NOW + timedelta(hours=1),
    )
    tell()
    assert "Fighting began" not in mails()[0].text and "Border" not in mails()[0].text


def test_a_grave_entry_that_was_not_listed_before_is_told_like_a_change(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, HERE)
    trip_of(world.alice, ("JP", "2026-11-10T10:00", "2026-11-19T10:00"))
    trip_of(world.dana, ("KE", "2026-12-01T10:00", "2026-12-05T10:00"))
    put(entry("Kenya", 4), entry("France", 1))
    tell()
    assert told() == []
    put(entry("Japan", 3, category="health"), entry("Kenya", 4), entry("France", 1), at=NOW + DAY)
    tell(NOW + DAY)
    tell(NOW + 2 * DAY)
    (mail,) = mails()
    assert (mail.kind, mail.to.split("@")[0]) == ("advisory.level.changed", "bob")
    assert mail.subject == "Japan: Advice newly listed (Ministry of Advice)"
    assert "Now: Level 3 of 4, reconsider travel" in mail.text and "Before: Not listed before" in mail.text


def test_what_was_listed_and_taken_back_before_it_was_told_tells_nobody(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, HERE)
    rest = [entry(place) for place in ("Kenya", "France", "Fiji")]
    put(*rest)
    put(entry("Japan", 4, category="health"), *rest, at=NOW + timedelta(hours=1))
    for hours in (2, 3):
        put(*rest, at=NOW + timedelta(hours=hours))
    assert AdvisoryVersion.objects.filter(is_notable=True).count() == 2
    tell()
    assert told() == []


def test_unsubscribing_stops_the_next_one(world: World, trip_of: TripMaker, client_of: Any) -> None:
    trip_of(world.bob, HERE)
    change(1, 3)
    tell()
    link = UnsubscribeLink.objects.across_orgs("test").get()
    assert link.token in mails()[0].unsubscribe_url
    assert client_of(None).post(f"/u/{link.token}/").status_code in (200, 302)
    change(4, at=NOW + 2 * DAY)
    tell(NOW + 3 * DAY)
    assert len(told()) == 1


def test_a_failed_change_is_told_later_and_stops_no_other(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    trip_of(world.bob, HERE, ("KE", "2026-12-06T10:00", "2026-12-08T10:00"))
    change(1, 3)
    change(1, 3, place="Kenya")
    ordinary = leveladvice.ADVICE.change_of

    def broken(versions: Sequence[AdvisoryVersion], now: datetime) -> Any:
        if versions[0].advisory.country_code == "JP":
            raise ValueError("broken")
        return ordinary(versions, now)

    queue = levels.Queue(leveladvice.ADVICE.rows, "advisory_id", broken)
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "LEVEL_QUEUES", (queue,))
        tell()
    assert len(told()) == 1
    tell(NOW + DAY + timedelta(seconds=levels.LEASE_SECONDS + 1))
    assert len(told()) == 2


def test_pages_of_people_are_told_each_once(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "PAGE", 2)
    programme = world.seat(world.bob).membership.programme
    for number in range(5):
        user = make_user(f"t{number}@northfield.example.edu", f"T{number}", "Lee")
        join(user, programme)
        trip_of(user, HERE)
        subscribe(world.seat(user), place=resolve("JP"), from_severity="Minor")
    change(1, 3)
    tell()
    assert sorted(who for _kind, who in told()) == [f"t{number}" for number in range(5)]


def test_whoever_was_told_before_the_telling_broke_off_hears_that_it_was_taken_back(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "PAGE", 1)
    trip_of(world.bob, HERE)
    trip_of(world.alice, HERE)
    change(2, 4)
    ordinary, pages = levels._Teller.tell, [0]

    def breaks(self: Any, users: Sequence[int]) -> int:
        pages[0] += 1
        if pages[0] == 2:
            raise OperationalError("the connection is lost")
        return ordinary(self, users)

    with monkeypatch.context() as patch, pytest.raises(OperationalError):
        patch.setattr(levels._Teller, "tell", breaks)
        tell()
    ((_kind, first),) = told()
    change(4, 2, at=NOW + DAY)
    tell(NOW + 2 * DAY)
    last = [mail for mail in mails() if mail.to.startswith(first)][-1]
    assert "Now: Level 2 of 4" in last.text and "Before: Level 4 of 4" in last.text


def test_what_another_worker_is_telling_is_not_judged_with_what_takes_it_back(
    world: World, trip_of: TripMaker
) -> None:
    trip_of(world.bob, HERE)
    change(2, 4)
    at = NOW + timedelta(hours=2)
    raised = AdvisoryVersion.objects.filter(is_notable=True)
    raised.update(lease_by="another", lease_until=at + timedelta(hours=2))
    change(4, 2, at=at)
    tell(at + timedelta(hours=1))
    assert AdvisoryVersion.objects.filter(is_notable=True, matched_at=None).count() == 2
    # The other one has told it, and is done.
    with clock.held_at(at):
        version = AdvisoryVersion.objects.filter(is_notable=True).order_by("pk")[0]
        known = leveladvice.change_of([version], at)
        assert known is not None
        levels.tell_change(known, everybody=jobs.everybody(), now=at)
    AdvisoryVersion.objects.filter(pk=version.pk).update(matched_at=at, lease_until=None, lease_by="")
    tell(at + timedelta(hours=2))
    assert ["Now: Level 4 of 4" in mails()[0].text, "Now: Level 2 of 4" in mails()[1].text] == [True, True]


def test_a_date_that_the_publisher_did_not_move_makes_no_change_old(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HERE)
    change(2, 4, changed_at=NOW - 60 * DAY)
    AdvisoryVersion.objects.update(changed_at=NOW - 60 * DAY)
    tell()
    assert told() == [("advisory.level.changed", "bob")]


def test_what_an_editorial_correction_took_back_is_not_told(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, HERE)
    change(2, 4)
    put(entry(level=2, is_editorial=True), at=NOW + timedelta(hours=2), is_register=False)
    tell()
    assert told() == []


def test_one_persons_trouble_keeps_nobody_else_untold(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who cannot be told is tried again; those after them, on the same page or a later one, are told now."""
    for person in (world.alice, world.bob, world.dana):
        trip_of(person, HERE)
    change(2, 4)
    sound = levels._Teller._by_trip

    def broken(teller: levels._Teller, user: int, stay: Any) -> Any:
        if user == world.alice.pk:
            raise ValueError("no words for this one")
        return sound(teller, user, stay)

    monkeypatch.setattr(levels._Teller, "_by_trip", broken)
    tell()
    assert sorted(told()) == [("advisory.level.changed", "bob"), ("advisory.level.changed", "dana")]
    assert AdvisoryVersion.objects.filter(is_notable=True, matched_at=None).count() == 1
    monkeypatch.setattr(levels._Teller, "_by_trip", sound)
    tell(NOW + DAY + timedelta(seconds=levels.LEASE_SECONDS + 1))
    assert sorted(name for _kind, name in told()) == ["alice", "bob", "dana"]
    assert not AdvisoryVersion.objects.filter(is_notable=True, matched_at=None).exists()
