"""The destination page: facts with sources, unknown as unknown, time, map, the keys of places that are gone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.test import Client

from safeconduct.guides import keeping
from safeconduct.guides.assembly import fact_items
from safeconduct.guides.document import FactItem
from safeconduct.lib import clock
from safeconduct.places.effective import effective_facts
from safeconduct.places.models import Fact, Place
from safeconduct.places.queries import place_by_key
from safeconduct.places.registry import BASIC
from tests.alerts.messages import message, put
from tests.conftest import World

Clients = Callable[[AbstractBaseUser | None], Client]


@pytest.fixture
def page(world: World, client_of: Clients) -> Callable[[str], str]:
    """Return a function: key → the text of the page as Bob sees it."""

    def text(key: str, chapter: str = "") -> str:
        with clock.held_at(datetime(2026, 11, 24, 9, 0, tzinfo=UTC)):
            answer = client_of(world.bob).get(f"/destinations/{key}/{chapter}")
        assert answer.status_code == 200
        return answer.content.decode()

    return text


def test_country_page(page: Callable[[str], str]) -> None:
    text = page("iso:KE")
    for words in ("Kenya", "Nairobi", "Kenyan Shilling", "+254", "On the left", "Swahili", 'href="tel:999"'):
        assert words in text
    assert "No official advice has been read" in text and "Too little is known for a rating" in text
    # Time there now, at the capital.
    assert re.search(r"Tue 24 Nov, 12:00 \(UTC\+3\)</bdi>\s+in Nairobi", text)
    # Each fact has its source and date.
    assert len(re.findall(r'<dd>.*?<span class="src">', text)) == len(re.findall("<dd>", text))
    assert "CLDR 48.2" in text and "2026-11-24" in text
    assert "No active alert" in text


def test_unknown_is_shown_as_unknown(page: Callable[[str], str]) -> None:
    Fact.objects.filter(country_code="KE", field__in=["currency", "emergency"]).delete()
    text = page("iso:KE")
    assert re.search(r'<dt>Money</dt>\s*<dd class="unknown">Unknown', text)
    assert "No two sources agree on a number" in text


def test_city_and_airport_pages_name_their_country(page: Callable[[str], str]) -> None:
    city = page("geonames:184745")
    assert 'href="/destinations/iso:KE/"' in city and "City, Kenya" in city
    assert "NBO" in page("iata:NBO")


def test_every_chapter_has_its_page(world: World, client_of: Clients) -> None:
    client = client_of(world.bob)
    wanted = {
        "before": ("Entry requirements", "Yellow fever"),
        "medical": ("Tap water", "Malaria"),
        "security": ("Personal risk", "Nothing is recorded here yet"),
        "travel": ("Main airports", "Sockets", "Public holidays of the next 12 months", "Nairobi", "°C"),
        "contacts": ('href="tel:999"',),
    }
    for chapter, words in wanted.items():
        text = client.get(f"/destinations/iso:KE/{chapter}/").content.decode()
        assert f'<a href="/destinations/iso:KE/{chapter}/" aria-current="page">' in text
        for word in words:
            assert word in text, (chapter, word)
        assert len(text.encode()) < 120_000
    assert client.get("/destinations/iso:KE/poetry/").status_code == 404


def test_pages_stay_small_without_inline_style_or_script(page: Callable[[str], str]) -> None:
    for key in ("iso:RU", "iso:US", "iso:FJ", "iso:NO", "geonames:2867714"):
        text = page(key)
        assert len(text.encode()) < 100_000
        assert " style=" not in text and "<style" not in text
        assert not re.search(r"<script(?![^>]*\bsrc=)", text)


def test_unknown_and_odd_keys_are_404(world: World, client_of: Clients) -> None:
    client = client_of(world.bob)
    for key in ("iso:QQ", "geonames:1", "iso:", "nonsense"):
        assert client.get(f"/destinations/{key}/").status_code == 404
    assert client.get("/destinations/iso:KE%00/").status_code == 400


def test_merged_place_leads_on_and_vanished_place_says_so(world: World, client_of: Clients) -> None:
    thika, nairobi = place_by_key("geonames:179330"), place_by_key("geonames:184745")
    client = client_of(world.bob)
    Place.objects.filter(pk=thika.pk).update(state="merged", merged_into=nairobi)
    answer = client.get("/destinations/geonames:179330/")
    assert (answer.status_code, answer["Location"]) == (302, "/destinations/geonames:184745/")
    Place.objects.filter(pk=thika.pk).update(state="vanished", merged_into=None)
    keeping.forget()
    gone = client.get("/destinations/geonames:179330/").content.decode()
    assert "no longer in our list" in gone


def test_people_in_no_organisation_associate_first(world: World, client_of: Clients) -> None:
    assert client_of(world.charlie).get("/destinations/iso:KE/").status_code == 302


def basic_facts(iso2: str, lang: str) -> list[FactItem]:
    """What is known of every country that people live in, in words."""
    basic = {field.name for field in BASIC} - {"emergency"}
    items = fact_items(effective_facts(country_code=iso2), lang, clock.today())
    return [item for part in items.values() for item in part if item.field in basic]


@pytest.mark.django_db
def test_currency_follows_the_date() -> None:
    Fact.objects.filter(country_code="DE", field="currency").update(
        value=[
            {"code": "DEM", "from": "1948-06-20", "to": "2001-12-31"},
            {"code": "EUR", "from": "1999-01-01", "to": ""},
        ]
    )

    def money(at: datetime) -> str:
        with clock.held_at(at):
            return next(line.text for line in basic_facts("DE", "en") if line.field == "currency")

    assert money(datetime(2026, 11, 24, tzinfo=UTC)) == "Euro (EUR, €)"
    assert "DEM" in money(datetime(2000, 1, 1, tzinfo=UTC))


@pytest.mark.django_db
@pytest.mark.parametrize("lang", ["en", "de", "fr", "ar", "ja", "zh-hant", "pt-br", "xx"])
def test_facts_in_every_language(lang: str) -> None:
    lines = basic_facts("CH", lang)
    assert len(lines) == 15
    assert all(line.text and line.citations and all(each.on for each in line.citations) for line in lines)


def test_each_emergency_number_names_its_sources(page: Callable[[str], str]) -> None:
    text = page("iso:KE")
    card = re.search(r'<div class="card"><h3>Any emergency</h3>.*?</div>', text, re.DOTALL)
    assert card is not None
    assert 'href="tel:112"' in card[0] and "libphonenumber" in card[0] and "2026-11-24" in card[0]
    assert "Shown only where two sources agree" in text


def test_active_alerts_are_listed_and_drawn(page: Callable[[str], str]) -> None:
    at = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
    put(
        message(
            "guide-1",
            sent="2026-11-24T06:00:00+00:00",
            expires="2026-11-25T06:00:00+00:00",
            headline="Storm &amp; surge",
        ),
        at=at,
    )
    put(message("guide-2", sent="2026-11-24T06:00:00+00:00", status="Test", headline="Only a test"), at=at)
    for key in ("iso:PT", "geonames:2267057"):
        text = page(key)
        assert "Storm &amp; surge</bdi></a>" in text and re.search(r'href="/alerts/\w+/"', text)
        assert "Until" in text and "Wed 25 Nov, 06:00 (UTC)" in text
        assert 'class="m-area"' in text and "Only a test" not in text
    assert "Storm" not in page("iso:KE")
