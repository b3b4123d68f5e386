"""Search finds what people type: in any language, without accents, by the beginning of a word, by code."""

import io
import json

import pytest
from django.core.management import call_command

from safeconduct.lib.errors import NotFound, Refused
from safeconduct.places.actions import load_facts
from safeconduct.places.models import Place
from safeconduct.places.queries import place_by_key, resolve, search, zone_of

pytestmark = pytest.mark.django_db

FIRST = [
    ("munchen", "Munich"),
    ("München", "Munich"),
    ("Muenchen", "Munich"),
    ("日本", "Japan"),
    ("東京", "Tokyo"),
    ("deutschland", "Germany"),
    ("allemagne", "Germany"),
    ("kenia", "Kenya"),
    ("NBO", "Jomo Kenyatta International Airport"),
    ("москва", "Moscow"),
    ("мюнхен", "Munich"),
    ("paris", "Paris"),
    ("new yo", "New York City"),
    ("london", "London"),
    ("USA", "United States"),
    ("uk", "United Kingdom"),
    ("DE", "Germany"),
    ("suva", "Suva"),
    ("lisboa", "Lisbon"),
    ("kenya", "Kenya"),
    ("tok", "Tokyo"),
]


@pytest.mark.parametrize(("query", "first"), FIRST)
def test_best_answer(query: str, first: str) -> None:
    assert search(query)[0].name == first


def test_a_name_in_arabic_letters() -> None:
    load_facts(only={"EG"})
    hits = search("القاهرة")
    assert (hits[0].name, hits[0].native_name, hits[0].country) == ("Cairo", "القاهرة", "EG")


def test_later_words_come_after_whole_names() -> None:
    names = [hit.name for hit in search("york", limit=20)]
    assert names[0] == "York"
    assert "New York City" in names[1:]


def test_names_are_shown_in_the_readers_language() -> None:
    hit = search("munchen", lang="de")[0]
    assert (hit.name, hit.native_name, hit.country_name) == ("München", "München", "Deutschland")
    assert search("japan", lang="ja")[0].name == "日本"
    assert search("japan", lang="pt-br")[0].name == "Japão"
    assert search("tokyo", lang="xx")[0].name == "Tokyo"
    assert {"Munich", "München", "Monaco di Baviera"} <= set(hit.names)


def test_scores_fall_and_stay_between_0_and_1() -> None:
    scores = [hit.score for hit in search("san", limit=30)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


@pytest.mark.parametrize(
    "query", ["", "   ", "--", "zzzzzzzz", "%", "_", "\x00", "'; drop table", "x" * 5000]
)
def test_nothing_found_is_no_error(query: str) -> None:
    assert search(query) == []


def test_limit_is_kept() -> None:
    assert len(search("s", limit=3)) == 3
    assert search("s", limit=0) == []
    assert len(search("s", limit=10_000)) <= 50


def test_few_queries(django_assert_max_num_queries: pytest.FixtureRequest) -> None:
    with django_assert_max_num_queries(9):  # type: ignore[operator]
        search("san", lang="de", limit=10)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("NBO", "iata:NBO"),
        ("KE", "iso:KE"),
        ("KEN", "iso:KE"),
        ("Nairobi", "geonames:184745"),
        ("Paris, US", "geonames:4717560"),
        ("Paris, TX", "geonames:4717560"),
        ("Portland ME", "geonames:4975802"),
        ("Paris, France", "geonames:2988507"),
        ("iso:KE", "iso:KE"),
        ("Kenya", "iso:KE"),
    ],
)
def test_resolve(text: str, key: str) -> None:
    assert resolve(text).key == key


def test_resolve_refuses_what_nobody_knows() -> None:
    with pytest.raises(Refused) as refusal:
        resolve("Atlantis on the Moon")
    assert refusal.value.code == "place.unknown"
    with pytest.raises(NotFound):
        place_by_key("geonames:1")


def test_zones() -> None:
    assert zone_of(place_by_key("iso:US")).key == "America/New_York"  # the capital's
    assert zone_of(place_by_key("geonames:184745")).key == "Africa/Nairobi"
    assert zone_of(Place(zone="")).key == "UTC"


def test_command_prints_unescaped_json() -> None:
    out = io.StringIO()
    call_command("search", "日本", "--lang", "ja", "--limit", "3", "--json", stdout=out)
    assert "日本" in out.getvalue()
    rows = json.loads(out.getvalue())
    assert {"kind", "code", "name", "native_name", "names", "country", "score"} <= set(rows[0])
    assert (rows[0]["kind"], rows[0]["code"], rows[0]["name"]) == ("country", "JP", "日本")
