"""People of the desk read every guide, for no organisation; the search, the maps and what a guide links to as well."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from safeconduct.accounts.models import User
from safeconduct.guides.actions import write_note
from safeconduct.orgs.models import Programme
from safeconduct.places.queries import place_by_key
from safeconduct.ratings.actions import rate_for_organisation
from tests.advisories.registers import entry, of, put
from tests.alerts.messages import message
from tests.alerts.messages import put as put_alert
from tests.conftest import World, join, make_user

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User | None], Client]


def test_an_operator_reads_what_readers_see_and_nothing_of_an_organisation(
    world: World, client_of: ClientOf
) -> None:
    kenya = place_by_key("iso:KE")
    write_note(world.northfield, kenya, "care", body="Ask the field station.", by=world.alice)
    rate_for_organisation(
        world.northfield, "KE", "security", value="high", reason="Our policy", by=world.alice
    )
    put(entry("Kenya", 2))
    version = put_alert(message("desk-1")).version
    olga, bob = client_of(world.olga), client_of(world.bob)
    guide = reverse("guides:chapter", args=["iso:KE", "medical"])
    rating = reverse("ratings:rating", args=["KE", "security"])
    for address in (
        reverse("guides:index") + "?q=kenya", reverse("guides:destination", args=["iso:KE"]), guide, rating,
        reverse("guides:world"), reverse("guides:compare") + "?a=iso:KE&b=iso:JP",
        reverse("guides:export", args=["iso:KE"]) + "?as=markdown", reverse("alerts:list"), reverse("alerts:map"),
        reverse("alerts:map_json"), reverse("alerts:version", args=[version.public_id]),
        reverse("advisories:advisory", args=[of("KE").public_id]),
    ):  # fmt: skip
        answer = olga.get(address)
        assert answer.status_code == 200, address
        text = answer.content.decode()
        assert "field station" not in text and "Our policy" not in text and "Northfield" not in text, address
    assert "Ask the field station." in bob.get(guide).content.decode()
    assert "Our policy" in bob.get(rating).content.decode()
    page = olga.get(guide).content.decode()
    # Back to work, and on: the way to the desk and a search on every page.
    assert 'href="/desk/" ' in page or 'href="/desk/">' in page
    assert 'action="/destinations/"' in page and "E-mail alerts for" not in page


def test_whoever_is_a_member_too_reads_for_the_organisation(world: World, client_of: ClientOf) -> None:
    write_note(world.northfield, place_by_key("iso:KE"), "care", body="Ask the field station.", by=world.alice)
    join(world.olga, Programme.objects.for_org(world.northfield)[0])
    guide = reverse("guides:chapter", args=["iso:KE", "medical"])
    assert "Ask the field station." in client_of(world.olga).get(guide).content.decode()


def test_everybody_at_the_desk_and_nobody_else(world: World, client_of: ClientOf) -> None:
    cora = make_user("cora@desk.example.org", "Cora", "Lind", desk_role="coordinator")
    guide = reverse("guides:destination", args=["iso:KE"])
    assert client_of(cora).get(guide).status_code == 200
    assert client_of(world.charlie).get(guide)["Location"] == "/associate/"
