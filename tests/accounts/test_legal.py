"""Documents, versions and agreement."""

from __future__ import annotations

from django.test import Client

from safeconduct.accounts import legal
from safeconduct.accounts.models import Consent, LegalDocument
from tests.accounts.steps import log_in
from tests.conftest import PASSWORD, World


def test_default_texts_are_loaded_once(db: None) -> None:
    assert legal.load_default_texts() >= 4
    assert legal.load_default_texts() == 0
    assert {row.slug for row in LegalDocument.objects.filter(version=1)} == set(LegalDocument.Slug.values)
    assert all(row.title and not row.title.startswith("#") for row in LegalDocument.objects.all())


def test_a_new_version_asks_at_the_next_log_in_and_not_before(world: World) -> None:
    legal.load_default_texts()
    before = Client()
    log_in(before, world.bob.email, PASSWORD)
    assert before.get("/account/").status_code == 200
    legal.publish("privacy", title="Privacy notice", body="Changed.", by=world.olga)
    assert before.get("/account/").status_code == 200, "a session under way is not interrupted"
    client = Client()
    log_in(client, world.bob.email, PASSWORD)
    asked = client.get("/account/?x=1")
    assert asked.headers["Location"] == "/account/consent/?next=%2Faccount%2F%3Fx%3D1"
    page = client.get("/account/consent/").content.decode()
    assert "version 2" in page
    assert "Terms and conditions</a>, version" not in page
    refused = client.post("/account/consent/", {"documents": "privacy:2", "next": "/account/"})
    assert "Tick the box" in refused.content.decode()
    assert client.get("/account/").status_code == 302
    agreed = client.post("/account/consent/", {"consent": "on", "documents": "privacy:2", "next": "/account/?x=1"})
    assert agreed.headers["Location"] == "/account/?x=1"
    assert client.get("/account/").status_code == 200
    assert Consent.objects.filter(user=world.bob, slug="privacy", version=2).count() == 1


def test_agreeing_to_a_version_that_was_not_shown_does_not_count(world: World) -> None:
    legal.load_default_texts()
    client = Client()
    client.force_login(world.bob)
    legal.publish("privacy", title="Privacy notice", body="Changed.", by=world.olga)
    client.post("/account/consent/", {"consent": "on", "documents": "privacy:1"})
    assert not Consent.objects.filter(user=world.bob, slug="privacy", version=2).exists()


def test_documents_help_and_leaving_stay_open(world: World) -> None:
    legal.load_default_texts()
    legal.publish("terms", title="Terms", body="Changed.", by=None)
    client = Client()
    client.force_login(world.bob)
    assert client.get("/legal/terms/").status_code == 200
    assert client.post("/account/logout/").status_code == 302


def test_the_readers_language_wins_then_english(db: None) -> None:
    for language in ("en", "de"):
        LegalDocument.objects.create(slug="terms", version=3, language=language, title=language, body_markdown="x")
    assert [row.language for row in legal.current_documents("de")] == ["de"]
    assert [row.language for row in legal.current_documents("ar")] == ["en"]
    assert legal.signature(legal.current_documents("de")) == "terms:3"


def test_a_text_in_a_new_language_translates_the_present_version(db: None) -> None:
    first = legal.publish("terms", title="Terms", body="One.", by=None)
    german = legal.publish("terms", title="Bedingungen", body="Eins.", by=None, language="de")
    second = legal.publish("terms", title="Terms", body="Two.", by=None)
    assert (first.version, german.version, second.version) == (1, 1, 2)
    assert legal.current_documents("de")[0].title == "Terms", "the newest version counts, in English until translated"
