"""`safeconduct read-booking`, and what the places of a deployment say of airports, countries and zones."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from safeconduct.trips import bookings
from safeconduct.trips.bookingatlas import PlacesAtlas
from safeconduct.trips.bookings.model import Airport, Problem
from safeconduct.trips.bookingwords import problem_text
from tests.trips.test_booking_golden import GOLDEN

pytestmark = pytest.mark.django_db


def read_booking(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("read-booking", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_a_document_as_schema_org_with_problems() -> None:
    text, said = read_booking(
        str(GOLDEN / "forwarded.eml"), "--context-date", "2026-11-24", "--json", "--without-kitinerary"
    )
    (one,) = json.loads(text)
    assert one["@type"] == "FlightReservation" and one["reservationNumber"] == "ZX9KQ2" and said == ""
    assert one["reservationFor"]["departureDay"] == "2026-11-22"
    assert [(each["code"], each["text"]) for each in one["problems"]] == [
        ("year.inferred", "The document has no year: it was inferred (“day 326 of a year”)")
    ]


def test_lines_to_read_and_problems_of_the_document() -> None:
    text, said = read_booking(
        str(GOLDEN / "calendar.ics"), "--context-date", "2026-11-24", "--without-kitinerary"
    )
    assert "Flight  LH 902  FRA – LHR  ABC123" in text and "2027-02-01T10:15:00+01:00 Europe/Berlin" in text
    assert "not sure" in text and "A calendar entry that recurs is no booking (“Stand-up”)" in said


@pytest.mark.parametrize(
    "arguments",
    [("/no/such/file",), (str(GOLDEN / "pasted.txt"), "--context-date", "soon")],
    ids=["file", "date"],
)
def test_what_cannot_be_read_is_one_line(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        read_booking(*arguments)
    assert stopped.value.code == 2


def test_places_say_where_airports_and_cities_are() -> None:
    atlas = PlacesAtlas()
    known = atlas.airport("NBO")
    assert isinstance(known, Airport) and (known.country, known.zone) == ("KE", "Africa/Nairobi")
    assert atlas.airport("QQQ") is None and atlas.airport("nbo") is None
    assert [atlas.country(text) for text in ("KE", "ken", "Kenya", "Deutschland", "Nowhere", "")] == [
        "KE",
        "KE",
        "KE",
        "DE",
        "",
        "",
    ]
    assert atlas.zones("KE", "") == {"Africa/Nairobi"}
    assert atlas.zones("US", "Denver") == {"America/Denver"}
    assert len(atlas.zones("US", "No Such Town")) > 5 and atlas.zones("XX", "") == frozenset()


def test_every_problem_has_words() -> None:
    folder = Path(bookings.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    codes = set(re.findall(r'(?:Problem|doubt|problem)\(\s*"([a-z.]+)"', source))
    # Those whose code is put together or chosen.
    codes |= {
        "document.slow",
        "document.died",
        "document.broken",
        "time.skipped",
        "time.twice",
        "time.utc",
        "pdf.locked",
    }
    assert {code for code in codes if problem_text(Problem(code)) == code} == set()
    assert len(codes) > 35
