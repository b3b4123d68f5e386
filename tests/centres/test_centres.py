"""Assistance centres: what may be entered, which one is called, and the public page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from safeconduct.centres import actions, csv_files, hooks, queries
from safeconduct.centres.details import Located, phone_number, read_details
from safeconduct.centres.hours import is_open, openings
from safeconduct.centres.models import Centre
from safeconduct.lib.errors import Refused
from tests.conftest import World

DENVER = {
    "name": "Denver Centre",
    "place_name": "Denver",
    "country_code": "us",
    "lat": "39.74",
    "lon": "-104.99",
    "phone": "+1 303 555 0142",
    "is_24_hours": "yes",
    "zone": "America/Denver",
    "languages": "en; es",
    "medical": "yes",
}
LONDON = {
    "name": "London Centre",
    "place_name": "London",
    "country_code": "GB",
    "lat": "51.5",
    "lon": "-0.12",
    "phone": "+44 20 7946 0123",
    "hours": "Mon-Fri 08:00-18:00",
    "zone": "Europe/London",
}
SYDNEY = {
    "name": "Sydney Centre",
    "place_name": "Sydney",
    "country_code": "AU",
    "lat": "-33.87",
    "lon": "151.2",
    "phone": "+61 2 5550 0142",
    "is_24_hours": "1",
    "zone": "Australia/Sydney",
}


def nowhere(place: str, country: str) -> Located | None:
    return None


def add(raw: dict[str, str]) -> Centre:
    details = read_details(raw, locate=nowhere).details
    assert details is not None
    return actions.add_centre(details, by=None)


@pytest.mark.parametrize(
    ("text", "at", "answer"),
    [
        ("Mon-Fri 08:00-18:00", "2026-11-24T08:00", True),
        ("Mon-Fri 08:00-18:00", "2026-11-24T18:00", False),
        ("Mon-Fri 08:00-18:00", "2026-11-22T12:00", False),
        ("Mon-Fri 08:00-12:00, 13:00-17:00", "2026-11-24T12:30", False),
        ("Sat-Mon 10:00-11:00", "2026-11-22T10:30", True),
        ("Fri 22:00-06:00", "2026-11-28T05:59", True),
        ("Fri 22:00-06:00", "2026-11-28T06:00", False),
        ("1-5 9:00-17:00; Sat 09:00-12:00", "2026-11-28T11:00", True),
        ("08:00-24:00", "2026-11-28T23:59", True),
    ],
)
def test_open_now(text: str, at: str, answer: bool) -> None:
    assert is_open(openings(text), datetime.fromisoformat(at)) is answer


@pytest.mark.parametrize(
    "text",
    [
        "weekdays",
        "Mon-Fri",
        "Mon-Fri 8-18",
        "Mon-Fri 25:00-26:00",
        "Xyz 08:00-18:00",
        "Mon-Tue-Wed 08:00-09:00",
    ],
)
def test_hours_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        openings(text)


def test_phone_numbers_are_kept_in_one_spelling() -> None:
    assert phone_number("+44 (0)20 7946-0123") == "+442079460123"
    for wrong in ("0303 555 0142", "+1 303", "call us"):
        with pytest.raises(ValueError, match=r"."):
            phone_number(wrong)


def test_every_mistake_is_told_at_its_field() -> None:
    raw = DENVER | {
        "name": "",
        "country_code": "Mordor",
        "phone": "12",
        "lat": "north",
        "zone": "Mars/Base",
        "languages": "klingonese",
        "is_24_hours": "",
        "hours": "always",
        "medical": "maybe",
    }
    assert set(read_details(raw, locate=nowhere).problems) == {
        "name",
        "country_code",
        "phone",
        "lat",
        "zone",
        "languages",
        "hours",
        "medical",
    }


@pytest.mark.parametrize("lat", ["nan", "inf", "91"])
def test_latitude_is_a_latitude(lat: str) -> None:
    assert "lat" in read_details(DENVER | {"lat": lat}, locate=nowhere).problems


def test_the_place_gives_coordinates_and_zone_when_they_are_left_empty() -> None:
    raw = DENVER | {"lat": "", "lon": "", "zone": ""}
    found = read_details(raw, locate=lambda place, country: Located(1.0, 2.0, "America/Denver")).details
    assert found is not None
    assert (found.lat, found.lon, found.zone) == (1.0, 2.0, "America/Denver")
    assert "lat" in read_details(raw, locate=nowhere).problems


@pytest.mark.django_db
def test_cities_are_located_by_the_shipped_list() -> None:
    found = queries.locate("denver", "US")
    assert found is not None
    assert (round(found.lat), round(found.lon), found.zone) == (40, -105, "America/Denver")
    assert queries.locate("Denver", "FR") is None
    assert queries.locate("Denv", "US") is None


def test_help_comes_from_the_nearest_centre_that_is_open_day_and_night(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = world.seat(world.bob)
    assert queries.help_centre(seat) is None
    add(DENVER), add(LONDON), add(SYDNEY)
    monkeypatch.setattr(hooks, "position_of", [])
    at_home = queries.help_centre(seat)
    assert at_home is not None
    assert (at_home.name, at_home.is_nearest) == ("Denver Centre", False)
    # London is nearer to Paris, but closed at night.
    paris = queries.help_centre(seat, at=(2.35, 48.86))
    assert paris is not None
    assert (paris.name, paris.is_nearest) == ("Denver Centre", True)
    monkeypatch.setattr(hooks, "position_of", [lambda seat: (144.9, -37.8)])
    abroad = queries.help_centre(seat)
    assert abroad is not None
    assert (abroad.name, abroad.phone, abroad.is_nearest) == ("Sydney Centre", "+61255500142", True)


def test_the_organisations_country_comes_before_the_alphabet(world: World) -> None:
    add(DENVER), add(SYDNEY)
    world.northfield.home_country = "AU"
    world.northfield.save()
    found = queries.help_centre(world.seat(world.bob))
    assert found is not None
    assert found.name == "Sydney Centre"


@pytest.mark.django_db
def test_a_closed_centre_is_on_no_page() -> None:
    centre = add(DENVER)
    actions.set_active(centre, False, by=None)
    assert queries.help_centre(None) is None
    assert queries.listed() == []


@pytest.mark.django_db
def test_names_are_taken_once() -> None:
    add(DENVER)
    with pytest.raises(Refused, match="already"):
        add(DENVER | {"name": "denver centre"})


def csv(*rows: dict[str, Any]) -> bytes:
    lines = [";".join(csv_files.FIELDS)]
    lines += [";".join(str(row.get(name, "")).replace(";", ",") for name in csv_files.FIELDS) for row in rows]
    return ("\r\n".join(lines)).encode("utf-8-sig")


@pytest.mark.django_db
def test_csv_takes_good_rows_and_keeps_the_reasons_of_bad_ones() -> None:
    bad = LONDON | {"phone": "020 7946 0123", "hours": "always"}
    done = actions.import_csv(csv(DENVER, bad, SYDNEY, DENVER), file_name="centres.csv", by=None)
    assert (done.added, done.changed, done.unchanged) == (2, 0, 0)
    assert [(row["row"], sorted(p["field"] for p in row["problems"])) for row in done.problems] == [
        (3, ["hours", "phone"]),
        (5, ["name"]),
    ]
    again = actions.import_csv(
        csv(DENVER | {"phone": "+1 303 555 0199"}, LONDON, SYDNEY), file_name="centres.csv", by=None
    )
    assert (again.added, again.changed, again.unchanged, again.problems) == (1, 1, 1, [])
    assert Centre.objects.get(name="Denver Centre").phone == "+13035550199"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "csv.empty"),
        (b"hello\n", "csv.head"),
        (b"\xff\xd8\xff\xe0JFIF", "csv.encoding"),
        (b"name\x00", "csv.binary"),
        (b'name,place_name,country_code,phone\n"Denver', "csv.broken"),
        ("name;ort\nZürich".encode("cp1252"), "csv.encoding"),
    ],
)
def test_files_that_are_no_list_of_centres_are_refused_whole(data: bytes, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        actions.import_csv(data, file_name="x.csv", by=None)
    assert refusal.value.code == code


@pytest.mark.django_db
def test_the_template_can_be_read_back() -> None:
    done = actions.import_csv(csv_files.template().encode(), file_name="centres.csv", by=None)
    assert (done.added, done.problems) == (2, [])


@pytest.mark.django_db
def test_the_list_works_logged_out(client: Client) -> None:
    assert "No assistance centre has been entered yet" in client.get("/centres/").content.decode()
    add(DENVER), add(LONDON)
    page = client.get("/centres/").content.decode()
    assert 'href="tel:+13035550142"' in page
    assert "+44 20 7946 0123" in page
    assert "English and Spanish" in page
    assert "Day and night" in page
