"""The index says the same as asking every warning in turn."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from shapely.geometry import box

from safeconduct.lib.geo import disc
from safeconduct.matching.index import ImpactIndex
from safeconduct.matching.match import Impact, Whereabouts, match

START = datetime(2026, 11, 1, tzinfo=UTC)


def test_same_as_one_by_one() -> None:
    chance = random.Random(20261124)
    warnings: list[tuple[int, Impact]] = []
    for number in range(400):
        onset = START + timedelta(hours=chance.randrange(0, 400))
        ends = None if chance.random() < 0.1 else onset + timedelta(hours=chance.randrange(1, 200))
        severity = chance.choice(["Extreme", "Severe", "Moderate", "Minor", "Unknown"])
        if chance.random() < 0.2:
            impact = Impact(severity, onset, ends, None, frozenset(chance.sample(["PH", "KE", "DE"], 2)))
        else:
            shape = disc(chance.uniform(-180, 180), chance.uniform(-90, 90), chance.uniform(5, 2500))
            impact = Impact(severity, onset, ends, shape)
        warnings.append((number, impact))
    stays = []
    for _ in range(60):
        begin = START + timedelta(hours=chance.randrange(0, 400))
        lon, lat = chance.uniform(-180, 180), chance.uniform(-85, 85)
        country = chance.choice(["PH", "KE", "FR"])
        end = begin + timedelta(hours=chance.randrange(0, 300))
        if chance.random() < 0.3:
            stays.append(Whereabouts("country", country, begin, end, lon, lat, box(lon - 4, lat - 4, lon + 4, lat + 4)))
        else:
            stays.append(Whereabouts("city", country, begin, end, lon, lat, disc(lon, lat, 20)))
    slow = {
        (number, at, hit.strength, hit.distance_km)
        for number, impact in warnings for at, stay in enumerate(stays) if (hit := match(impact, stay)) is not None
    }
    fast = {(number, at, hit.strength, hit.distance_km) for number, at, hit in ImpactIndex(warnings).matches(stays)}
    assert fast == slow
    assert {strength for _n, _a, strength, _d in slow} == {"inside", "touches", "possible"}


def test_nothing_active_concerns_nobody() -> None:
    stay = Whereabouts("city", "PH", START, START, 1.0, 1.0, disc(1, 1, 5))
    assert ImpactIndex[int]([]).matches([stay]) == []
