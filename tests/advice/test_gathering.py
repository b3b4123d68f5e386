"""What a briefing gathers: every statement with its source, unknowns that say so, what changed, nothing of others."""

from __future__ import annotations

import json
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from safeconduct.advice.actions import add_rule
from safeconduct.advice.answers import Change
from safeconduct.advice.briefing import STEPS, Asked, AskedStop, Briefing, Line, changes, checklist
from safeconduct.advice.gathering import briefing_of
from safeconduct.advice.paper import briefing_json, briefing_pdf, briefing_text
from safeconduct.guides.actions import write_note
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.access import memberships_of, seat_for
from safeconduct.places.overrides import correct_fact
from safeconduct.places.queries import place_by_key
from safeconduct.ratings.actions import reckon_all
from tests.advice.occasionfiles import an_occasion
from tests.advice.rulefiles import NOW, TODAY, rule_details
from tests.advisories.registers import entry as advised
from tests.advisories.registers import put, section, source
from tests.alerts.messages import by_hand, message
from tests.alerts.messages import put as put_alert
from tests.conftest import World

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2027, 1, 11), date(2027, 1, 24)


def asked(*countries: str, **more: Any) -> Asked:
    stops = tuple(AskedStop(code) for code in countries or ("KE",))
    values: dict[str, Any] = {"departure": "US", "stops": stops, "departs_on": FIRST, "returns_on": LAST, **more}
    return Asked(**values)


def brief(question: Asked | None = None, *, lang: str = "en", **more: Any) -> Briefing:
    with clock.held_at(NOW):
        return briefing_of(question or asked(), lang=lang, now=NOW, **more)


def line(briefing: Briefing, key: str) -> Line:
    return next(one for one in briefing.lines() if one.key == key)


def keys(briefing: Briefing, start: str) -> list[str]:
    return [one.key for one in briefing.lines() if one.key.startswith(start)]


def test_every_step_is_there_and_every_statement_names_who_says_so(world: World) -> None:
    found = brief(asked("KE", "JP"))
    assert tuple(step.key for step in found.steps) == STEPS
    lines = list(found.lines())
    assert len({one.key for one in lines}) == len(lines)
    for one in lines:
        assert one.sources or one.is_unknown or one.is_portal or one.quote, one.key
    # What the portal says itself is its own affairs, never a fact of a country.
    assert not [one.key for one in lines if one.is_portal and ".fact." in one.key and not one.key.startswith("checklist.")]
    assert line(found, "around.fact.drive_side.KE").sources and "left" in line(found, "around.fact.drive_side.KE").text


def test_rules_become_lines_with_what_to_do_and_until_when(world: World) -> None:
    add_rule(rule_details(passports="DE", obtained="online", lead_days="14", text="Apply early."), by=None)
    found = brief(asked(passports=("DE",)))
    visa = line(found, "entry.visa.KE")
    assert visa.tone == "warn" and visa.sources[0].name == "Embassy of Kenya" and "Apply early." in visa.details[0]
    assert visa.todo_by == FIRST - timedelta(days=14) and "Visa for Kenya" in visa.todo
    assert checklist(found)[0].key == "entry.visa.KE"
    fever = line(found, "health.yellow_fever.KE")
    assert fever.tone == "good" and fever.todo == ""
    assert "Visa" not in line(found, "entry.silent.KE").label
    # Without a passport the same rule leaves it open, and what is to do is to find out.
    open_ = line(brief(), "entry.visa.KE")
    assert open_.tone == "note" and "which passport" in open_.details[0] and "find out" in open_.todo


def test_a_change_of_planes_where_there_is_yellow_fever_asks_for_the_certificate(world: World) -> None:
    value = {"cert": "from_risk_or_transit12h", "min_age_months": 12, "transit_hours": 12}
    said: dict[str, Any] = {"source_title": "Ministry of Health", "source_url": "https://health.example.org/", "reason": "New", "checked_on": TODAY}
    correct_fact("AU", "yellow_fever_certificate", by=world.olga, value=value, **said)
    stop = AskedStop("AU", via=(Change("KE", 14.0),))
    found = brief(asked(stops=(stop,)))
    fever = line(found, "health.yellow_fever.AU")
    assert fever.tone == "warn" and "Kenya" in fever.details[0]
    assert fever.todo_by == FIRST - timedelta(days=10)
    assert keys(found, "entry.silent.KE.via") == ["entry.silent.KE.via"]


