"""Number, sign-up, code, associate: the way in, as in the portal's guide, steps 1 to 6."""

from __future__ import annotations

from django.test import Client

from safeconduct.accounts.legal import load_default_texts
from safeconduct.accounts.models import Consent, User
from safeconduct.audit.models import Entry
from safeconduct.orgs.actions import add_domain
from safeconduct.orgs.models import Membership
from tests.accounts.steps import PASSWORD, confirm, enter_number, last_mail, log_in, mails, path_of, sign_up
from tests.conftest import World

MAYA = "maya.brandt@northfield.example.edu"


def test_from_number_to_membership(world: World) -> None:
    load_default_texts()
    client = Client()
    assert enter_number(client, "nfu-26-004417").headers["Location"] == "/account/login/"
    page = client.get("/account/login/")
    assert "Northfield University" in page.content.decode()
    assert "Sign up" in page.content.decode()
    answer = sign_up(client, MAYA.upper())
    assert answer.headers["Location"] == "/account/confirm-email/"
    assert client.get("/account/confirm-email/").status_code == 200
    answer = confirm(client, MAYA)
    assert answer.headers["Location"] == "/associate/"
    page = client.get("/associate/")
    assert 'value="NFU-26-004417"' in page.content.decode()
    answer = client.post("/associate/", {"membnum": "Nfu-26-004417"})
    assert answer.headers["Location"] == "/"
    maya = User.objects.get(email=MAYA)
    [membership] = Membership.objects.of_user(maya)
    assert membership.organisation == world.northfield
    assert membership.number is not None
    assert client.get("/").status_code == 200
    consents = {(row.slug, row.version) for row in Consent.objects.filter(user=maya)}
    assert consents == {("privacy", 1), ("terms", 1)}
    assert {"account.created", "membership.began", "consent.given"} <= set(
        Entry.objects.filter(actor_id=maya.pk).values_list("action", flat=True)
    )


def test_the_form_sent_twice_makes_one_account_and_the_newest_code_works(world: World) -> None:
    client = Client()
    sign_up(client, MAYA)
    fields = {"email": MAYA, "password1": PASSWORD, "password2": PASSWORD, "consent": "on"}
    client.cookies = client.cookies
    again = Client()
    assert again.post("/account/signup/", fields).headers["Location"] == "/account/confirm-email/"
    assert User.objects.filter(email=MAYA).count() == 1
    assert mails(MAYA) == ["account.verify", "account.verify"]
    assert confirm(again, MAYA).headers["Location"] == "/"
    assert Membership.objects.of_user(User.objects.get(email=MAYA)).count() == 0


def test_associating_twice_is_one_membership(world: World) -> None:
    client = Client()
    client.force_login(world.bob)
    for _time in range(2):
        assert client.post("/associate/", {"membnum": "NFU-26-004417"}).status_code == 302
    assert Membership.objects.of_user(world.bob).count() == 1


def test_an_address_outside_the_domains_is_told_so_alike(world: World) -> None:
    """Known (Charlie), unknown and public addresses get one answer, and no mail."""
    answers = []
    for email in ("charlie@elsewhere.example.org", "nobody@elsewhere.example.org", "somebody@gmail.com"):
        page = sign_up(Client(), email)
        assert page.status_code == 200
        assert "Use your organisation’s address" in page.content.decode()
        answers.append([str(error) for error in page.context["form"].errors["email"]])
        assert mails(email) == []
    assert answers[0] == answers[1] == answers[2]


def test_with_a_number_only_its_organisation_admits(world: World) -> None:
    client = Client()
    enter_number(client, "NFU-26-004417")
    page = sign_up(client, "erin@southgate.example.edu")
    assert "Use your organisation’s address" in page.content.decode()
    other = Client()
    assert sign_up(other, "erin@southgate.example.edu").status_code == 302


def test_a_known_address_is_answered_like_a_new_one(world: World) -> None:
    known, new = Client(), Client()
    first = sign_up(known, "bob@northfield.example.edu")
    second = sign_up(new, "new@northfield.example.edu")
    assert (first.status_code, first.headers["Location"]) == (second.status_code, second.headers["Location"])
    pages = [client.get("/account/confirm-email/").content.decode() for client in (known, new)]
    strip = [page.replace("bob@", "X@").replace("new@", "X@") for page in pages]
    assert without_tokens(strip[0]) == without_tokens(strip[1])
    wrong = [client.post("/account/confirm-email/", {"action": "verify", "code": "000000x"}) for client in (known, new)]
    assert wrong[0].status_code == wrong[1].status_code == 200
    assert mails("bob@northfield.example.edu") == ["account.exists"]
    assert mails("new@northfield.example.edu") == ["account.verify"]


