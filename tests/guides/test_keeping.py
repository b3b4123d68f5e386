"""Pages that are kept: the same as made anew, nobody sees another's, what changed is seen within seconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.test import Client

from safeconduct.centres.models import Centre
from safeconduct.feeds.models import LinkedMessage
from safeconduct.guides import actions, keeping
from safeconduct.lib import clock
from safeconduct.lib.kept import Kept
from safeconduct.places.models import Fact, Place
from tests.advisories.registers import entry, put, source
from tests.conftest import World

Clients = Callable[[AbstractBaseUser | None], Client]
ADDRESS = "/destinations/iso:KE/"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def without_token(html: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", html)


def test_a_kept_page_is_the_page(world: World, client_of: Clients) -> None:
    client = client_of(world.bob)
    with clock.held_at(NOW):
        first = client.get(ADDRESS).content.decode()
        kept = client.get(ADDRESS).content.decode()
        keeping.forget()
        anew = client.get(ADDRESS).content.decode()
    assert without_token(first) == without_token(kept) == without_token(anew)
    assert "\ue0f0" not in kept


def test_a_kept_page_holds_nothing_of_another_person(world: World, client_of: Clients) -> None:
    with clock.held_at(NOW):
        bob = client_of(world.bob).get(ADDRESS).content.decode()
        alice = client_of(world.alice).get(ADDRESS).content.decode()
        dana = client_of(world.dana).get(ADDRESS).content.decode()
    assert "Bob Okafor" in bob and "Bob Okafor" not in alice + dana
    assert "Alice Moreau" in alice and "Organisation console" in alice and "Organisation console" not in bob
    assert "Southgate" in dana and "Northfield" not in dana


def test_the_token_of_each_answer_is_the_readers_own(world: World, client_of: Clients) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.bob)
    for _round in range(2):
        page = client.get(ADDRESS).content.decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None
        form = {"place": "iso:KE", "from_severity": "Severe", "csrfmiddlewaretoken": token[1]}
        assert client.post("/subscriptions/add/", form).status_code == 302


def test_unchanged_answers_304_and_another_person_does_not(world: World, client_of: Clients) -> None:
    bob, alice = client_of(world.bob), client_of(world.alice)
    with clock.held_at(NOW):
        etag = bob.get(ADDRESS)["ETag"]
        again = bob.get(ADDRESS, headers={"if-none-match": etag})
        assert (again.status_code, again.content) == (304, b"")
        assert again["Cache-Control"] == "private, no-cache"
        assert alice.get(ADDRESS, headers={"if-none-match": etag}).status_code == 200
    # The time at the place stands on the page.
    with clock.held_at(NOW + timedelta(minutes=11)):
        assert bob.get(ADDRESS, headers={"if-none-match": etag}).status_code == 200


def test_a_page_with_the_token_of_another_log_in_is_not_kept(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.bob)
    with clock.held_at(NOW):
        client.get(ADDRESS)
        etag = client.get(ADDRESS)["ETag"]
        assert client.get(ADDRESS, headers={"if-none-match": etag}).status_code == 304
        assert client.get(ADDRESS, headers={"if-none-match": f"W/{etag}"}).status_code == 304
        # A log-in brings another secret: what the browser kept holds a token that is refused.
        client.cookies["safeconduct_csrf"] = "b" * 32
        assert client.get(ADDRESS, headers={"if-none-match": etag}).status_code == 200


def test_a_centre_with_another_number_is_seen(
    world: World, client_of: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Head and foot are of the page: the number to call in need may not be ten minutes old."""
    monkeypatch.setattr(keeping.PAGES, "_seconds", -1.0)
    client = client_of(world.bob)
    centre = Centre.objects.create(
        name="Night desk", phone="+442079460001", place_name="London", country_code="GB", zone="Europe/London",
        lon=-0.1, lat=51.5, is_24_hours=True,
    )  # fmt: skip
    with clock.held_at(NOW):
        client.get(ADDRESS)
        etag = client.get(ADDRESS)["ETag"]
        assert client.get(ADDRESS, headers={"if-none-match": etag}).status_code == 304
        Centre.objects.filter(pk=centre.pk).update(phone="+442079460002")
        assert client.get(ADDRESS, headers={"if-none-match": etag}).status_code == 200


def test_advice_that_is_stored_late_is_seen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two registers are read at once: the one that is stored last may have been received first."""
    monkeypatch.setattr(keeping.STAMPS, "_seconds", -1.0)
    one, other = source("one"), source("other")
    put(entry("Kenya", 2), to=one, at=NOW)
    put(entry("Kenya", 2), to=other, at=NOW + timedelta(seconds=5))
    before = keeping.stamp_of("iso:KE", None).digest
    assert keeping.stamp_of("iso:KE", None).digest == before
    put(entry("Kenya", 4), to=one, at=NOW + timedelta(seconds=3))
    changed = keeping.stamp_of("iso:KE", None).digest
    LinkedMessage.objects.create(
        source=one, key="kenya", url="https://one.example.org/ke", listed_at=NOW, tries=1, due_at=NOW
    )
    assert len({before, changed, keeping.stamp_of("iso:KE", None).digest}) == 3


def test_what_changed_is_seen(world: World, client_of: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping.STAMPS, "_seconds", -1.0)
    client = client_of(world.bob)
    kenya = Place.objects.get(key="iso:KE")
    with clock.held_at(NOW):
        etag = client.get(ADDRESS)["ETag"]
        edition = actions.begin_edition(kenya, "overview", "en", by=world.olga)
        edition = actions.save_draft(
            edition, by=world.olga, revision=1, body="Nairobi is *high*.", change_note="New"
        )
        assert "is <em>high</em>" not in client.get(ADDRESS).content.decode()
        actions.approve_edition(actions.submit_edition(edition, by=world.olga), by=world.alice)
        changed = client.get(ADDRESS, headers={"if-none-match": etag})
        assert changed.status_code == 200 and "is <em>high</em>" in changed.content.decode()
        actions.write_note(world.northfield, kenya, "overview", body="Ask before you climb.", by=world.alice)
        assert "Ask before you climb" in client.get(ADDRESS).content.decode()
        assert "Ask before you climb" not in client_of(world.dana).get(ADDRESS).content.decode()


def test_another_language_is_another_page(world: World, client_of: Clients) -> None:
    client = client_of(world.bob)
    assert 'lang="en"' in client.get(ADDRESS).content.decode()
    client.cookies["safeconduct_language"] = "fr"
    assert 'lang="fr"' in client.get(ADDRESS).content.decode()


def test_a_message_is_said_once(world: World, client_of: Clients) -> None:
    client = client_of(world.bob)
    client.get(ADDRESS)
    client.post("/subscriptions/add/", {"place": "iso:KE", "from_severity": "Severe"})
    said = [client.get(ADDRESS).content.decode().count('role="status"') for _round in range(2)]
    assert said[0] == 1 and said[1] == 0


def test_the_least_used_goes_first() -> None:
    kept: Kept[int] = Kept(2, 60.0)
    for number in range(3):
        kept.put(number, number)
    assert [kept.get(number) for number in range(3)] == [None, 1, 2]
    assert Kept(2, -1.0).put("a", 1) == 1 and Kept(2, -1.0).get("a") is None
    assert kept.of(2, lambda: 7) == 2 and kept.of(3, lambda: 7) == 7


def test_facts_of_another_country_are_not_read(world: World, client_of: Clients) -> None:
    Fact.objects.filter(country_code="DE").delete()
    assert "Nairobi" in client_of(world.bob).get(ADDRESS).content.decode()