def test_unknown_is_said_for_a_place_that_nobody_knows(world: World) -> None:
    found = brief(asked("BV"))
    for key in ("entry.silent.BV", "security.rating.security.BV", "security.advice.none.BV", "dates.occasion.none.BV",
                "contacts.emergency.none.BV", "contacts.embassy.BV", "dates.holiday.unknown.BV"):  # fmt: skip
        assert line(found, key).is_unknown, key
    assert sum(one.is_unknown for one in found.lines()) > 10


def test_advice_that_changed_is_told_and_is_a_change_since_it_was_read(world: World) -> None:
    ministry = source(name="Ministry of Advice")
    with clock.held_at(NOW - timedelta(days=120)):
        put(advised("Kenya", 2), to=ministry, at=NOW - timedelta(days=120))
    before = brief()
    assert keys(before, "dates.changed.none.KE") and not keys(before, "dates.rated")
    put(advised("Kenya", 4, changed_at=NOW - timedelta(days=1)), to=ministry, at=NOW - timedelta(hours=2))
    now = brief()
    level = next(one for one in now.lines() if one.key.startswith("security.advice."))
    assert level.tone == "stop" and level.label == "Ministry of Advice" and level.todo
    told = next(one for one in now.lines() if one.key.startswith("dates.changed."))
    assert "from 2 to 4" in told.text and told.sources[0].on == date(2026, 11, 23)
    found = changes(before.marks(), now)
    assert level.key in {one.key for one in found.changed} and told.key in {one.key for one in found.added}
    assert "dates.changed.none.KE" in found.gone


def test_ratings_are_ours_with_their_inputs(world: World) -> None:
    for name in ("Australia", "Austria", "Armenia"):
        put(advised("Kenya", 4), to=source(name.lower(), name=name), at=NOW)
    with clock.held_at(NOW):
        reckon_all(["KE"])
    rated = line(brief(), "security.rating.security.KE")
    assert rated.tone in ("warn", "stop") and rated.todo and any(one.name.startswith("Austria: ") for one in rated.sources)


def test_an_occasion_is_told_in_its_days_alone(world: World) -> None:
    occasion = an_occasion()
    key = f"dates.occasion.{occasion.public_id}"
    told = line(brief(), key)
    assert told.text == "An invented election" and told.sources[0].name == "Electoral Commission of Example"
    assert "Roads may be closed." in told.details
    assert not keys(brief(asked("JP")), key)
    later = asked(departs_on=FIRST + timedelta(days=2), returns_on=LAST)
    assert not keys(brief(later), key) and keys(brief(later), "dates.occasion.none.KE")
    assert not keys(brief(), "dates.occasion.none.KE")


def test_active_alerts_holidays_and_the_season_of_the_stay(world: World) -> None:
    over = "-2,36 -2,38 0,38 0,36 -2,36"
    put_alert(message("storm-1", polygon=over, expires="2026-12-30T10:00:00+00:00"), at=NOW)
    found = brief(asked(departs_on=date(2026, 12, 20), returns_on=date(2027, 1, 3)))
    alert = next(one for one in found.lines() if one.key.startswith("dates.alert."))
    assert alert.tone == "warn" and alert.link.startswith("/alerts/") and alert.sources
    assert line(found, "dates.holiday.KE.2026-12-25").sources
    assert not keys(found, "dates.holiday.KE.2026-10")
    months = [one.label for one in found.lines() if one.key.startswith("dates.climate.")]
    assert [label.split(", ")[1] for label in months] == ["December", "January"]


