"""Log-in by address first, lock-out, forgotten password, two-step log-in, sessions."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from safeconduct.accounts.models import User
from safeconduct.lib import clock
from tests.accounts.steps import last_mail, log_in, mails, prove, sign_up
from tests.conftest import PASSWORD, World

BOB = "bob@northfield.example.edu"
NEW = "Quiet-harbour-88"


def test_every_address_goes_on_to_the_password(world: World) -> None:
    bodies = []
    for email in (BOB, "nobody@northfield.example.edu", "x@gmail.com"):
        client = Client()
        answer = client.post("/account/login/", {"email": email})
        assert answer.headers["Location"] == "/account/login/password/"
        page = client.get("/account/login/password/").content.decode()
        assert email in page
        bodies.append(re.sub(r'value="[A-Za-z0-9]{64}"', "", page.replace(email, "X")))
    assert len(set(bodies)) == 1


def test_the_password_page_needs_an_address(world: World) -> None:
    assert Client().get("/account/login/password/?next=/trips/").headers["Location"] == "/account/login/?next=%2Ftrips%2F"


def test_log_in_goes_where_one_wanted(world: World) -> None:
    client = Client()
    assert client.post("/account/login/?next=/trips/", {"email": BOB}).headers["Location"].endswith("?next=%2Ftrips%2F")
    page = client.get("/account/login/password/?next=/trips/")
    assert 'name="next" value="/trips/"' in page.content.decode()
    answer = client.post("/account/login/password/", {"password": PASSWORD, "next": "/trips/"})
    assert answer.headers["Location"] == "/trips/"


def test_it_never_leads_to_another_site(world: World) -> None:
    client = Client()
    assert client.post("/account/login/?next=https://evil.example/", {"email": BOB}).headers["Location"] == "/account/login/password/"
    answer = client.post("/account/login/password/", {"password": PASSWORD, "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"


def test_wrong_password_reads_alike_for_every_address(world: World) -> None:
    texts = set()
    for email in (BOB, "nobody@northfield.example.edu"):
        page = log_in(Client(), email, "wrong-Password-1")
        assert page.status_code == 200
        texts.add(str(page.context["form"].non_field_errors()))
    assert len(texts) == 1


def test_five_wrong_passwords_lock_the_address_for_five_minutes(world: World) -> None:
    """Rows count, not a process: a cleared cache does not help, another network neither."""
    for turn in range(5):
        client = Client(REMOTE_ADDR=f"198.51.100.{turn}")
        log_in(client, BOB, "wrong-Password-1")
        cache.clear()
    page = log_in(Client(REMOTE_ADDR="203.0.113.9"), BOB, PASSWORD)
    assert "too many tries" in page.content.decode()
    with clock.held_at(clock.now() + timedelta(minutes=6)):
        assert log_in(Client(), BOB, PASSWORD).headers["Location"] == "/"


def test_right_passwords_are_not_counted(world: World) -> None:
    for _turn in range(8):
        assert log_in(Client(), BOB, PASSWORD).status_code == 302


def test_unknown_addresses_are_locked_alike(world: World) -> None:
    for _turn in range(5):
        log_in(Client(), "nobody@northfield.example.edu", "wrong-Password-1")
    assert "too many tries" in log_in(Client(), "nobody@northfield.example.edu", "x").content.decode()


@pytest.mark.parametrize("email", [BOB, "nobody@northfield.example.edu", "stranger@elsewhere.example.org"])
def test_forgotten_password_answers_alike(world: World, email: str) -> None:
    client = Client()
    answer = client.post("/account/password/reset/", {"email": email})
    assert answer.headers["Location"] == "/account/password/reset/confirm/"
    page = client.get("/account/password/reset/confirm/").content.decode()
    assert email in page
    assert "Enter the code" in page
    wrong = client.post("/account/password/reset/confirm/", {"code": "AAAA-AAAA"})
    assert wrong.status_code == 200
    assert "not the code" in wrong.content.decode()
    assert len(mails(email)) == 1


def test_a_new_password_by_code_and_the_person_is_told(world: World) -> None:
    old = Client()
    old.force_login(world.bob)
    client = Client()
    client.post("/account/password/reset/", {"email": BOB})
    code = last_mail(BOB, "account.reset").slots["code"]
    client.post("/account/password/reset/confirm/", {"code": code})
    weak = client.post("/account/password/reset/complete/", {"password1": "short", "password2": "short"})
    assert "At least 10 characters" in str(weak.context["form"].errors["password1"])
    answer = client.post("/account/password/reset/complete/", {"password1": NEW, "password2": NEW})
    assert answer.headers["Location"] == "/account/password/reset/done/"
    assert mails(BOB) == ["account.reset", "account.password_changed"]
    assert log_in(Client(), BOB, NEW).status_code == 302
    assert old.get("/account/").status_code == 302, "other sessions are ended"


def test_somebody_who_never_confirmed_gets_in_by_a_new_password(world: World) -> None:
    email = "late@northfield.example.edu"
    sign_up(Client(), email)
    client = Client()
    client.post("/account/password/reset/", {"email": email})
    client.post("/account/password/reset/confirm/", {"code": last_mail(email, "account.reset").slots["code"]})
    client.post("/account/password/reset/complete/", {"password1": NEW, "password2": NEW})
    assert log_in(Client(), email, NEW).headers["Location"] == "/"


def test_a_reset_code_ends_after_fifteen_minutes_and_three_tries(world: World) -> None:
    client = Client()
    client.post("/account/password/reset/", {"email": BOB})
    code = last_mail(BOB, "account.reset").slots["code"]
    for _turn in range(3):
        client.post("/account/password/reset/confirm/", {"code": "AAAA-AAAA"})
    assert client.post("/account/password/reset/confirm/", {"code": code}).headers["Location"] == "/account/login/"
    assert client.get("/account/password/reset/complete/").status_code == 302


def test_reset_mail_is_limited_for_an_address(world: World) -> None:
    for _turn in range(5):
        Client().post("/account/password/reset/", {"email": BOB})
    assert Client().post("/account/password/reset/", {"email": BOB}).status_code == 429
    assert len(mails(BOB)) == 5


def test_changing_the_password_tells_and_ends_other_sessions(world: World) -> None:
    client, other = Client(), Client()
    log_in(client, BOB, PASSWORD)
    log_in(other, BOB, PASSWORD)
    answer = client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert answer.headers["Location"] == "/account/"
    assert mails(BOB) == ["account.password_changed"]
    assert client.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302


def test_changing_the_address_stays_in_the_domains_and_tells_the_old_one(world: World) -> None:
    client = Client()
    log_in(client, BOB, PASSWORD)
    prove(client, PASSWORD)
    page = client.post("/account/email/", {"action_add": "1", "email": "bob@gmail.com"})
    assert "address of your organisation" in page.content.decode()
    page = client.post("/account/email/", {"action_add": "1", "email": "bob@southgate.example.edu"})
    assert "address of your organisation" in page.content.decode()
    new = "robert@northfield.example.edu"
    answer = client.post("/account/email/", {"action_add": "1", "email": new})
    assert answer.headers["Location"] == "/account/confirm-email/"
    client.post("/account/confirm-email/", {"action": "verify", "code": last_mail(new).slots["code"]})
    assert User.objects.get(pk=world.bob.pk).email == new
    assert mails(BOB) == ["account.email_changed"]
    assert new in last_mail(BOB).message.text
    assert log_in(Client(), new, PASSWORD).status_code == 302
    assert log_in(Client(), BOB, PASSWORD).status_code == 200


def test_an_address_that_somebody_else_has_cannot_be_taken(world: World) -> None:
    client = Client()
    log_in(client, BOB, PASSWORD)
    prove(client, PASSWORD)
    answer = client.post("/account/email/", {"action_add": "1", "email": world.alice.email})
    assert answer.headers["Location"] == "/account/confirm-email/"
    code = last_mail(world.alice.email).slots["code"]
    page = client.post("/account/confirm-email/", {"action": "verify", "code": code})
    assert "cannot be used" in page.content.decode()
    assert User.objects.get(pk=world.bob.pk).email == BOB


def totp_code(secret: str) -> str:
    return f"{hotp_value(secret, next(iter(yield_hotp_counters_from_time()))):06d}"


def test_two_steps(world: World) -> None:
    client = Client()
    log_in(client, BOB, PASSWORD)
    prove(client, PASSWORD)
    page = client.get("/account/two-step/app/activate/")
    secret = page.context["form"].secret
    assert secret in page.content.decode()
    answer = client.post("/account/two-step/app/activate/", {"code": totp_code(secret)})
    assert answer.headers["Location"] == "/account/two-step/recovery-codes/"
    assert mails(BOB) == ["account.two_step_changed"] * len(mails(BOB))
    stored = str(list(Authenticator.objects.filter(user=world.bob).values_list("data", flat=True)))
    assert secret not in stored, "sealed"
    codes = client.get("/account/two-step/recovery-codes/").context["unused_codes"]
    assert len(codes) == 10
    second = Client()
    assert log_in(second, BOB, PASSWORD).headers["Location"] == "/account/two-step/authenticate/"
    assert second.get("/account/").status_code == 302
    assert second.post("/account/two-step/authenticate/", {"code": "000000"}).status_code == 200
    assert second.post("/account/two-step/authenticate/", {"code": codes[0]}).headers["Location"] == "/"
    third = Client()
    log_in(third, BOB, PASSWORD)
    used = third.post("/account/two-step/authenticate/", {"code": codes[0]})
    assert used.status_code == 200, "a recovery code works once"


def test_switching_two_steps_off_asks_for_a_proof_and_tells(world: World) -> None:
    TOTP.activate(world.bob, generate_totp_secret())
    client = Client()
    client.force_login(world.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.post("/account/two-step/app/deactivate/")
    assert "reauthenticate" in answer.headers["Location"]
    assert Authenticator.objects.filter(user=world.bob).exists()


def test_other_sessions_are_listed_and_ended(world: World) -> None:
    here, there = Client(), Client(HTTP_USER_AGENT="Old phone")
    log_in(there, BOB, PASSWORD)
    there.get("/account/")
    log_in(here, BOB, PASSWORD)
    here.get("/account/")
    assert "Old phone" in here.get("/account/sessions/").content.decode()
    here.post("/account/sessions/")
    assert there.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200


def test_a_page_view_writes_nothing(world: World) -> None:
    """Reading must not wait for the write lock: who was last seen when is written every ten minutes."""
    client = Client()
    log_in(client, BOB, PASSWORD)
    client.get("/account/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/account/")
    assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []
    assert not any("last_seen_at" in query["sql"] for query in queries), "looked up once a minute"
    with clock.held_at(clock.now() + timedelta(minutes=11)), CaptureQueriesContext(connection) as queries:
        client.get("/account/")
    assert any("UPDATE" in query["sql"] and "usersession" in query["sql"] for query in queries)


def test_log_out_wants_a_press(world: World) -> None:
    client = Client()
    log_in(client, BOB, PASSWORD)
    assert client.get("/account/logout/").status_code == 200
    assert client.get("/account/").status_code == 200
    client.post("/account/logout/")
    assert client.get("/account/").status_code == 302


def test_links_in_mails_do_not_follow_the_host_header(world: World) -> None:
    client = Client(HTTP_HOST="evil.example")
    client.post("/account/signup/", {})
    client.post("/account/password/reset/", {"email": "nobody@northfield.example.edu"})
    message = last_mail("nobody@northfield.example.edu").message
    assert "evil.example" not in message.text + message.html


def test_a_code_of_the_app_opens_once_for_as_long_as_it_is_good(world: World) -> None:
    """Read over a shoulder it must not open a second time, also when the cache has forgotten it."""
    secret = generate_totp_secret()
    TOTP.activate(world.bob, secret)
    code = totp_code(secret)
    first, second = Client(), Client()
    log_in(first, BOB, PASSWORD)
    assert first.post("/account/two-step/authenticate/", {"code": code}).headers["Location"] == "/"
    cache.clear()
    log_in(second, BOB, PASSWORD)
    assert second.post("/account/two-step/authenticate/", {"code": code}).status_code == 200
    assert second.get("/account/").status_code == 302


@pytest.mark.parametrize("target", ["web:home", "nonsense", "//elsewhere.example", "https://elsewhere.example/", "\0"])
def test_next_leads_to_a_page_of_ours_or_nowhere(world: World, target: str) -> None:
    client = Client()
    log_in(client, BOB, PASSWORD)
    assert client.post("/display/", {"next": target}).headers["Location"] == "/display/"
    assert client.post("/account/consent/", {"next": target}).headers["Location"] == "/"
