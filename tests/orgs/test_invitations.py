"""Invitations: one press, one use, with the role; and many from a file."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.actions import (
    accept_invitation,
    end_membership,
    import_people_csv,
    invite,
    resend_invitation,
    withdraw_invitation,
)
from safeconduct.orgs.models import Invitation, Membership, Programme, RoleGrant
from tests.accounts.steps import confirm, last_mail, log_in, mails, path_of, sign_up
from tests.conftest import PASSWORD, World

GUEST = "guest@elsewhere.example.org"


def programme_of(world: World) -> Programme:
    return Programme.objects.for_org(world.northfield)[0]


def link_to(email: str) -> str:
    return path_of(last_mail(email, "orgs.invitation").slots["link"])


def test_an_invited_stranger_joins_with_the_role(world: World) -> None:
    invite(programme_of(world), by=world.alice, email="Guest@Elsewhere.example.org", role="manager", given_name="Gia")
    path = link_to(GUEST)
    mail = last_mail(GUEST).message.text
    assert "Northfield University" in mail
    assert re.search(r"^It works until .+\.$", mail, re.MULTILINE)
    assert Client().get(path).status_code == 200
    assert not User.objects.filter(email=GUEST).exists()
    # Without the link the address is like any other outside the domains.
    assert "Use your organisation’s address" in sign_up(Client(), GUEST).content.decode()
    client = Client()
    assert client.post(path).headers["Location"] == "/account/signup/"
    assert f'value="{GUEST}"' in client.get("/account/signup/").content.decode()
    assert "Use your organisation’s address" in sign_up(client, "other@elsewhere.example.org").content.decode()
    assert sign_up(client, GUEST).status_code == 302
    assert confirm(client, GUEST).headers["Location"] == "/"
    guest = User.objects.get(email=GUEST)
    [row] = Membership.objects.of_user(guest)
    assert row.organisation == world.northfield
    assert guest.given_name == "Gia"
    assert RoleGrant.objects.of_user(guest).get().role == "manager"
    used = Client().get(path)
    assert used.status_code == 410
    assert "used already" in used.content.decode()


def test_a_person_with_an_account_accepts_after_log_in(world: World) -> None:
    invite(programme_of(world), by=world.alice, email=world.charlie.email)
    client = Client()
    assert client.post(link_to(world.charlie.email)).headers["Location"] == "/account/login/"
    assert log_in(client, world.charlie.email, PASSWORD).headers["Location"] == "/"
    assert Membership.objects.of_user(world.charlie).count() == 1


def test_a_signed_in_person_accepts_with_one_press(world: World) -> None:
    invite(programme_of(world), by=world.alice, email=world.charlie.email)
    client = Client()
    client.force_login(world.charlie)
    assert client.post(link_to(world.charlie.email)).headers["Location"] == "/"
    assert Membership.objects.of_user(world.charlie).count() == 1


def test_it_waits_on_the_associate_page_and_is_accepted_there(world: World) -> None:
    row = invite(programme_of(world), by=world.alice, email=world.charlie.email)
    client = Client()
    client.force_login(world.charlie)
    assert "invites you to the" in client.get("/associate/").content.decode()
    other = Client()
    other.force_login(world.dana)
    assert other.post(f"/associate/invitation/{row.public_id}/").status_code == 404
    assert client.post(f"/associate/invitation/{row.public_id}/").headers["Location"] == "/"


def test_somebody_else_cannot_use_it(world: World) -> None:
    row = invite(programme_of(world), by=world.alice, email=GUEST)
    client = Client()
    client.force_login(world.charlie)
    page = client.post(link_to(GUEST))
    assert "Log out, then open the link again" in page.content.decode()
    with pytest.raises(Refused):
        accept_invitation(row, by=world.charlie)
    assert not Membership.objects.of_user(world.charlie).exists()


def test_stale_withdrawn_and_made_up_links_are_clear(world: World) -> None:
    row = invite(programme_of(world), by=world.alice, email=GUEST)
    path = link_to(GUEST)
    with clock.held_at(clock.now() + timedelta(days=15)):
        stale = Client().get(path)
        assert stale.status_code == 410
        assert "too old" in stale.content.decode()
    withdraw_invitation(row, by=world.alice)
    gone = Client().post(path)
    assert gone.status_code == 410
    assert "withdrawn" in gone.content.decode()
    assert Client().get("/invitation/made-up/").status_code == 410


def test_sending_again_replaces_the_link(world: World) -> None:
    row = invite(programme_of(world), by=world.alice, email=GUEST)
    old = link_to(GUEST)
    resend_invitation(row, by=world.alice)
    new = link_to(GUEST)
    assert old != new
    assert Client().get(old).status_code == 410
    assert Client().get(new).status_code == 200


def test_a_second_invitation_and_a_member_are_refused(world: World) -> None:
    invite(programme_of(world), by=world.alice, email=GUEST)
    for email, code in ((GUEST, "invitation.waiting"), (world.bob.email, "invitation.member"), ("nobody", "email.invalid")):
        with pytest.raises(Refused) as refusal:
            invite(programme_of(world), by=world.alice, email=email)
        assert refusal.value.code == code
    assert mails(GUEST) == ["orgs.invitation"]


def test_accepting_twice_is_one_membership(world: World) -> None:
    row = invite(programme_of(world), by=world.alice, email=world.charlie.email)
    accept_invitation(row, by=world.charlie)
    with pytest.raises(Refused):
        accept_invitation(row, by=world.charlie)
    assert Membership.objects.of_user(world.charlie).count() == 1


def test_who_left_may_be_invited_back(world: World) -> None:
    end_membership(Membership.objects.of_user(world.bob)[0], by=world.alice)
    row = invite(programme_of(world), by=world.alice, email=world.bob.email, role="member")
    membership = accept_invitation(row, by=world.bob)
    assert membership.is_current_on(clock.today())


def test_the_link_is_stored_as_a_digest_only(world: World) -> None:
    row = invite(programme_of(world), by=world.alice, email=GUEST)
    secret = link_to(GUEST).rsplit("/", 2)[1]
    assert secret not in str(Invitation.objects.for_org(world.northfield).filter(pk=row.pk).values())


CSV = """E-mail;First name;Last name;role
ann@elsewhere.example.org;Ann;Lee;Member
not-an-address;X;Y;

