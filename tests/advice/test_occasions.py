"""Occasions at the desk: none without a source; a file is shown first; refused rows come back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.advice.models import Occasion
from safeconduct.advice.occasions import COLUMNS, import_occasions, read_details, read_file, template
from safeconduct.lib import clock
from safeconduct.places.models import Place
from tests.advice.occasionfiles import an_occasion
from tests.advice.rulefiles import NOW, TODAY
from tests.advice.test_pages import words
from tests.conftest import World

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User | None], Client]
PAGE = "/desk/occasions/"
TYPED = {
    "country": "KE", "kind": "election", "title": "Invented election", "from": "2027-08-10", "source": "Commission of Example",
    "source_date": "2026-11-20",
}  # fmt: skip


@pytest.fixture(autouse=True)
def today() -> Any:
    with clock.held_at(NOW):
        yield


def table(*rows: dict[str, str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows({**TYPED, **row} for row in rows)
    return out.getvalue()


@pytest.mark.parametrize(
    ("given", "column"),
    [
        ({"country": "Atlantis"}, "country"), ({"from": "10.8.2027"}, "from"), ({"from": ""}, "from"), ({"until": "2027-08-09"}, "until"),
        ({"until": "2029-08-09"}, "until"), ({"title": ""}, "title"), ({"title": "x" * 161}, "title"), ({"kind": "party"}, "kind"),
        ({"source": ""}, "source"), ({"source_date": ""}, "source_date"), ({"source_date": "2027-01-01"}, "source_date"),
        ({"source_url": "javascript:alert(1)"}, "source_url"), ({"place": "Tokyo"}, "place"), ({"review_on": "soon"}, "review_on"),
    ],
)  # fmt: skip
def test_what_is_no_occasion_is_refused_by_its_column(world: World, given: dict[str, str], column: str) -> None:
    details, problems = read_details({**TYPED, **given}, today=TODAY)
    assert details is None and column in problems


def test_an_occasion_is_entered_changed_and_removed(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    assert "No occasion has been entered" in words(olga.get(PAGE))
    page = words(olga.post(f"{PAGE}add/", {**TYPED, "source": ""}))
    assert not Occasion.objects.exists() and "Add an occasion" in page
    page = words(olga.post(f"{PAGE}add/", {**TYPED, "place": "Nairobi"}, follow=True))
    assert "Invented election" in page and "Nairobi" in page and "Tue 10 Aug 2027" in page
    row = Occasion.objects.get()
    assert "says the same of this day already" in words(olga.post(f"{PAGE}add/", TYPED))
    olga.post(f"{PAGE}{row.public_id}/", {**TYPED, "until": "2027-08-12", "place": ""})
    row.refresh_from_db()
    assert row.ends_on.isoformat() == "2027-08-12" and row.place is None
    assert olga.post(f"{PAGE}{row.public_id}/remove/").status_code == 302
    assert not Occasion.objects.exists()
    log = words(olga.get("/desk/audit/?q=occasion"))
    assert all(said in log for said in ("Occasion entered", "Occasion changed", "Occasion removed"))


def test_a_file_is_shown_before_anything_is_entered_and_refused_rows_come_back(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    text = table({}, {"title": "Another"}, {"title": "Bad", "source": ""}, {"title": "=HYPERLINK(1)", "country": "Atlantis"})
    file = SimpleUploadedFile("o.csv", text.encode(), "text/csv")
    page = words(olga.post(f"{PAGE}import/", {"file": file}))
    assert "2 new, 0 changed, 0 as before, 2 refused" in page and "Row 4" in page and not Occasion.objects.exists()
    refused = olga.post(f"{PAGE}import/", {"text": text, "refused": "1"}).content.decode()
    assert "Row" not in refused and "source: " in refused and "'=HYPERLINK" in refused and "Another" not in refused
    olga.post(f"{PAGE}import/", {"text": text, "enter": "1"})
    assert sorted(Occasion.objects.values_list("title", flat=True)) == ["Another", "Invented election"]
    again = read_file(table({"why": "Because."}, {"title": "Another"}))
    assert (len(again.fresh), len(again.changed), again.same) == (0, 1, 1)
    import_occasions(table({"why": "Because."}), by=world.olga)
    assert Occasion.objects.get(title="Invented election").why == "Because."
    exported = olga.get(f"{PAGE}export.csv").content.decode()
    assert read_file(exported).same == 2


def test_the_template_enters_nothing_and_a_row_twice_is_one(world: World) -> None:
    assert not read_file(template()).fresh and len(read_file(template()).problems) == 1
    twice = read_file(table({}, {}))
    assert len(twice.fresh) == 1 and twice.problems[0]["row"] == 3


def test_the_list_shows_what_is_to_come_and_what_is_past_apart(world: World, client_of: ClientOf) -> None:
    an_occasion()
    an_occasion(begins_on=TODAY.replace(year=2025), ends_on=TODAY.replace(year=2025), title="Long ago")
    olga = client_of(world.olga)
    assert "Long ago" not in words(olga.get(PAGE)) and "An invented election" in words(olga.get(PAGE))
    assert "Long ago" in words(olga.get(f"{PAGE}?only=past")) and "No occasion fits" in words(olga.get(f"{PAGE}?country=JP"))
    assert client_of(world.alice).get(PAGE).status_code == 404


def test_a_name_of_several_places_asks_which(world: World) -> None:
    details, problems = read_details({**TYPED, "country": "US", "place": "Springfield"}, today=TODAY)
    assert details is None and "may be several places" in problems["place"]
    keys = re.findall(r"geonames:[0-9]+", problems["place"])
    assert len(keys) > 1
    details, _none = read_details({**TYPED, "country": "US", "place": keys[1]}, today=TODAY)
    assert details is not None and Place.objects.get(pk=details.place_id).key == keys[1]
