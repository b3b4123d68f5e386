"""Searching for destinations in the browser."""

from __future__ import annotations

import json
from collections.abc import Callable

from django.contrib.auth.base_user import AbstractBaseUser
from django.test import Client

from tests.conftest import World

Clients = Callable[[AbstractBaseUser | None], Client]


def test_search_lists_places(world: World, client_of: Clients) -> None:
    page = client_of(world.bob).get("/destinations/", {"q": "munchen"})
    assert page.status_code == 200
    text = page.content.decode()
    assert "Munich" in text and "Germany" in text
    assert 'href="/destinations/geonames:2867714/"' in text


def test_nothing_asked_and_nothing_found(world: World, client_of: Clients) -> None:
    client = client_of(world.bob)
    assert "Where are you going?" in client.get("/destinations/").content.decode()
    nothing = client.get("/destinations/", {"q": "<zzz>"})
    assert nothing.status_code == 200
    assert "&lt;zzz&gt;" in nothing.content.decode() and "<zzz>" not in nothing.content.decode()


def test_too_long_is_told(world: World, client_of: Clients) -> None:
    assert client_of(world.bob).get("/destinations/", {"q": "x" * 300}).status_code == 400


def test_suggestions(world: World, client_of: Clients) -> None:
    answer = client_of(world.bob).get("/destinations/suggest/", {"q": "nbo"})
    rows = json.loads(answer.content)["results"]
    assert {"key", "name", "kind_name", "country_name", "url"} <= set(rows[0])
    assert any(row["key"] == "iata:NBO" for row in rows)
    assert len(rows) <= 8


def test_strangers_are_sent_to_log_in(world: World, client_of: Clients) -> None:
    for address in ("/destinations/?q=paris", "/destinations/suggest/?q=paris", "/destinations/iso:KE/"):
        answer = client_of(None).get(address)
        assert answer.status_code == 302
        assert "/destinations/" not in answer["Location"].partition("?")[0]
