"""Handing in a file of trips in the console."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile

from safeconduct.trips.importing import import_trips
from safeconduct.trips.models import Trip, TripImport
from tests.conftest import World

ROWS = (
    b"id,email,place,arrive,depart\n"
    b"A1,bob@northfield.example.edu,Nairobi,2031-12-01,2031-12-05\n"
    b"A2,new@northfield.example.edu,Berlin,2031-12-01,2031-12-05\n"
    b"A3,new@northfield.example.edu,Nowhere-at-all,2031-12-01,2031-12-05\n"
)


def hand_in(client: object, data: bytes = ROWS, **more: str) -> object:
    file = SimpleUploadedFile("trips.csv", data)
    return client.post("/manage/trips/import/", {"source": "Agency", "file": file, **more}, follow=True)  # type: ignore[attr-defined]


def test_what_became_of_each_row_is_shown(world: World, client_of: object) -> None:
    alice = client_of(world.alice)  # type: ignore[operator]
    page = hand_in(alice).content.decode()  # type: ignore[attr-defined]
    assert "3 rows read, 1 not entered" in page.replace("\n", "")
    assert "Nowhere-at-all" in page and "of these for people without an account" in page
    done = TripImport.objects.for_org(world.northfield).get()
    rows = alice.get(f"/manage/trips/import/{done.public_id}/rows.csv")
    assert "attachment" in rows.headers["Content-Disposition"] and "A3" in rows.content.decode()
    trips = alice.get("/manage/trips/").content.decode()
    assert "no account yet" in trips
    stranger = Trip.objects.for_org(world.northfield).get(source_id="A2")
    shown = alice.get(f"/manage/trips/{stranger.public_id}/").content.decode()
    assert "new@northfield.example.edu" in shown and "stand-in" not in shown
    mine = client_of(world.bob).get("/trips/").content.decode()  # type: ignore[operator]
    assert "Entered from: Agency" in mine


def test_a_file_that_is_none_is_refused_on_the_form(world: World, client_of: object) -> None:
    page = hand_in(client_of(world.alice), b"place\nNairobi\n").content.decode()  # type: ignore[operator,attr-defined]
    assert "Missing: id, email, arrive" in page
    assert not TripImport.objects.for_org(world.northfield).exists()


def test_half_a_file_asks_before_it_cancels(world: World, client_of: object) -> None:
    head, lines = b"id,email,place,arrive,depart\n", []
    for n in range(6):
        lines.append(f"B{n},bob@northfield.example.edu,Nairobi,2031-0{n + 1}-01,2031-0{n + 1}-05\n".encode())
    import_trips(world.northfield, head + b"".join(lines), source="Agency", by=None)
    alice = client_of(world.alice)  # type: ignore[operator]
    page = hand_in(alice, head + lines[0], is_complete="on").content.decode()  # type: ignore[attr-defined]
    assert "5 trips of this source are not in the file" in page
    done = TripImport.objects.for_org(world.northfield).order_by("-pk")[0]
    alice.post(f"/manage/trips/import/{done.public_id}/cancel/")
    assert Trip.objects.for_org(world.northfield).filter(state="cancelled").count() == 5


def test_the_file_to_fill_in_can_be_handed_in(world: World, client_of: object) -> None:
    alice = client_of(world.alice)  # type: ignore[operator]
    template = alice.get("/manage/trips/import/template.csv").content
    done = import_trips(world.northfield, template, source="Agency", by=None)
    assert done.problems == [] and done.counts["entered"] == 2
