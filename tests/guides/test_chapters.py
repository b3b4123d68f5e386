"""What chapters open with, what nobody wrote, who says so and since when, whom to call, what an operator corrected."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.test import Client
from django.utils import translation

from safeconduct.centres.models import Centre
from safeconduct.guides import keeping
from safeconduct.guides.assembly import guide_document
from safeconduct.guides.document import Citation, with_days
from safeconduct.guides.markdown import markdown_of
from safeconduct.guides.outline import outline
from safeconduct.lib import clock
from safeconduct.places.models import FactSource
from safeconduct.places.overrides import correct_fact
from safeconduct.places.queries import place_by_key
from safeconduct.ratings.actions import override_rating
from tests.advisories.registers import entry, put, source
from tests.alerts.messages import message
from tests.alerts.messages import put as send
from tests.conftest import World

Clients = Callable[[AbstractBaseUser | None], Client]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def look(world: World, client_of: Clients) -> Callable[..., str]:
    """Return a function: path below the destinations and who reads → the page."""

    def text(path: str, who: AbstractBaseUser | None = None, language: str = "en") -> str:
        keeping.forget()
        client = client_of(who or world.bob)
        client.cookies["safeconduct_language"] = language
        with clock.held_at(NOW):
            return str(client.get(f"/destinations/{path}").content.decode())

    return text


def contents(page: str) -> list[str]:
    """The keys that the contents lead to."""
    return re.findall(r'href="#([^"]+)"', page.partition('id="h-toc"')[2].partition("</nav>")[0])


def test_security_and_medical_open_with_their_rating_and_advice(world: World, look: Callable[..., str]) -> None:
    with clock.held_at(NOW):
        put(entry("Kenya", 3), to=source("north", name="Northern Ministry"), at=NOW)
        override_rating("KE", "security", value="high", reason="Ballots", by=world.olga)
        override_rating("KE", "medical", value="variable", reason="Heights", by=world.olga)
    security, medical = look("iso:KE/security/"), look("iso:KE/medical/")
    for page, kind, other in ((security, "security", "medical"), (medical, "medical", "security")):
        assert contents(page)[:2] == ["ratings", "advice"]
        assert page.count('class="card rating"') == 1
        assert f'href="/ratings/KE/{kind}/"' in page and f'href="/ratings/KE/{other}/"' not in page
        assert page.index('id="ratings"') < page.index('id="advice"')
        # Every entry of the contents leads somewhere, once.
        for name in contents(page):
            assert page.count(f'id="{name}"') == 1, name
    assert "Step 4 of 5, of which 5 is the worst." in security and "3 of 4" in security
    assert "It depends on the part of the country." in medical
    # A level of the country is no health notice.
    assert "Northern Ministry" not in medical.partition('id="advice"')[2].partition("</section>")[0]
    assert "No health notice has been read for this destination." in medical
    # No other chapter has them.
    assert 'id="ratings"' not in look("iso:KE/travel/")


def test_parts_of_which_nobody_says_anything_are_one_line(world: World, look: Callable[..., str]) -> None:
    page = look("iso:KE/security/")
    assert page.count("Nothing is recorded here yet:") == 1
    assert '<span id="stability">Stability of the country</span>' in page
    assert not {"security-summary", "personal-risk", "stability"} & set(contents(page))
    assert "write it" not in page
    # Who may write is led to where that is done.
    editor = look("iso:KE/security/", world.olga)
    assert 'href="/desk/guides/iso:KE/stability/en/">write it' in editor


def test_the_files_open_the_same_chapters_in_the_same_way(world: World) -> None:
    with clock.held_at(NOW):
        put(entry("Kenya", 3), to=source("north", name="Northern Ministry"), at=NOW)
        document = guide_document(place_by_key("iso:KE"), "en", world.northfield)
    with translation.override("en"):
        whole = markdown_of(outline(document))
        alone = markdown_of(outline(document, frozenset({"overview"})))
        security = markdown_of(outline(document, frozenset({"security"})))
    chapter = whole.partition("\n## Security\n")[2].partition("\n## ")[0]
    assert chapter.lstrip().startswith("### Rating: ")
    assert "### Official advice, side by side" in chapter and "| Last change |" in chapter
    assert "Nothing is recorded here yet: Summary, Personal risk, Stability of the country." in chapter
    overview = whole.partition("\n## Overview\n")[2].partition("\n## ")[0]
    # What stands in full further down is told in short above, and in full where it stands alone.
    assert "Northern Ministry" in overview and "| Last change |" not in overview
    assert "| Last change |" in alone and "| Last change |" in security


# Who says so, and since when.


def test_the_day_of_reading_is_said_as_such_and_once() -> None:
    day, other = date(2026, 11, 24), date(2026, 11, 20)
    cited = [Citation("A", on=day, edition="2024-05"), Citation("B", on=day), Citation("C", on=other)]
    assert [on for _each, on in with_days(cited)] == [None, day, other]


def test_a_fact_tells_the_edition_of_its_source_and_when_that_was_read(look: Callable[..., str]) -> None:
    text = look("iso:KE/travel/")
    mains = text.partition("<dt>Mains electricity</dt>")[2].partition("</dd>")[0]
    assert "IEC World Plugs, as recorded by benjiao/world-plugs</bdi></a>, edition 2017; " in mains
    assert mains.count("read on ") == 1 and "read on <time" in mains
    assert "CLDR 48.2 (cldr-core)</bdi></a>, read on <time" in text
    assert FactSource.objects.get(src="mzv-sk").edition == "2026-05-03"
    assert str(FactSource.objects.get(src="mzv-sk")) == "Recommendations for travellers, 3 May 2026"


# Whom to call.


def centre(name: str, phone: str, lat: float, lon: float, **more: object) -> Centre:
    values = {"place_name": name, "country_code": "AU", "zone": "Australia/Sydney", "is_24_hours": True, **more}
    return Centre.objects.create(name=f"{name} Centre", phone=phone, lat=lat, lon=lon, **values)


def test_the_files_say_whom_to_call(world: World) -> None:
    document = guide_document(place_by_key("iso:KE"), "en", world.northfield)
    assert document.centres == ()
    centre("Sydney", "+61255500142", -33.9, 151.2)
    centre("Nairobi", "+442079460142", -1.3, 36.8, second_phone="+442079460143", zone="Africa/Nairobi")
    document = guide_document(place_by_key("iso:KE"), "en", world.northfield)
    assert (document.centres[0].name, document.centres[0].is_nearest) == ("Nairobi Centre", True)
    with translation.override("en"):
        made = outline(document)
        text = markdown_of(made)
    assert ("Assistance centre", "+44 20 7946 0142, +44 20 7946 0143 (Nairobi Centre)") in made.facts
    assert "### Assistance centres" in text and "**+44 20 7946 0143**" in text and "Open day and night" in text


# What an operator corrected.


def test_the_climate_of_a_capital_is_corrected_like_any_fact(world: World) -> None:
    kenya = place_by_key("iso:KE")

    def shown() -> dict[str, tuple[float, str]]:
        parts = guide_document(kenya, "en").chapter("travel").parts
        rows = next(part.climate for part in parts if part.climate)
        return {row.city: (row.temperatures[0], row.koppen) for row in rows}

    shipped = shown()
    said = {"by": world.olga, "source_title": "Met Department", "reason": "Station", "checked_on": NOW.date()}
    correct_fact("KE", "climate", value={"koppen": "Aw", "temperatures": [30.0] * 12, "rain": None}, **said)
    assert shown() == {**shipped, "Nairobi": (30.0, "Tropical, hot, with a dry season in winter")}
    climate = next(part.climate for part in guide_document(kenya, "en").chapter("travel").parts if part.climate)[0]
    assert (climate.citations[0].title, climate.reason) == ("Met Department", "Station")
    # The rain is still that of the shipped source.
    assert any("P.837" in each.title for each in climate.citations)
    correct_fact("KE", "climate", value=None, **said)
    assert "Nairobi" not in shown() and set(shown()) < set(shipped)


# From right to left.


def test_codes_and_numbers_keep_their_order_on_an_arabic_page(look: Callable[..., str]) -> None:
    page = look("iso:KE/travel/", language="ar")
    assert '<html lang="ar" dir="rtl">' in page
    assert "\u2066+254\u2069" in page and "(\u2066KES\u2069)" in page
    assert "\u2066" not in look("iso:KE/travel/")


def test_the_severity_of_an_alert_is_a_word_of_the_readers_language(world: World) -> None:
    send(message("words", sent="2026-11-24T06:00:00+00:00", expires="2026-11-25T06:00:00+00:00"), at=NOW)
    words = {}
    for language in ("en", "de"):
        with clock.held_at(NOW), translation.override(language):
            words[language] = guide_document(place_by_key("iso:PT"), language).alerts[0].severity_word
    assert words["en"] == "Severe" and words["de"] not in ("", "Severe")


# Clocks.


def test_a_country_of_many_clocks_folds_them_the_largest_city_first(
    world: World, look: Callable[..., str]
) -> None:
    world.northfield.zone, world.northfield.home_country = "America/Denver", "US"
    world.northfield.save()
    one, many = look("iso:KE/"), look("iso:RU/")
    assert "10 hours ahead of Denver now" in one and "Clocks there and at home" not in one
    lines = re.findall(r"<li>([^<]+)</li>", many.partition("Clocks there and at home")[2].partition("</ul>")[0])
    assert len(lines) == len(set(lines)) > 5
    assert lines[0].startswith("Moscow, ") and all(" now" in line for line in lines)
