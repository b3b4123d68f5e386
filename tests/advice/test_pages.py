"""What a traveller sees: every stop answered, quotes as written for whom, nothing kept; and the command that says the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext

from safeconduct.accounts.models import User
from safeconduct.advice.actions import add_rule
from safeconduct.advice.briefing import Quoted
from safeconduct.advice.derived import fact_rules, kinds_named, links_of, quotes_of
from safeconduct.advice.gathered.materials import quote_line
from safeconduct.advisories.models import Advisory
from safeconduct.audit.models import Entry
from safeconduct.lib import clock
from safeconduct.places.models import Fact
from safeconduct.places.overrides import correct_fact
from tests.advice.rulefiles import NOW, TODAY, read_matrix, rule_details
from tests.advisories.registers import entry as advised
from tests.advisories.registers import put, section, source
from tests.conftest import World

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User | None], Client]
ENTRY_HTML = (
    "<p>This is for a full ‘British Citizen’ passport.</p><h3>Visas</h3><p>You need a visa.</p>"
    "<h3>Passport validity</h3><p>Six months.</p><h3>Travelling with children</h3><p>A letter.</p>"
)


def asked(**more: str) -> dict[str, str]:
    return {"departure": "US", "to0": "KE", "arrive0": "2027-01-11", "leave0": "2027-01-24", "legs": "1", **more}


def words(page: Any) -> str:
    text = re.sub(r"(?s)<(script|style).*?</\1>", " ", page.content.decode())
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def fcdo(html: str = ENTRY_HTML, **more: Any) -> Advisory:
    """Advice of the UK on Kenya with a section on entry."""
    british = source("uk", "fcdo", name="UK Foreign Office", **more)
    put(advised("Kenya", None, sections=(section(html, "entry", "Entry requirements"),)), to=british, at=NOW)
    return Advisory.objects.get(source=british)


def test_the_form_answers_stop_by_stop_and_says_what_is_not_known(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    empty = bob.get("/entry/?to=ke")
    assert 'value="KE" selected' in empty.content.decode() and "What Kenya asks" not in words(empty)
    add_rule(rule_details(passports="DE", obtained="online", text="Apply a week before."), by=world.olga)
    page = words(bob.post("/entry/", asked(passport="DE", via0="FR", hours0="3")))
    assert "Required, online, before the journey" in page and "Your passport: Germany." in page and "Apply a week before." in page
    assert "Embassy of Kenya" in page and "20 Nov 2026" in page
    assert "Change of planes in France" in page
    assert page.count("That does not mean that nothing is asked.") == 2
    assert "Polio vaccination" in page and "immigration.go.ke" in page
    assert "You do not come from a country that the rule names." in page


def test_without_a_passport_the_answer_says_that_it_depends(world: World, client_of: ClientOf) -> None:
    read_matrix(*((code, "KE", "eta" if code != "SO" else "visa required") for code in ("DE", "FR", "US", "CA", "SO")))
    page = words(client_of(world.bob).post("/entry/", asked()))
    assert "It depends on: which passport you travel on." in page
    assert "Rules by passport: Not required 4; Required 1." in page and "Say which passport you travel on." in page
    page = words(client_of(world.bob).post("/entry/", asked(passport="SO")))
    assert "Rules by passport" not in page and "Required, before the journey, from the authority" in page


def test_contradictions_and_old_rules_stand_out(world: World, client_of: ClientOf) -> None:
    add_rule(rule_details(), by=None)
    add_rule(rule_details(source="Ministry", answer="not_required", stay_days="30", source_date="2025-01-12"), by=None)
    page = words(client_of(world.bob).post("/entry/", asked()))
    assert "Rules contradict each other" in page and "Old, to be checked" in page
    assert "Embassy of Kenya" in page and "Ministry" in page and "for a stay of at most 30 days" in page


def test_certificates_come_from_the_facts_and_their_corrections(world: World, client_of: ClientOf) -> None:
    (rule,) = fact_rules({"KE"}, "en")
    assert (rule.kind, rule.answer, rule.origin) == ("yellow_fever", "required", "fact")
    assert "KE" in rule.came_from and "US" not in rule.came_from | rule.unsure_from
    assert len(rule.sources) == 2 and all(one.url and one.on for one in rule.sources)
    page = words(client_of(world.bob).post("/entry/", asked(departure="KE", to0="PT")))
    assert "Yellow fever certificate No rule known" not in page and "Yellow fever certificate;" in page
    said = {"source_title": "Ministry of Health", "source_url": "https://health.example.org/", "reason": "New", "checked_on": TODAY}
    correct_fact("PT", "yellow_fever_certificate", by=world.olga, value={"cert": "all_arrivals", "min_age_months": 12, "transit_hours": None}, **said)
    page = words(client_of(world.bob).post("/entry/", asked(to0="PT")))
    assert "Required of everybody who arrives, from any country." in page and "Ministry of Health" in page
    assert "Have it by Fri 1 Jan 2027" in page
    correct_fact("PT", "yellow_fever_certificate", by=world.olga, value=None, **said)
    assert fact_rules({"PT"}, "en") == []


def test_a_country_whose_risk_is_unknown_leaves_the_certificate_open(world: World, client_of: ClientOf) -> None:
    Fact.objects.filter(country_code="FJ", field="yellow_fever").delete()
    page = words(client_of(world.bob).post("/entry/", asked(departure="FJ")))
    assert "whether Fiji counts as a country with risk" in page


def test_official_advice_is_quoted_and_says_for_whom_it_was_written(world: World, client_of: ClientOf) -> None:
    fcdo()
    with clock.held_at(NOW):
        page = client_of(world.bob).post("/entry/", asked())
        text = words(page)
        quotes = quotes_of("KE", "en")
    assert text.count("Written for British travellers") == 3
    assert "You need a visa." in text and "Six months." in text and "A letter." in text
    assert "UK Foreign Office" in text and "CC BY 4.0" in text
    # A quote is no rule of ours: the visa is not “required” for a reader with another passport.
    assert "Visa No rule known" in text and "No rule of our own: read what is quoted." in text
    assert [(quote.kinds, quote.heading) for quote in quotes] == [
        ((), "Entry requirements"), (("visa",), "Visas"), (("passport",), "Passport validity"),
    ]  # fmt: skip
    assert {quote.written_for for quote in quotes} == {"GB"}


def test_notices_of_health_authorities_stand_apart(world: World, client_of: ClientOf) -> None:
    cdc, who = source("cdc", "cdc", name="CDC"), source("who", "who-don", name="WHO", display="link")
    said = {"category": "health", "summary_html": "<p>Cases in two counties.</p>", "changed_at": NOW, "original_level": ""}
    put(advised("Kenya", None, title="Level 2 - Polio in Kenya", **said), to=cdc, at=NOW)
    put(advised("worldwide", None, title="Measles, everywhere", **said), to=who, at=NOW)
    with clock.held_at(NOW):
        page = words(client_of(world.bob).post("/entry/health/", asked()))
        data = said_by("--from", "US", "--to", "KE")["stops"][0]
    assert "Notices of health authorities" in page and "Level 2 - Polio in Kenya" in page and "Measles, everywhere" in page
    assert page.count("Cases in two counties.") == 1
    # A notice is no rule, and no standing advice.
    assert "Polio vaccination" in page and "What governments write" not in page
    assert [(one["issuer"], one["text"]) for one in data["health_notices"]] == [("CDC", "Cases in two counties."), ("WHO", "")]
    assert data["quotes"] == []


@pytest.mark.parametrize(
    ("display", "kinds", "is_quoted"),
    [("full", 2, True), ("whole", 0, False), ("excerpt", 0, False), ("link", 0, False)],
)
def test_a_licence_decides_what_is_quoted(world: World, display: str, kinds: int, is_quoted: bool) -> None:
    fcdo(display=display)
    with clock.held_at(NOW):
        quotes = quotes_of("KE", "en")
    assert sum(bool(quote.kinds) for quote in quotes) == kinds
    assert any("You need a visa." in quote.html for quote in quotes) is is_quoted
    assert quotes and all(quote.url for quote in quotes)
    assert {quote.withheld for quote in quotes} == {{"full": "", "whole": "whole"}.get(display, "licence")}


def test_a_link_says_that_the_licence_is_why_only_where_it_is(world: World) -> None:
    fcdo(display="whole")
    with clock.held_at(NOW + timedelta(days=300)):
        (stale,) = quotes_of("KE", "en")
    assert not stale.html and not stale.withheld and "may be out of date" in stale.caution
    said = Quoted("UK", "Entry", "", "en", "https://example.org/", "", "", NOW)
    for withheld, words_of_it in (
        ("licence", "Its licence allows no more"), ("whole", "It may be shown whole or not at all"), ("", "Read it at its source."),
    ):  # fmt: skip
        line = quote_line("entry.quote.x", replace(said, withheld=withheld))
        text = render_to_string("advice/parts/advisor_quote.html", {"line": line, "one": {"anchor": "x"}})
        assert words_of_it in text and ("licence" in text) is (withheld == "licence")


def test_markup_in_advice_and_in_a_rule_harms_nobody(world: World, client_of: ClientOf) -> None:
    fcdo("<h3>Visas<script>alert(1)</script></h3><ul><li>one<h3>Customs rules</h3><p onclick=x>two</p><img src=x onerror=y>")
    add_rule(rule_details(text="<script>alert(2)</script>"), by=None)
    with clock.held_at(NOW):
        page = client_of(world.bob).post("/entry/", asked()).content.decode()
    assert "alert(1)" not in page and "<script>alert" not in page and "onclick" not in page and "onerror" not in page
    assert "&lt;script&gt;alert(2)" in page


@pytest.mark.parametrize(
    ("heading", "kinds"),
    [
        ("Visa requirements", ("visa",)), ("Passport validity ", ("passport",)), ("Yellow fever certificate requirements", ("yellow_fever",)),
        ("Checks at border control", ()), ("Vaccine requirements", ("vaccination",)), ("Local laws and customs", ("customs",)),
        ("Quarantine requirements", ("isolation",)), ("Transit visas", ("visa", "transit")), ("Crime", ()), ("Visiting friends", ()),
    ],
)  # fmt: skip
def test_headings_name_kinds(heading: str, kinds: tuple[str, ...]) -> None:
    assert kinds_named(heading) == kinds


def test_the_planner_is_the_health_view_of_the_same(world: World, client_of: ClientOf) -> None:
    covid = {"kind": "test", "disease": "COVID-19", "condition": "not_vaccinated", "lead_days": "2"}
    add_rule(rule_details(**covid), by=None)
    add_rule(rule_details(kind="domestic", text="Masks in buses."), by=None)
    add_rule(rule_details(), by=None)
    bob = client_of(world.bob)
    assert "COVID-19" in words(bob.get("/entry/health/"))
    page = words(bob.post("/entry/health/", asked()))
    assert "COVID Trip Planner" in page and "Masks in buses." in page and "whether you are vaccinated: COVID-19" in page
    assert "Visa" not in page.replace("Visa authority", "")
    page = words(bob.post("/entry/health/", asked(disease0="no")))
    assert "Required, COVID-19" in page and "Have it by Sat 9 Jan 2027" in page
    page = words(bob.post("/entry/health/", asked(disease0="yes")))
    assert "ave it by" not in page


def test_another_destination_is_added_without_answering(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    page = bob.post("/entry/", asked(more="1", passport="DE")).content.decode()
    assert 'name="to1"' in page and 'value="2027-01-11"' in page and "What Kenya asks" not in page
    assert re.search(r'name="passport".*?value="DE" selected', page, re.DOTALL)
    text = words(bob.post("/entry/", asked(legs="2", to1="PT")))
    assert "What Kenya asks" in text and "Portugal" in text
    assert bob.post("/entry/", asked(legs="99999")).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"to0": ""}, "This field is required."), ({"departure": "ZZ"}, "valid choice"), ({"leave0": "2027-01-01"}, "before you arrive"),
        ({"legs": "2", "arrive1": "2027-02-01"}, "Say where this is."), ({"hours0": "-1"}, "greater than or equal to 0"),
        ({"arrive0": "soon"}, "valid date"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_at_its_field(world: World, client_of: ClientOf, wrong: dict[str, str], says: str) -> None:
    page = client_of(world.bob).post("/entry/", asked(**wrong)).content.decode()
    assert says in page and 'aria-invalid="true"' in page and "What Kenya asks" not in page


def test_nothing_that_is_asked_is_kept_or_stands_in_an_address(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    bob.get("/entry/")
    rows = {model: model._base_manager for model in apps.get_models() if model.__module__.startswith("safeconduct.advice")}
    before = (Entry.objects.count(), [manager.count() for manager in rows.values()], list(Session.objects.values_list("session_data")))
    with CaptureQueriesContext(connection, ) as seen:
        page = bob.post("/entry/", asked(passport="DE", purpose="journalism"))
    assert not [one["sql"] for one in seen if one["sql"].startswith(("INSERT", "UPDATE", "DELETE")) and "accounts_user" not in one["sql"]]
    assert before == (Entry.objects.count(), [manager.count() for manager in rows.values()], list(Session.objects.values_list("session_data")))
    assert page.headers["Cache-Control"] == "private, no-store"
    form = re.search(r'<form method="(\w+)" action="/entry/" class="stack" novalidate>', page.content.decode())
    assert form and form[1] == "post" and "passport=" not in page.content.decode()


def test_members_of_every_organisation_see_the_same_rules(world: World, client_of: ClientOf) -> None:
    add_rule(rule_details(text="For everybody."), by=world.olga)
    for person in (world.bob, world.dana, world.olga):
        assert "For everybody." in words(client_of(person).post("/entry/", asked()))
    assert client_of(world.charlie).post("/entry/", asked()).status_code == 302


def test_an_answer_costs_the_same_however_many_rules_there_are(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    bob.post("/entry/", asked(passport="DE"))

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            bob.post("/entry/", asked(passport="DE"))
        return len(seen)

    few = cost()
    for n in range(20):
        add_rule(rule_details(source=f"Source {n}"), by=None)
    assert cost() == few


def said_by(*arguments: str) -> Any:
    out = StringIO()
    call_command("entry", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_command_says_the_same_as_data(world: World) -> None:
    fcdo()
    add_rule(rule_details(passports="DE", obtained="before"), by=None)
    with clock.held_at(NOW):
        data = said_by("--from", "US", "--to", "KEN", "--on", "2027-01-11", "--via", "FR:3", "--passport", "germany")
    assert (data["from"], data["passports"]) == ("US", ["DE"])
    change, kenya = data["stops"]
    assert (change["country"], change["is_transit"], [one["kind"] for one in change["answers"]]) == ("FR", True, ["transit"])
    by_kind = {one["kind"]: one for one in kenya["answers"]}
    assert len(by_kind) == 12 and all(one["state"] for one in by_kind.values())
    visa = by_kind["visa"]
    assert (visa["state"], visa["rules"][0]["sources"][0]) == (
        "required", {"name": "Embassy of Kenya", "url": "", "on": "2026-11-20"},
    )  # fmt: skip
    assert visa["quotes"][0]["text"] == "You need a visa." and visa["quotes"][0]["written_for"] == "Written for British travellers"
    assert by_kind["polio"]["state"] == "unknown" and kenya["official_links"]
    assert kenya["quotes"][0]["heading"] == "Entry requirements"


def test_the_command_for_people(world: World) -> None:
    out = StringIO()
    call_command("entry", "--from", "US", "--to", "KE,PT", "--on", "2027-01-11", stdout=out)
    text = out.getvalue()
    assert "Kenya, Mon 11 Jan 2027" in text and "Portugal" in text and "No rule known: " in text
    assert "Yellow fever certificate: Not required" in text and "Ask the authority: immigration.go.ke" in text


@pytest.mark.parametrize(
    "arguments",
    [("--to", "Atlantis"), ("--to", ","), ("--to", "KE", "--on", "soon"), ("--to", "KE", "--via", "ET:long"), ("--to", "KE", "--on", "2027-01-02", "--until", "2027-01-01")],
)  # fmt: skip
def test_the_command_refuses_in_one_line(arguments: tuple[str, ...]) -> None:
    errors = StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("entry", "--from", "US", *arguments, stderr=errors)
    assert stop.value.code == 2 and len(errors.getvalue().strip().splitlines()) == 1


def test_addresses_of_authorities_have_their_sources() -> None:
    links = links_of({"KE"})["KE"]
    assert links and all(link.url.startswith("https://") and link.sources for link in links)