def test_without_an_end_twelve_months_are_looked_at_and_it_says_so(world: World) -> None:
    found = brief(asked(returns_on=None))
    end = line(found, "dates.end.KE")
    assert end.is_unknown and "Mon 11 Jan 2027" in end.text and not keys(found, "dates.holiday.none")
    assert line(found, "dates.holiday.KE.2027-12-25") and not keys(found, "dates.holiday.KE.2028-02")
    assert not keys(brief(), "dates.end") and not keys(brief(), "dates.holiday.KE.2027-12")
    # Holidays of a stay of more than twelve months are those of all of its days.
    long = brief(asked(returns_on=date(2028, 12, 31)))
    assert keys(long, "dates.holiday.KE.2027-12-25") and keys(long, "dates.holiday.KE.2028-12-25")


def test_that_nothing_is_active_is_said_only_while_a_source_is_read(world: World) -> None:
    assert line(brief(), "dates.alert.unread.KE").is_unknown and not keys(brief(), "dates.alert.none")
    assert line(brief(), "dates.changed.unknown.KE").is_unknown and not keys(brief(), "dates.changed.none")
    alerts = by_hand("cap")
    for at, is_read in ((NOW - timedelta(minutes=1), True), (NOW - timedelta(days=2), False)):
        type(alerts).objects.filter(pk=alerts.pk).update(last_ok_at=at, country_code="")
        assert bool(keys(brief(), "dates.alert.none.KE")) is is_read
        assert bool(keys(brief(), "dates.alert.unread.KE")) is not is_read
    type(alerts).objects.filter(pk=alerts.pk).update(last_ok_at=NOW, country_code="JP")
    assert line(brief(), "dates.alert.unread.KE").is_unknown


def test_quotes_say_for_whom_they_are_and_under_which_licence(world: World) -> None:
    html = "<p>For British citizens.</p><h3>Visas</h3><p>You need a visa.</p>"
    parts = (section(html, "entry", "Entry requirements"), section("<p>Take care.</p>", "security", "Safety"))
    put(advised("Kenya", None, sections=parts), to=source("uk", "fcdo", name="UK Foreign Office"), at=NOW)
    found = brief()
    quotes = {one.key.split(".")[0]: one.quote for one in found.lines() if one.quote is not None}
    assert quotes["entry"] is not None and "You need a visa." in quotes["entry"].html
    assert quotes["entry"].written_for == "Written for British travellers" and quotes["entry"].licence == "CC BY 4.0"
    assert quotes["security"] is not None and "Take care." in quotes["security"].html
    # A quote is no rule: the visa stays without one, and says where to read.
    silent = line(found, "entry.silent.KE")
    assert silent.is_unknown and "UK Foreign Office: Visas" in silent.details[0]


def test_words_that_may_not_be_shown_are_links(world: World) -> None:
    parts = (section("<p>Secret words.</p>", "security", "Safety"),)
    put(advised("Kenya", 2, sections=parts), to=source("uk", "fcdo", name="UK", display="link"), at=NOW)
    said = json.dumps(briefing_json(brief()))
    assert "Secret words" not in said and "https://" in said


def test_notes_of_another_organisation_are_not_in_it(world: World) -> None:
    kenya = place_by_key("iso:KE")
    with clock.held_at(NOW):
        write_note(world.northfield, kenya, "around", body="Never by motorbike taxi.", by=world.alice)
    seat = seat_for(world.bob, memberships_of(world.bob)[0])
    own = brief(seat=seat)
    note = next(one for one in own.lines() if one.key.startswith("around.note."))
    assert note.quote is not None and "motorbike" in note.quote.html and note.sources[0].name == world.northfield.name
    assert world.northfield.name in line(own, "contacts.organisation").text
    other = seat_for(world.dana, memberships_of(world.dana)[0])
    assert "motorbike" not in repr(brief(seat=other)) and "motorbike" not in repr(brief())


def test_what_it_says_does_not_depend_on_the_language_or_the_hour(world: World) -> None:
    an_occasion()
    put(advised("Kenya", 3), to=source("uk", "fcdo", name="UK"), at=NOW)
    english = brief(asked("KE", "JP"))
    for lang in ("ar", "fr"):
        assert not changes(english.marks(), brief(asked("KE", "JP"), lang=lang)), lang
    with clock.held_at(NOW + timedelta(hours=5)):
        later = briefing_of(asked("KE", "JP"), lang="en", now=NOW + timedelta(hours=5))
    assert not changes(english.marks(), later)


