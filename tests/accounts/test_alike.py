"""Known and unknown addresses cost the same work: passwords hashed, rows written, mails put in the outbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from safeconduct.outbox.models import Delivery
from tests.accounts.steps import log_in, sign_up
from tests.conftest import World

KNOWN, UNKNOWN = "bob@northfield.example.edu", "nobody@northfield.example.edu"


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collect every password hash that is computed: the slow part of log-in and sign-up."""
    done: list[str] = []
    plain = MD5PasswordHasher.encode

    def encode(self: MD5PasswordHasher, password: str, salt: str) -> str:
        done.append(password)
        return plain(self, password, salt)

    with monkeypatch.context() as patch:
        patch.setattr(MD5PasswordHasher, "encode", encode)
        yield done


@pytest.mark.parametrize("step", ["log in", "sign up"])
def test_as_many_hashes(world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    counts = []
    for email in (KNOWN, UNKNOWN):
        with counted(monkeypatch) as done:
            if step == "log in":
                log_in(Client(), email, "wrong-Password-1")
            else:
                sign_up(Client(), email)
        counts.append(len(done))
    assert counts[0] == counts[1] == 1


def test_step_one_asks_the_database_nothing_about_the_address(world: World) -> None:
    asked = []
    for email in (KNOWN, UNKNOWN):
        client = Client()
        with CaptureQueriesContext(connection, ) as queries:
            client.post("/account/login/", {"email": email})
        asked.append(len(queries))
        assert not any(email in query["sql"] and "user" in query["sql"].lower() for query in queries)
    assert asked[0] == asked[1]


def test_one_mail_each_for_sign_up_and_reset(world: World) -> None:
    for email in (KNOWN, UNKNOWN):
        Client().post("/account/password/reset/", {"email": email})
        assert Delivery.objects.filter(address=email).count() == 1
    sign_up(Client(), KNOWN)
    sign_up(Client(), "other@northfield.example.edu")
    assert Delivery.objects.filter(address=KNOWN).count() == 2
    assert Delivery.objects.filter(address="other@northfield.example.edu").count() == 1
