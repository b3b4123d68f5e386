"""Official advice in a guide: what is unread, and what is stated for parts alone, is not called “no level”."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.test import Client

from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.places.models import Place
from tests.advisories.registers import area, entry, of, put, source
from tests.conftest import World

Clients = Callable[[AbstractBaseUser | None], Client]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"level": 2}, "2 of 4"),
        ({"level": 2, "areas": (area("Lamu", 4),)}, "2 of 4, 4 in parts"),
        ({"level": None, "areas": (area("Lamu", 4),)}, "4 of 4 in parts"),
        ({"level": None, "is_partial_entry": True}, "Not read yet"),
        ({"level": None}, "No level"),
    ],
)
def test_the_level_in_words(world: World, client_of: Clients, more: dict[str, object], words: str) -> None:
    with clock.held_at(NOW):
        put(entry("Kenya", **more), at=NOW, to=source())  # type: ignore[arg-type]  # level and columns mixed
        page = client_of(world.bob).get("/destinations/iso:KE/").content.decode()
        copy = client_of(world.bob).get("/destinations/iso:KE/export/?as=markdown").content.decode()
    cell = page.partition('data-th="Level"')[2].partition("</td>")[0]
    assert f">{words}<" in cell
    assert words in copy


def test_a_change_of_parts_alone_is_said_of_the_parts(world: World, client_of: Clients) -> None:
    put(entry("Kenya", 2, areas=(area("Lamu", 3),)), at=NOW)
    put(entry("Kenya", 2, areas=(area("Lamu", 4),)), at=NOW + timedelta(hours=1))
    with clock.held_at(NOW + timedelta(hours=2)):
        copy = client_of(world.bob).get("/destinations/iso:KE/export/?as=markdown").content.decode()
    assert "worst part changed on 2026-11-24 from 3 to 4" in copy and "from 2 to 2" not in copy


def in_table(page: str) -> list[list[str]]:
    """The cells of each row of the table of advice, as text."""
    body = page.partition('id="advice"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("</tr>")[:-1]]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in rows]


def test_a_title_is_no_wording_and_two_entries_of_one_publisher_say_what_each_is(
    world: World, client_of: Clients
) -> None:
    Place.objects.create(
        key="iso:AQ", kind="territory", code="AQ", name="Antarctica", country_code="AQ", lat=-80, lon=20, zone="UTC"
    )  # fmt: skip
    fcdo = source("fcdo", "fcdo", name="Foreign Office")
    for name in ("Antarctica", "British Antarctic Territory"):
        put(entry(name, None, original_code="none"), at=NOW, to=fcdo, is_register=False)
    put(entry("Kenya", None, original_code="none"), at=NOW, to=fcdo, is_register=False)
    put(entry("Kenya", 2, category="health", title="Cholera in Kenya"), at=NOW)
    with clock.held_at(NOW):
        bob = client_of(world.bob)
        antarctica = in_table(bob.get("/destinations/iso:AQ/").content.decode())
        kenya = in_table(bob.get("/destinations/iso:KE/").content.decode())
        copy = bob.get("/destinations/iso:KE/export/?as=markdown").content.decode()
    unproved = "Not checked against the live source yet: we know its format from examples only."
    assert [row[0] for row in antarctica] == [
        "Foreign Office Antarctica: travel advice Original",
        "Foreign Office British Antarctic Territory: travel advice Original",
    ]
    assert [row[2] for row in antarctica] == [f"– {unproved}"] * 2
    assert [(row[0], row[2]) for row in kenya] == [
        ("Foreign Office Original", f"– {unproved}"),
        ("Ministry of Advice Original", f"Cholera in Kenya {unproved}"),
    ]
    assert "Kenya: travel advice" not in copy


@pytest.mark.parametrize(
    ("more", "later", "words"),
    [
        ({"level": 3}, timedelta(days=9), "Last read on Tue 24 Nov 2026: may be out of date."),
        ({"level": None, "is_partial_entry": True}, timedelta(0), "Not read yet: the source lists it, but its page has not been read here."),
        ({"level": 3}, timedelta(0), "Not checked against the live source yet: we know its format from examples only."),
    ],
)  # fmt: skip
def test_what_to_know_of_an_entry_is_said_in_the_same_words_everywhere(
    world: World, client_of: Clients, more: dict[str, object], later: timedelta, words: str
) -> None:
    put(entry("Kenya", **more), at=NOW)  # type: ignore[arg-type]  # level and columns mixed
    page = f"/advice/{of('KE').public_id}/"
    home = "/destinations/iso:KE/"
    bob = client_of(world.bob)
    with clock.held_at(NOW + later):
        for address in (page, home, f"{home}export/?as=markdown", "/destinations/compare/?a=iso:JP&b=iso:KE"):
            assert words in bob.get(address).content.decode(), address
        # Once it is read, and its reader is known to be right, nothing is to be said.
        Source.objects.update(proved_at=NOW)
        put(entry("Kenya", 3), at=NOW + later)
        assert words not in bob.get(page).content.decode()
