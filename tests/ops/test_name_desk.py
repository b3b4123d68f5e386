"""The desk's page of names in registers that no table knows."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.advisories.models import UnknownName
from safeconduct.places.models import Place
from tests.advisories.registers import entry, put
from tests.conftest import World

ClientOf = Callable[[User | None], Client]


def test_the_names_page_says_what_was_read(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    assert "No register has been read yet" in olga.get("/desk/advice/names/").content.decode()
    put(entry("Japan", 2))
    assert "Our tables know every name" in olga.get("/desk/advice/names/").content.decode()


def test_a_name_may_mean_a_territory_and_the_list_is_in_the_readers_order(
    world: World, client_of: ClientOf
) -> None:
    put(entry("Atlantis", 4))
    Place.objects.create(key="iso:AX", kind="territory", code="AX", name="Åland", country_code="AX", lat=60, lon=20)
    name = UnknownName.objects.get()
    olga, address = client_of(world.olga), f"/desk/advice/names/{name.pk}/"
    shown = re.findall(r'<option value="([A-Z]{2})"', olga.get(address).content.decode())
    assert shown.index("AX") < shown.index("AU") < shown.index("CN"), "Åland before Australia"
    assert len(shown) == len(set(shown))
    assert olga.post(address, {"country": "AX"}).status_code == 302
    # What holds now is chosen in the list, so that another choice contradicts nothing.
    assert '<option value="AX" selected>' in olga.get(address).content.decode()
    assert olga.post(address, {"country": "JP", "codes": ""}).status_code == 302
    name.refresh_from_db()
    assert name.codes == "JP"