def without_tokens(page: str) -> str:
    import re

    return re.sub(r'value="[A-Za-z0-9]{64}"', "", page)


def test_a_domain_in_any_script_is_one_address(world: World) -> None:
    add_domain(world.northfield, by=world.olga, domain="Universität.example")
    client = Client()
    assert sign_up(client, "Maya@UNIVERSITÄT.example").status_code == 302
    stored = "maya@xn--universitt-y5a.example"
    assert User.objects.filter(email=stored).count() == 1
    assert confirm(client, stored).status_code == 302
    assert sign_up(Client(), stored).status_code == 302
    assert mails(stored) == ["account.verify", "account.exists"]
    assert log_in(Client(), "maya@universität.example", PASSWORD).headers["Location"] == "/"


def test_consent_is_required(world: World) -> None:
    page = sign_up(Client(), MAYA, consent="")
    assert "Without your agreement" in page.content.decode()
    assert not User.objects.filter(email=MAYA).exists()


def test_documents_that_changed_meanwhile_are_shown_again(world: World) -> None:
    load_default_texts()
    for shown in ("privacy:0 terms:0", ""):
        page = sign_up(Client(), MAYA, documents=shown)
        assert "have changed meanwhile" in page.content.decode()


def test_the_link_wants_a_press_and_works_once(world: World) -> None:
    client, scanner = Client(), Client()
    sign_up(client, MAYA)
    path = path_of(last_mail(MAYA, "account.verify").slots["link"])
    assert "Yes, this is my address" in scanner.get(path).content.decode()
    assert log_in(Client(), MAYA, PASSWORD).headers["Location"] == "/account/confirm-email/"
    path = path_of(last_mail(MAYA, "account.verify").slots["link"])
    pressed = scanner.post(path)
    assert "is confirmed" in pressed.content.decode()
    assert scanner.post(path).status_code == 410
    assert "used already" in scanner.get(path).content.decode()
    # The window that signed up goes on without a code.
    assert client.get("/account/confirm-email/").headers["Location"] == "/"
    assert client.get("/associate/").status_code == 200


def test_a_link_pressed_in_the_same_browser_goes_on(world: World) -> None:
    client = Client()
    enter_number(client, "NFU-26-004417")
    sign_up(client, MAYA)
    path = path_of(last_mail(MAYA, "account.verify").slots["link"])
    answer = client.post(path, follow=True)
    assert answer.redirect_chain[-1][0] == "/associate/"


def test_a_made_up_link_is_clear(world: World) -> None:
    page = Client().get("/account/verify/not-a-link/")
    assert page.status_code == 410
    assert "not one of our links" in page.content.decode()


def test_a_wrong_code_five_times_ends_it(world: World) -> None:
    client = Client()
    sign_up(client, MAYA)
    for _time in range(4):
        page = client.post("/account/confirm-email/", {"action": "verify", "code": "1"})
        assert "not the code" in page.content.decode()
    assert client.post("/account/confirm-email/", {"action": "verify", "code": "1"}).headers["Location"] == "/account/login/"


def test_a_new_code_replaces_the_old_one(world: World) -> None:
    client = Client()
    sign_up(client, MAYA)
    old = last_mail(MAYA).slots["code"]
    client.post("/account/confirm-email/", {"action": "resend"})
    new = last_mail(MAYA).slots["code"]
    if old != new:
        assert client.post("/account/confirm-email/", {"action": "verify", "code": old}).status_code == 200
    assert client.post("/account/confirm-email/", {"action": "verify", "code": new}).status_code == 302


def test_a_code_cannot_be_met_by_trying(world: World) -> None:
    """Anybody may try five codes for each address of a domain they can think of: six digits would fall in days."""
    sign_up(Client(), MAYA)
    code = last_mail(MAYA, "account.verify").slots["code"]
    assert len(code.replace("-", "")) >= 8
    assert not code.replace("-", "").isdigit()
    client = Client()
    sign_up(client, MAYA)
    typed = last_mail(MAYA, "account.verify").slots["code"].replace("-", " ").lower()
    assert client.post("/account/confirm-email/", {"action": "verify", "code": typed}).status_code == 302
