"""Ratings at the desk and in the console: lists, deciding otherwise, an organisation's own, and who may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from safeconduct.accounts.models import User
from safeconduct.audit.models import Entry
from safeconduct.lib import clock
from safeconduct.ratings import actions
from safeconduct.ratings.models import OrganisationRating, Override, Rating
from tests.advisories.registers import entry, put, source
from tests.conftest import World

ClientOf = Callable[[User | None], Client]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DESK = reverse("ops:rating", args=["JP", "security"])
OWN = reverse("ops:own_rating", args=["JP", "security"])
PAGE = reverse("ratings:rating", args=["JP", "security"])


@pytest.fixture(autouse=True)
def _reckoned(world: World) -> Iterator[None]:
    with clock.held_at(NOW):
        put(entry("Japan", 2), to=source("gov", name="Ministry of Advice"), at=NOW)
        actions.reckon_all()
        yield


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_filters_and_says_when_nothing_fits(world: World, client_of: ClientOf) -> None:
    client, address = client_of(world.olga), reverse("ops:ratings")
    every = text(client, address)
    assert "Japan" in every and "Kenya" in every and "Remove all filters" not in every
    low = text(client, address + "?kind=security&value=low")
    assert "Japan" in low and "Kenya" not in low
    assert "No rating fits" in text(client, address + "?value=extreme")
    assert "No rating fits" in text(client, address + "?show=decided")
    assert "Kenya" in text(client, address + "?q=ken") and "Japan" not in text(client, address + "?q=ken")
    assert "Japan" in text(client, address + "?value=nonsense&kind=<b>&page=99")


def test_an_editor_decides_with_a_reason_and_ends_it(world: World, client_of: ClientOf) -> None:
    client = client_of(world.olga)
    refused = client.post(DESK, {"do": "override", "value": "high", "reason": " ", "until_on": ""})
    assert refused.status_code == 200 and not Override.objects.exists()
    past = client.post(DESK, {"do": "override", "value": "high", "reason": "x", "until_on": "2026-11-01"})
    assert "That day is over" in past.content.decode()
    wrong = client.post(DESK, {"do": "override", "value": "variable", "reason": "x"})
    assert wrong.status_code == 200 and not Override.objects.exists()
    saved = client.post(
        DESK, {"do": "override", "value": "high", "reason": "Elections <b>", "until_on": "2026-12-01"}
    )
    assert saved.status_code == 302
    page = text(client, DESK)
    for words in (
        "An editor decided: High",
        "Elections &lt;b&gt;",
        "Olga Berg",
        "Low",
        "End it",
        "Ministry of Advice",
    ):
        assert words in page, words
    assert "Japan" in text(client, reverse("ops:ratings") + "?show=decided")
    assert Entry.objects.get(action="rating.overridden").detail == {
        "country": "JP", "kind": "security", "value": "high",
    }  # fmt: skip
    assert client.post(DESK, {"do": "end"}).status_code == 302
    assert Rating.objects.get(country_code="JP", kind="security").value == "low"
    assert Entry.objects.filter(action="rating.override.ended").count() == 1
    client.post(DESK, {"do": "end"})  # twice: nothing more
    assert Entry.objects.filter(action="rating.override.ended").count() == 1


def test_members_read_the_reason_and_no_name_of_an_editor(world: World, client_of: ClientOf) -> None:
    actions.override_rating("JP", "security", value="high", reason="Elections", by=world.olga)
    page = text(client_of(world.bob), PAGE)
    assert "An editor decided otherwise" in page and "Elections" in page
    assert "Olga" not in page and world.olga.public_id not in page
    assert "travellers with a trip there are told" in page


def test_who_may_decide(world: World, client_of: ClientOf) -> None:
    for user in (world.alice, world.bob, world.charlie):
        assert (
            client_of(user).post(DESK, {"do": "override", "value": "high", "reason": "x"}).status_code == 404
        )
    world.charlie.desk_role = "coordinator"
    world.charlie.save()
    assert client_of(world.charlie).get(DESK).status_code == 404
    world.charlie.desk_role = "analyst"
    world.charlie.save()
    assert client_of(world.charlie).get(DESK).status_code == 200
    assert client_of(world.olga).get(DESK.replace("security", "weather")).status_code == 404
    assert client_of(world.olga).get(DESK.replace("JP", "QQ")).status_code == 404


def test_an_organisation_rates_for_its_own_people(world: World, client_of: ClientOf) -> None:
    alice, dana, bob = (client_of(user) for user in (world.alice, world.dana, world.bob))
    assert "No rating of your own yet" in text(alice, reverse("ops:own_ratings"))
    assert bob.post(OWN, {"do": "rate", "value": "high", "reason": "Policy"}).status_code == 404
    assert alice.post(OWN, {"do": "rate", "value": "high", "reason": ""}).status_code == 200
    assert not OrganisationRating.objects.across_orgs("test").exists()
    assert alice.post(OWN, {"do": "rate", "value": "high", "reason": "Our policy"}).status_code == 302
    assert "Our policy" in text(alice, OWN) and "High" in text(alice, reverse("ops:own_ratings"))
    assert "Our policy" in text(bob, PAGE)
    assert "Our policy" in text(bob, reverse("guides:destination", args=["iso:JP"]))
    for page in (PAGE, OWN, reverse("guides:destination", args=["iso:JP"])):
        assert "Our policy" not in text(dana, page)
    dana.post(OWN, {"do": "end", "end-reason": "not mine"})
    assert "Our policy" in text(bob, PAGE)
    assert alice.post(OWN, {"do": "end", "end-reason": "Calm again"}).status_code == 302
    assert "Our policy" not in text(bob, PAGE)
    assert "Calm again" in text(alice, OWN) and "taken back" in text(alice, OWN)
    entries = Entry.objects.filter(action__startswith="rating.organisation").order_by("pk")
    assert [(row.action, row.organisation_id) for row in entries] == [
        ("rating.organisation", world.northfield.pk),
        ("rating.organisation.ended", world.northfield.pk),
    ]
