"""The table of coverage says what the shipped files hold; recorded advice comes out as quotes for the right travellers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from safeconduct.advice.answers import Journey, Leg
from safeconduct.advice.derived import quotes_of
from safeconduct.advice.kinds import KINDS
from safeconduct.advice.queries import report_of
from safeconduct.advisories.ingest import read_document
from safeconduct.advisories.models import Section
from safeconduct.feeds.actions import keep_document
from safeconduct.lib import clock
from safeconduct.places.facts import facts_from
from safeconduct.places.files import DATA
from tests.advisories.registers import source
from tests.conftest import SAMPLES

EVIDENCE = Path(__file__).resolve().parent.parent.parent / "docs" / "evidence" / "entry.md"
RECORDED = SAMPLES / "uk-fcdo" / "albania-2017.json"


def table() -> dict[str, list[int]]:
    """Return first cell → figures of the rows of the page that hold nothing else."""
    rows = re.findall(r"^\| ([^|]+) \|((?: \d+ \|)+)$", EVIDENCE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: [int(cell) for cell in cells.split("|") if cell.strip()] for name, cells in rows}


def test_the_table_says_what_is_shipped() -> None:
    """Made again when the facts, the kinds or the addresses change: `python -m tests.advice.coverage`."""
    shipped = table()
    facts = list(facts_from(DATA))
    certificates = {fact.country_code for fact in facts if fact.field == "yellow_fever_certificate"}
    authorities = {fact.country_code for fact in facts if fact.field == "visa_authority"}
    assert shipped["Yellow fever certificate"][0] == len(certificates)
    assert shipped["at least one rule of a named source"][0] == len(certificates)
    assert shipped["else: the address of the authority that decides"][0] == len(authorities - certificates)
    assert shipped["only “no rule known”"][0] == 250 - len(authorities | certificates)
    assert [str(kind.label) for kind in KINDS] == list(shipped)[: len(KINDS)]


@pytest.mark.skipif(not RECORDED.is_file(), reason="no recorded samples beside the repository")
@pytest.mark.django_db
def test_a_recorded_document_comes_out_as_quoted_sections() -> None:
    at = datetime(2017, 2, 15, 12, tzinfo=UTC)
    british = source("uk", "fcdo", display="full", licence="Open Government Licence v3.0")
    with clock.held_at(at):
        document = keep_document(RECORDED.read_bytes(), origin=RECORDED.name, received_at=at)
        read_document(document, source=british, at=at)
        quotes = quotes_of("AL", "en")
        (report,) = report_of(Journey("GB", (Leg("AL"),), passports=("GB",)), lang="en", today=at.date())
    whole = [quote for quote in quotes if not quote.kinds]
    assert [(quote.section, quote.heading) for quote in whole] == [("entry", "Entry requirements"), ("health", "Health")]
    assert {quote.html for quote in whole} == set(Section.objects.filter(key__in=["entry", "health"]).values_list("html", flat=True))
    parts = {quote.kinds: quote.html for quote in quotes if quote.kinds}
    assert "without a visa" in parts["visa",] and "3 months from the date of entry" in parts["passport",]
    assert set(parts) == {("visa",), ("passport",), ("yellow_fever",)}
    assert {(quote.written_for, quote.licence) for quote in quotes} == {("GB", "Open Government Licence v3.0")}
    assert {one.kind: one.state for one in report.answers.answers}["visa"] == "unknown"
