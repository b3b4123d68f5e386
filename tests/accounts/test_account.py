"""The own account: details, export, erase; and what is counted and forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from safeconduct.accounts import actions, hooks, jobs, limits
from safeconduct.accounts.models import Tries, User
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.models import Membership, RoleGrant
from safeconduct.orgs.permissions import MANAGER
from safeconduct.outbox.models import Delivery
from tests.accounts.steps import log_in, mails, prove, sign_up
from tests.conftest import PASSWORD, World, join, make_organisation, make_user


def test_details_are_changed(world: World) -> None:
    client = Client()
    log_in(client, world.bob.email, PASSWORD)
    page = client.get("/account/").content.decode()
    assert "Northfield University" in page
    assert "NFU-26-004417" in page
    # Whoever looks for theirs may not read the page's.
    for name in ("English", "Deutsch", "Français", "العربيّة"):
        assert f">{name}</option>" in page
    fields = {"given_name": "Robert", "family_name": "Okafor", "language": "de", "zone": "europe/berlin"}
    assert client.post("/account/", fields).headers["Location"] == "/account/"
    bob = User.objects.get(pk=world.bob.pk)
    assert (bob.given_name, bob.language, bob.zone) == ("Robert", "de", "Europe/Berlin")
    wrong = client.post("/account/", {**fields, "zone": "Mars/Olympus", "given_name": "x" * 300})
    assert wrong.status_code == 200
    assert set(wrong.context["form"].errors) == {"zone", "given_name"}


def test_export_holds_every_rooms_rows_of_this_person_only(world: World) -> None:
    client = Client()
    log_in(client, world.bob.email, PASSWORD)
    assert "reauthenticate" in client.post("/account/your-data/export/").headers["Location"]
    prove(client, PASSWORD)
    answer = client.post("/account/your-data/export/")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    data = answer.json()
    assert data["accounts"]["email"] == world.bob.email
    assert data["orgs"]["memberships"][0]["organisation"] == "Northfield University"
    assert "alice" not in answer.content.decode()


def test_erasing_takes_a_proof_and_a_tick_and_leaves_nothing(world: World) -> None:
    stale = Client()
    stale.force_login(world.bob)
    assert "reauthenticate" in stale.post("/account/your-data/delete/", {"sure": "on"}).headers["Location"]
    Client().post("/account/password/reset/", {"email": world.bob.email})
    assert mails(world.bob.email) == ["account.reset"]
    client = Client()
    log_in(client, world.bob.email, PASSWORD)
    prove(client, PASSWORD)
    assert client.get("/account/your-data/delete/").status_code == 200
    assert client.post("/account/your-data/delete/", {}).status_code == 200
    assert User.objects.filter(pk=world.bob.pk).exists()
    assert client.post("/account/your-data/delete/", {"sure": "on"}).headers["Location"] == "/"
    assert not User.objects.filter(pk=world.bob.pk).exists()
    assert not Membership.objects.of_user(world.bob).exists()
    assert mails("bob@northfield.example.edu") == ["account.erased"]
    [kept] = Delivery.objects.exclude(address="bob@northfield.example.edu")
    assert (kept.state, kept.slots) == ("cancelled", {})


def test_the_last_manager_and_the_last_operator_stay(world: World) -> None:
    for person in (world.alice, world.olga):
        with pytest.raises(Refused):
            actions.erase_user(person, by=person)
        assert User.objects.filter(pk=person.pk).exists()
    assert RoleGrant.objects.of_user(world.alice).exists()


def test_an_account_that_nobody_has_confirmed_gets_no_role_at_the_desk(world: World) -> None:
    """A stranger could open it beforehand, with a password of their own, and wait for the role."""
    address = "boss@northfield.example.edu"
    sign_up(Client(), address)
    opened = User.objects.get(email=address)
    with pytest.raises(Refused) as refusal:
        actions.grant_desk_role(opened, "operator", by=world.olga)
    assert refusal.value.code == "email.unconfirmed"
    assert actions.grant_desk_role(world.charlie, "operator", by=world.olga).is_operator


def test_every_model_that_names_a_person_belongs_to_a_room_that_exports_and_erases() -> None:
    covered = {name.lower() for provider in hooks.personal_data.all() for name in provider.models}
    own = [model for model in apps.get_models() if model.__module__.startswith("safeconduct.")]
    naming = {
        model._meta.label_lower
        for model in own
        for field in model._meta.get_fields()
        if field.concrete and (field.related_model is User or getattr(field, "name", "") in ("user", "email"))
        # Who entered or sent something: emptied when they leave (the next test), not theirs to take along.
        and field.name not in ("invited_by", "imported_by", "used_by", "user_name")
    }
    # The log-in of the mail server is no person.
    naming -= {"outbox.mailsettings"}
    assert len(naming) >= 12
    assert naming <= covered | {"orgs.invitation"}


def test_erasing_a_person_reaches_every_row_that_names_them() -> None:
    """Whatever room: a key to a person cascades or is emptied, so that no row keeps somebody who has left."""
    keeps = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.fields
        if field.is_relation and field.related_model is User
        and field.remote_field.on_delete.__name__ not in {"CASCADE", "SET_NULL"}
    }
    assert keeps == set()


def test_tries_are_counted_in_a_sliding_window(db: None) -> None:
    limit = limits.Limit("thing", 2, timedelta(minutes=10))
    first, second = limits.take(limit, "a"), limits.take(limit, "A")
    assert first.is_allowed
    assert second.is_allowed
    third = limits.take(limit, "a")
    assert not third.is_allowed
    assert timedelta(0) < third.retry_after <= timedelta(minutes=10)
    assert limits.take(limit, "b").is_allowed
    limits.give_back(second)
    assert limits.take(limit, "a").is_allowed
    with clock.held_at(clock.now() + timedelta(minutes=11)):
        assert limits.take(limit, "a").is_allowed
        assert jobs.run_due() == 1, "the other source's row is forgotten"
    assert "a" not in " ".join(Tries.objects.values_list("key", flat=True)).split(":")


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time anyway")
def test_of_two_who_leave_at_once_one_stays(django_db_setup: None) -> None:
    """Both operators, and both managers, erase their accounts in the same instant, twenty times."""
    for turn in range(20):
        domain = f"d{turn}.example.edu"
        _organisation, programme = make_organisation(f"House {turn}", domain, f"HOUSE-{turn}")
        people = [make_user(f"{name}@{domain}", "A", "B", desk_role="operator") for name in "xy"]
        for person in people:
            join(person, programme, role=MANAGER)
        start = Barrier(2)

        def leave(person: User, start: Barrier = start) -> str:
            start.wait()
            try:
                actions.erase_user(person, by=person)
            except Refused as refusal:
                return refusal.code
            finally:
                connection.close()
            return "gone"

        with ThreadPoolExecutor(2) as pool:
            ends = sorted(pool.map(leave, people))
        assert ends == ["gone", "operator.last"], turn
        User.objects.filter(pk__in=[person.pk for person in people]).update(desk_role="")
