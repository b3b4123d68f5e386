"""From the one-time link to a portal that somebody can join, by plain forms."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core import management
from django.test import Client

from safeconduct.accounts.legal import load_default_texts
from safeconduct.accounts.models import Consent, User
from safeconduct.centres.models import Centre
from safeconduct.lib import clock, folder
from safeconduct.ops import progress, start_links
from safeconduct.ops.management.commands.serve import refuse_when_taken, where
from safeconduct.ops.models import StartLink
from safeconduct.orgs.models import Invitation, Organisation
from safeconduct.outbox.models import Delivery
from tests.conftest import World
from tests.ops.test_desk import CENTRE, ORGANISATION
from tests.outbox.sink import Sink

OPERATOR = {
    "email": "ada@portal.example.org",
    "given_name": "Ada",
    "family_name": "Okoye",
    "password1": "Zq-7719-lumen",
    "password2": "Zq-7719-lumen",
    "consent": "on",
}


@pytest.fixture
def own_home(tmp_path: Path) -> Iterator[Path]:
    """Keep what set-up writes into the folder, and its address, out of other tests."""
    kept = settings.SAFECONDUCT_HOME, settings.SAFECONDUCT_URL
    settings.SAFECONDUCT_HOME = tmp_path
    yield tmp_path
    settings.SAFECONDUCT_HOME, settings.SAFECONDUCT_URL = kept


def token_of(link: str) -> str:
    return link.split("token=")[1]


@pytest.mark.django_db
def test_a_newcomer_sets_a_portal_up_in_the_browser(client: Client, own_home: Path) -> None:
    load_default_texts()
    link = start_links.make_link()
    assert token_of(link) not in StartLink.objects.get().token_digest
    # The token leaves the address bar at once.
    assert client.get(f"/desk/start/?token={token_of(link)}")["Location"] == "/desk/start/"
    page = client.get("/desk/start/").content.decode()
    assert "At least 10 characters" in page
    weak = client.post(
        "/desk/start/", OPERATOR | {"password1": "short", "password2": "short"}
    ).content.decode()
    assert 'href="#id_password1"' in weak
    assert not User.objects.exists()
    assert client.post("/desk/start/", OPERATOR)["Location"] == "/desk/start/address/"
    operator = User.objects.get()
    assert (operator.desk_role, operator.name) == ("operator", "Ada Okoye")
    assert set(Consent.objects.filter(user=operator).values_list("slug", flat=True)) == {"privacy", "terms"}

    for url in ("travel.example.edu/path", "http://[", "https://a@b.example", "https://b.example#x", "https://b.example:x"):
        bad = client.post("/desk/start/address/", {"url": url}).content.decode()
        assert 'href="#id_url"' in bad, url
    assert (
        client.post("/desk/start/address/", {"url": "https://travel.example.edu/"})["Location"]
        == "/desk/start/mail/"
    )
    assert folder.base_url(own_home) == "https://travel.example.edu"
    # Resumable: the front door leads to the first open step.
    assert client.get("/desk/start/")["Location"] == "/desk/start/mail/"
    assert client.post("/desk/start/mail/", {"later": "1"})["Location"] == "/desk/start/organisation/"
    assert client.post("/desk/start/organisation/", ORGANISATION)["Location"] == "/desk/start/manager/"
    assert "held until" in client.get("/desk/start/manager/").content.decode()
    assert (
        client.post("/desk/start/manager/", {"programme": "1", "email": "not an address"}).status_code == 200
    )
    programme = Organisation.objects.get()
    form = client.get("/desk/start/manager/").content.decode()
    chosen = form.split('name="programme" value="')[1].split('"')[0]
    assert (
        client.post("/desk/start/manager/", {"programme": chosen, "email": "mia@westfield.example.edu"})[
            "Location"
        ]
        == "/desk/start/centres/"
    )
    invitation = Invitation.objects.for_org(programme).get()
    assert invitation.role == "manager"
    assert "https://travel.example.edu/invitation/" in json.dumps(Delivery.objects.get().slots)
    assert client.post("/desk/start/centres/", CENTRE)["Location"] == "/desk/start/centres/"
    assert Centre.objects.filter(name="Denver Centre").exists()
    done = client.get("/desk/start/done/").content.decode()
    assert "The portal is ready" in done
    assert 'href="/desk/start/mail/"' in done
    assert "https://travel.example.edu/?membnum=WF-1</code>" in done
    assert ">WF-1</code>" in done
    assert progress.state().finished_at is not None
    # Whoever finished it, or comes when it is finished, comes to work.
    assert client.get("/desk/start/")["Location"] == "/desk/"
    shown = client.post("/desk/people/", {"email": "ben@portal.example.org", "role": "operator"}).content.decode()
    second = Client()
    second.get(f"/desk/start/?token={token_of(shown).split('<')[0]}")
    page = second.get("/desk/start/").content.decode()
    assert "First organisation" not in page
    # A step that was left open, neither done nor put off, is no errand of the second one.
    Centre.objects.update(is_active=False)
    assert not progress.is_finished()
    made = second.post("/desk/start/", OPERATOR | {"given_name": "Ben"})
    assert made["Location"] == "/desk/" and User.objects.get(email="ben@portal.example.org").is_operator


@pytest.mark.django_db
def test_a_link_works_once_and_says_why_it_does_not(own_home: Path) -> None:
    first, second = Client(), Client()
    link = start_links.make_link()
    for browser in (first, second):
        browser.get(f"/desk/start/?token={token_of(link)}")
        assert browser.get("/desk/start/").status_code == 200
    assert first.post("/desk/start/", OPERATOR).status_code == 302
    late = second.post("/desk/start/", OPERATOR | {"email": "eve@portal.example.org"})
    assert late.status_code == 410
    assert "This link has been used" in late.content.decode()
    assert User.objects.count() == 1
    stranger = Client()
    stranger.get("/desk/start/?token=guessed")
    assert "not known" in stranger.get("/desk/start/").content.decode()
    assert Client().get("/desk/start/").status_code == 410


@pytest.mark.django_db
def test_an_old_link_is_stale_and_a_newer_one_replaces_it() -> None:
    client = Client()
    old = start_links.make_link()
    with clock.held_at(clock.now() + start_links.VALID):
        client.get(f"/desk/start/?token={token_of(old)}")
        assert "seven days" in client.get("/desk/start/").content.decode()
    start_links.make_link()
    client.get(f"/desk/start/?token={token_of(old)}")
    assert "newer one replaces" in client.get("/desk/start/").content.decode()


def test_links_for_the_first_operator_end_when_there_is_one(world: World, client: Client) -> None:
    link = start_links.make_link()
    client.get(f"/desk/start/?token={token_of(link)}")
    page = client.get("/desk/start/")
    assert page.status_code == 410
    assert "has an operator already" in page.content.decode()


def test_set_up_steps_are_the_operators_alone(
    world: World, client_of: Callable[[User | None], Client]
) -> None:
    for person in (world.alice, world.bob, world.charlie):
        assert client_of(person).get("/desk/start/organisation/").status_code == 404
        assert client_of(person).get("/desk/start/").status_code == 410
    assert client_of(world.olga).get("/desk/start/nosuchstep/").status_code == 404
    assert client_of(world.olga).post("/desk/start/address/", {"later": "1"}).status_code == 302
    assert "address" not in progress.state().later


def test_another_operator_is_made_from_a_shell(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    management.call_command("createoperator", "bob@northfield.example.edu", "--json")
    assert json.loads(capsys.readouterr().out)["made"] == "operator"
    world.bob.refresh_from_db()
    assert world.bob.is_operator
    management.call_command("createoperator", "new@portal.example.org", "--json", "--link")
    link = json.loads(capsys.readouterr().out)["link"]
    client = Client()
    client.get(f"/desk/start/?token={token_of(link)}")
    assert client.post("/desk/start/", OPERATOR | {"email": "other@portal.example.org"}).status_code == 302
    # The link was for one address: what the form says instead does not count.
    assert User.objects.get(email="new@portal.example.org").is_operator
    with pytest.raises(SystemExit):
        management.call_command("createoperator", "nobody")


def test_serve_says_the_way_in_only_while_there_is_no_operator(db: None) -> None:
    said = where("0.0.0.0", 8123)
    assert said.address == "http://127.0.0.1:8123/"
    assert said.start_link.startswith("http://127.0.0.1:8123/desk/start/?token=")
    assert said.start_link in said.text
    User.objects.create_user("ada@portal.example.org", desk_role="operator")
    assert where("127.0.0.1", 8123).start_link == ""


def test_a_taken_port_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit, match="SAFECONDUCT_PORT"):
        refuse_when_taken("127.0.0.1", taken.getsockname()[1])


def test_saving_the_mail_server_sends_a_test_mail_and_shows_each_step(
    world: World, client_of: Callable[[User | None], Client], own_home: Path
) -> None:
    sink = Sink()
    try:
        olga = client_of(world.olga)
        values = {"host": "127.0.0.1", "port": sink.port, "tls": "none", "from_address": "portal@example.org"}
        page = olga.post("/desk/start/mail/", values).content.decode()
        assert "The server took the test mail" in page
        for step in ("MAIL FROM", "RCPT TO", "DATA"):
            assert f"<strong>{step}</strong>" in page
        again = olga.post("/desk/start/mail/", {"test": "1", "to": "else@example.org"}).content.decode()
        assert "The server took the test mail" in again
        assert [mail.recipient for mail in sink.mails] == ["olga@desk.example.org", "else@example.org"]
        assert olga.post("/desk/start/mail/", {"later": "1"})["Location"].startswith("/desk/start/")
    finally:
        sink.close()
    refused = olga.post("/desk/start/mail/", values).content.decode()
    assert "could not be handed over" in refused
