"""The destination page: facts with sources, unknown as unknown, time, map, the keys of places that are gone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.test import Client

from safeconduct.lib import clock
from safeconduct.places.factwords import emergency_of, facts_of
from safeconduct.places.models import Fact, Place
from safeconduct.places.queries import place_by_key
from tests.alerts.messages import message, put
from tests.conftest import World

Clients = Callable[[AbstractBaseUser | None], Client]


@pytest.fixture
def page(world: World, client_of: Clients) -> Callable[[str], str]:
    """Return a function: key → the text of the page as Bob sees it."""

    def text(key: str) -> str:
        with clock.held_at(datetime(2026, 11, 24, 9, 0, tzinfo=UTC)):
            answer = client_of(world.bob).get(f"/destinations/{key}/")
        assert answer.status_code == 200
        return answer.content.decode()

    return text


def test_country_page(page: Callable[[str], str]) -> None:
    text = page("iso:KE")
    for words in ("Kenya", "Nairobi", "Kenyan Shilling", "+254", "On the left", "Swahili", 'href="tel:999"'):
        assert words in text
    # Time there now, at the capital.
    assert re.search(r"Tue 24 Nov, 12:00 \(UTC\+3\)</time>\s+in Nairobi", text)
    # Each fact has its source and date.
    assert len(re.findall(r'<dd>.*?<span class="src">', text)) == len(re.findall("<dd>", text))
    assert "CLDR 48.2" in text and "2026-11-24" in text
    assert text.count("<svg viewBox") == 1
    assert "No active alert" in text


def test_unknown_is_shown_as_unknown(page: Callable[[str], str]) -> None:
    Fact.objects.filter(country_code="KE", field__in=["currency", "emergency"]).delete()
    text = page("iso:KE")
    assert re.search(r'<dt>Money</dt>\s*<dd class="unknown">Unknown', text)
    assert "No two sources agree on a number" in text


def test_city_and_airport_pages_name_their_country(page: Callable[[str], str]) -> None:
    city = page("geonames:184745")
    assert 'href="/destinations/iso:KE/"' in city and "Facts about Kenya" in city
    assert "NBO" in page("iata:NBO")


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
    gone = client.get("/destinations/geonames:179330/").content.decode()
    assert "no longer in our list" in gone


def test_people_in_no_organisation_associate_first(world: World, client_of: Clients) -> None:
    assert client_of(world.charlie).get("/destinations/iso:KE/").status_code == 302


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
            return next(line.text for line in facts_of("DE", "en") if line.field == "currency")

    assert money(datetime(2026, 11, 24, tzinfo=UTC)) == "Euro (EUR, €)"
    assert "DEM" in money(datetime(2000, 1, 1, tzinfo=UTC))


@pytest.mark.django_db
@pytest.mark.parametrize("lang", ["en", "de", "fr", "ar", "ja", "zh-hant", "pt-br", "xx"])
def test_facts_in_every_language(lang: str) -> None:
    lines = facts_of("CH", lang)
    assert all(line.text and line.sources and line.checked_on for line in lines)


@pytest.mark.django_db
def test_emergency_numbers_name_two_sources() -> None:
    found = emergency_of("CH")
    assert {line.service: line.numbers for line in found.lines}["police"] == ("112", "117")
    assert len(found.sources) == 2
    assert not emergency_of("QQ").is_known


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
        assert "Storm &amp; surge</a>" in text and re.search(r'href="/alerts/\w+/"', text)
        assert "Until" in text and "Wed 25 Nov, 06:00 (UTC)" in text
        assert 'class="m-area"' in text and "Only a test" not in text
    assert "Storm" not in page("iso:KE")
