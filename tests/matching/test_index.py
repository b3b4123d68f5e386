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
            shape, rough = (
                disc(chance.uniform(-180, 180), chance.uniform(-90, 90), chance.uniform(5, 2500))
                for _ in range(2)
            )
            kind = chance.random()
            given = None if kind < 0.2 else shape
            possible = rough if kind < 0.4 else None
            countries = frozenset(chance.sample(["PH", "KE"], 1)) if kind < 0.1 else None
            impact = Impact(severity, onset, ends, given, countries, possible=possible)
        warnings.append((number, impact))
    stays = []
    for _ in range(60):
        begin = START + timedelta(hours=chance.randrange(0, 400))
        lon, lat = chance.uniform(-180, 180), chance.uniform(-85, 85)
        country = chance.choice(["PH", "KE", "FR"])
        end = begin + timedelta(hours=chance.randrange(0, 300))
        if chance.random() < 0.3:
            stays.append(
                Whereabouts("country", country, begin, end, lon, lat, box(lon - 4, lat - 4, lon + 4, lat + 4))
            )
        else:
            stays.append(Whereabouts("city", country, begin, end, lon, lat, disc(lon, lat, 20)))
    slow = {
        (number, at, hit.strength, hit.distance_km, hit.code)
        for number, impact in warnings
        for at, stay in enumerate(stays)
        if (hit := match(impact, stay)) is not None
    }
    found = ImpactIndex(warnings).matches(stays)
    fast = {(number, at, hit.strength, hit.distance_km, hit.code) for number, at, hit in found}
    assert fast == slow
    assert len(found) == len(fast)
    assert sorted(ImpactIndex(warnings).meeting(stays)) == sorted({(number, at) for number, at, *_ in slow})
    assert {code for *_, code in slow} == {
        "inside", "touches", "country_warned", "somewhere_in_country", "somewhere_in_region",
    }  # fmt: skip


def test_nothing_active_concerns_nobody() -> None:
    stay = Whereabouts("city", "PH", START, START, 1.0, 1.0, disc(1, 1, 5))
    assert ImpactIndex[int]([]).matches([stay]) == []