bob@northfield.example.edu;Bob;Okafor;
ann@elsewhere.example.org;Ann;Lee;
zoë@elsewhere.example.org;Zoë;Ø;
mia@elsewhere.example.org;Mia;Lund;manager
"""


def test_a_file_invites_whom_it_can_and_keeps_the_rest_with_reasons(world: World) -> None:
    outcome = import_people_csv(programme_of(world), CSV.encode(), by=world.alice, file_name="people.csv")
    assert [(row["line"], row["code"]) for row in outcome.problems] == [
        (3, "email.invalid"), (5, "invitation.member"), (6, "invitation.waiting"), (7, "email.invalid"),
        (8, "role.file"),
    ]
    assert outcome.invited == 1
    row = Invitation.objects.for_org(world.northfield).get()
    assert (row.email, row.given_name, row.role) == ("ann@elsewhere.example.org", "Ann", "")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "csv.header"),
        (b"name,phone\nx,y\n", "csv.header"),
        (b"PK\x03\x04\0\0binary", "csv.unreadable"),
        (b"email\n" + b"x" * (1024 * 1024), "csv.large"),
        (b"email\n" + b"".join(b"a%d@example.org\n" % n for n in range(2001)), "csv.rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(world: World, data: bytes, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        import_people_csv(programme_of(world), data, by=world.alice)
    assert refusal.value.code == code
    assert not Invitation.objects.for_org(world.northfield).exists()