def test_a_further_country_costs_few_questions(world: World) -> None:
    def questions(*countries: str) -> int:
        brief(asked(*countries))
        with CaptureQueriesContext(connection) as seen:
            brief(asked(*countries))
        return len(seen)

    one, four = questions("KE"), questions("KE", "JP", "FR", "BR")
    assert one <= 40
    assert four - one <= 3 * 4


def run(*options: str) -> str:
    out = StringIO()
    with clock.held_at(NOW):
        call_command("brief", *options, stdout=out)
    return out.getvalue()


JOURNEY = ("--from", "US", "--to", "JP,KE:2027-01-18", "--depart", "2027-01-11", "--return", "2027-01-25")


def test_the_command_prints_data_and_text(world: World) -> None:
    data = json.loads(run(*JOURNEY, "--passport", "DE", "--json"))
    assert data["asked"]["stops"][1] == {
        "country": "KE", "place": "", "name": "", "arrive": "2027-01-18", "leave": None, "via": [],
    }  # fmt: skip
    assert [step["key"] for step in data["steps"]] == list(STEPS[:-1]) and data["countries"]["KE"] == "Kenya"
    lines = [one for step in data["steps"] for group in step["groups"] for one in group["lines"]]
    assert all(one["sources"] or one["is_unknown"] or one["is_portal"] or "quote" in one for one in lines)
    assert {todo["line"] for todo in data["checklist"]} <= {one["key"] for one in lines}
    text = run(*JOURNEY)
    assert "ENTRY AND DOCUMENTS" in text and "[ ] Mon 11 Jan 2027: " in text


@pytest.mark.parametrize(
    "options",
    [
        ("--from", "US", "--to", "Atlantis", "--depart", "2027-01-11"),
        ("--from", "US", "--to", "KE", "--depart", "11.1.2027"),
        ("--from", "US", "--to", "KE", "--depart", "2027-01-11", "--return", "2027-01-10"),
        ("--from", "US", "--to", "KE:2027-02-11", "--depart", "2027-01-11", "--return", "2027-01-20"),
        ("--from", "US", "--to", ",", "--depart", "2027-01-11"),
        ("--from", "US", "--to", "KE", "--depart", "2027-01-11", "--lang", "xx"),
    ],
)
def test_the_command_refuses_what_it_cannot_mean(world: World, options: tuple[str, ...]) -> None:
    with pytest.raises((CommandError, Refused, SystemExit)):
        run(*options)


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_the_paper_holds_the_statements(world: World, tmp_path: Path, lang: str) -> None:
    an_occasion()
    data = briefing_pdf(brief(lang=lang), organisation=world.northfield)
    pdf = pypdfium2.PdfDocument(data)
    text = "".join(page.get_textpage().get_text_range() for page in pdf)
    # A reader of right-to-left text gives Latin words back in another order.
    assert len(pdf) > 3 and all(word in text for word in ("invented", "election", *world.northfield.name.split()))
    assert b"pdfuaid" in data or b"StructTreeRoot" in data


def test_what_is_old_says_so_even_beside_what_is_new(world: World) -> None:
    add_rule(rule_details(passports="DE", source="Old office", source_date="2022-01-10"), by=None)
    add_rule(rule_details(passports="DE", source="New office"), by=None)
    visa = line(brief(asked(passports=("DE",))), "entry.visa.KE")
    marked = {who: [text for text in visa.details if who in text] for who in ("Old office", "New office")}
    assert all("Old, to be checked." in text for text in marked["Old office"]) and marked["Old office"]
    assert not any("Old, to be checked." in text for text in marked["New office"]) and marked["New office"]
    assert not visa.is_stale


def test_old_numbers_and_addresses_say_so(world: World) -> None:
    def stale(found: Briefing) -> set[bool]:
        starts = ("entry.authority.", "contacts.emergency.")
        return {one.is_stale for one in found.lines() if one.key.startswith(starts) and one.sources}

    assert stale(brief()) == {False}
    later = NOW + timedelta(days=365 * 6)
    with clock.held_at(later):
        found = briefing_of(asked(departs_on=later.date(), returns_on=later.date()), lang="en", now=later)
    assert stale(found) == {True}
    assert "Old, to be checked." in briefing_text(found)
