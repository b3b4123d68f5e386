"""Itineraries to whereabouts: nobody is lost, and what is odd is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from safeconduct.trips.whereabouts import (
    GAP_REACH,
    GAP_WORTH,
    LEG_AFTER,
    LEG_BEFORE,
    OPEN_END,
    Gap,
    Overlap,
    Segment,
    Spot,
    remarks,
    whereabouts,
)

START = datetime(2026, 11, 18, 17, 0, tzinfo=UTC)


def spot(label: str, lon: float, lat: float, *, country: str = "XX", kind: str = "city", zone: str = "UTC") -> Spot:
    radius = None if kind == "country" else 10.0
    return Spot(label, kind, lon, lat, radius, country, zone, lon - 0.1, lat - 0.1, lon + 0.1, lat + 0.1, b"x")


DENVER = spot("Denver", -104.99, 39.74, country="US", zone="America/Denver")
MANILA = spot("Manila", 120.98, 14.6, country="PH", zone="Asia/Manila")
NAIA = spot("Manila airport", 121.02, 14.51, country="PH", kind="airport", zone="Asia/Manila")
CEBU = spot("Cebu", 123.9, 10.32, country="PH", zone="Asia/Manila")
PHILIPPINES = spot("Philippines", 122.0, 12.0, country="PH", kind="country", zone="Asia/Manila")


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def stay(key: int, place: Spot, start: float, end: float | None, **more: Any) -> Segment:
    return Segment(key, more.pop("kind", "stay"), place, at(start), None if end is None else at(end), **more)


def leg(key: int, here: Spot, there: Spot, start: float, end: float, **more: Any) -> Segment:
    return Segment(key, "flight", here, at(start), at(end), there, **more)


def test_a_leg_is_its_two_ends_with_their_margins() -> None:
    here, there = whereabouts([leg(0, DENVER, MANILA, 0, 20)])
    assert (here.spot, here.from_at, here.to_at) == (DENVER, at(0) - LEG_BEFORE, at(0))
    assert (there.spot, there.from_at, there.to_at) == (MANILA, at(20), at(20) + LEG_AFTER)


def test_an_open_end_lasts_to_the_next_stop_or_the_horizon() -> None:
    first, second = whereabouts([stay(0, MANILA, 0, None), stay(1, CEBU, 100, None)])
    assert (first.to_at, first.is_open_end) == (at(100), False)
    assert (second.to_at, second.is_open_end) == (at(100) + OPEN_END, True)
    assert remarks([stay(0, MANILA, 0, None), stay(1, CEBU, 100, None)]) == []


def test_a_gap_is_pointed_out_and_covered_from_both_sides() -> None:
    stops = [stay(0, MANILA, 0, 24), stay(1, CEBU, 76, 100)]
    (gap,) = remarks(stops)
    assert gap == Gap(0, 1, at(24), at(76), 2)
    unsure = [one for one in whereabouts(stops) if not one.certain]
    assert [(one.spot, one.from_at, one.to_at) for one in unsure] == [
        (MANILA, at(24), at(76)), (CEBU, at(24), at(76)),
    ]  # fmt: skip


def test_a_long_gap_is_covered_a_week_from_each_side() -> None:
    stops = [stay(0, MANILA, 0, 24), stay(1, CEBU, 24 + 60 * 24, 2000)]
    unsure = [one for one in whereabouts(stops) if not one.certain]
    assert [one.to_at - one.from_at for one in unsure] == [GAP_REACH, GAP_REACH]


def test_a_gap_shorter_than_a_night_is_no_news() -> None:
    assert remarks([stay(0, MANILA, 0, 24), stay(1, CEBU, 36, 40)]) == []


def test_a_flight_closes_the_time_it_takes() -> None:
    stops = [stay(0, DENVER, -50, 0), leg(1, DENVER, NAIA, 2, 22), stay(2, MANILA, 24, 90)]
    assert remarks(stops) == []


def test_two_lodgings_at_once_are_pointed_out() -> None:
    stops = [stay(0, CEBU, 0, 48, kind="lodging"), stay(1, CEBU, 24, 90, kind="lodging")]
    assert remarks(stops) == [Overlap(0, 1, at(24), at(48), True)]


def test_two_far_places_at_once_are_pointed_out_and_both_kept() -> None:
    stops = [stay(0, MANILA, 0, 48), stay(1, CEBU, 24, 90)]
    assert remarks(stops) == [Overlap(0, 1, at(24), at(48), False)]
    assert {one.spot for one in whereabouts(stops)} == {MANILA, CEBU}


def test_a_lodging_within_a_stay_and_a_town_within_a_country_are_no_conflict() -> None:
    assert remarks([stay(0, MANILA, 0, 90), stay(1, MANILA, 0, 90, kind="lodging")]) == []
    assert remarks([stay(0, PHILIPPINES, 0, 500), stay(1, CEBU, 24, 90)]) == []
    assert len(remarks([stay(0, PHILIPPINES, 0, 500), stay(1, DENVER, 24, 90)])) == 1


def test_the_same_day_named_by_two_whole_day_stops_is_no_overlap() -> None:
    noon = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)  # midnight in Manila
    stops = [
        Segment(0, "stay", MANILA, noon - timedelta(days=3), noon + timedelta(hours=23, minutes=59)),
        Segment(1, "stay", CEBU, noon, noon + timedelta(days=3)),
    ]
    assert remarks(stops) == []


def test_a_flight_in_the_middle_of_a_far_stay_is_pointed_out() -> None:
    stops = [stay(0, MANILA, 0, 200), leg(1, DENVER, CEBU, 100, 120)]
    assert remarks(stops) == [Overlap(0, 1, at(100), at(120), False)]


SPOTS = st.sampled_from([DENVER, MANILA, NAIA, CEBU, PHILIPPINES])


@st.composite
def itineraries(draw: st.DrawFn) -> list[Segment]:
    stops: list[Segment] = []
    for key in range(draw(st.integers(0, 7))):
        start = draw(st.integers(0, 60 * 24))
        length = draw(st.integers(0, 20 * 24))
        tentative = draw(st.booleans())
        if draw(st.booleans()):
            end = draw(st.sampled_from([float(start + length), None]))
            kind = draw(st.sampled_from(["stay", "lodging"]))
            stops.append(stay(key, draw(SPOTS), start, end, tentative=tentative, kind=kind))
        else:
            stops.append(leg(key, draw(SPOTS), draw(SPOTS), start, start + length, tentative=tentative))
    return stops


@given(itineraries())
def test_every_stop_is_covered_and_nothing_runs_backwards(stops: list[Segment]) -> None:
    found = whereabouts(stops)
    assert all(one.from_at <= one.to_at for one in found)
    assert [one.from_at for one in found] == sorted(one.from_at for one in found)
    for stop in stops:
        mine = [one for one in found if one.key == stop.key and one.certain]
        if stop.to_spot is not None:
            assert [one.spot for one in sorted(mine, key=lambda w: w.to_at)] == [stop.spot, stop.to_spot]
        else:
            (only,) = mine
            assert only.from_at == stop.from_at
            assert stop.to_at is None or only.to_at == stop.to_at
            assert only.tentative == stop.tentative


@given(itineraries(), st.integers(0, 80 * 24))
def test_between_first_and_last_stop_somebody_is_somewhere(stops: list[Segment], hour: int) -> None:
    """At every hour: on a leg, at a stop, or in a gap that is filled as far as it is documented to be."""
    moment = at(hour)
    begins = [one.from_at for one in stops]
    # An open end lasts to the next beginning, whichever stop that is of.
    ends = [
        one.to_at or min([begin for begin in begins if begin > one.from_at] + [one.from_at + OPEN_END])
        for one in stops
    ]
    if not stops or not min(begins) <= moment <= max(ends):
        return
    if any(one.is_leg and one.from_at <= moment <= (one.to_at or moment) for one in stops):
        return
    last = max((end for end in ends if end <= moment), default=None)
    following = min((begin for begin in begins if begin >= moment), default=None)
    here = any(one.from_at <= moment <= one.to_at for one in whereabouts(stops))
    deep = (
        last is not None and following is not None
        and moment - last > GAP_REACH and following - moment > GAP_REACH
    )  # fmt: skip
    assert here or deep


@given(itineraries())
def test_gaps_are_silent_and_overlaps_are_shared(stops: list[Segment]) -> None:
    by_key = {one.key: one for one in stops}
    for remark in remarks(stops):
        assert remark.from_at < remark.to_at
        if isinstance(remark, Gap):
            assert remark.to_at - remark.from_at > GAP_WORTH
            middle = remark.from_at + (remark.to_at - remark.from_at) / 2
            assert not any(
                one.from_at <= middle <= one.to_at for one in stops if one.to_at is not None
            )
        else:
            for key in (remark.first, remark.second):
                assert by_key[key].from_at <= remark.from_at
                end = by_key[key].to_at
                assert end is None or remark.to_at <= end


@given(itineraries(), st.randoms())
def test_the_order_of_typing_does_not_matter(stops: list[Segment], random: Any) -> None:
    shuffled = list(stops)
    random.shuffle(shuffled)
    assert whereabouts(shuffled) == whereabouts(stops)
    assert remarks(shuffled) == remarks(stops)
