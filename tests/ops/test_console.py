"""The organisation console: a manager's own people and trips, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from safeconduct.accounts.models import User
from safeconduct.audit.models import Entry
from safeconduct.lib import clock
from safeconduct.orgs.models import Invitation, Membership, PeopleImport, Programme, RoleGrant
from safeconduct.places.queries import resolve
from safeconduct.trips.actions import register_trip
from safeconduct.trips.drafts import StopDraft
from safeconduct.trips.models import Trip
from tests.conftest import World, join, make_user

ClientOf = Callable[[User | None], Client]
PAGES = [
    "",
    "?on=2026-12-24",
    "?on=rubbish",
    "people/",
    "people/?q=bob&role=manager",
    "invitations/",
    "invitations/import/template.csv",
    "trips/",
    "trips/?state=under_way&q=x",
    "settings/",
]


def a_trip(world: World, user: User, title: str) -> Trip:
    place = resolve("Munich")
    now = timezone.make_naive(clock.now(), timezone.get_fixed_timezone(60))
    stop = StopDraft(place=place, arrive=now - timedelta(days=1), depart=now + timedelta(days=2))
    return register_trip(world.seat(user), title=title, stops=[stop], by=user)


def membership(user: User) -> Membership:
    return Membership.objects.of_user(user).get()


@pytest.mark.parametrize("page", PAGES)
def test_console_pages_are_the_managers_alone(world: World, client_of: ClientOf, page: str) -> None:
    assert client_of(world.alice).get(f"/manage/{page}").status_code == 200
    for person in (world.bob, world.charlie, world.olga):
        assert client_of(person).get(f"/manage/{page}").status_code == 404
    assert client_of(None).get(f"/manage/{page}").status_code == 302


def test_a_manager_sees_who_is_where_and_the_look_at_a_trip_is_written_down(
    world: World, client_of: ClientOf
) -> None:
    trip = a_trip(world, world.bob, "Archive in Munich")
    alice, dana = client_of(world.alice), client_of(world.dana)
    page = alice.get("/manage/").content.decode()
    assert "1 person travelling" in page
    assert "Archive in Munich" in page
    assert "Archive" in alice.get("/manage/trips/?q=bob").content.decode()
    assert "Munich" in alice.get(f"/manage/trips/{trip.public_id}/").content.decode()
    assert Entry.objects.filter(action="trip.looked_at", actor_id=world.alice.pk).count() == 1
    assert "Archive" not in dana.get("/manage/").content.decode()
    assert dana.get(f"/manage/trips/{trip.public_id}/").status_code == 404


def test_people_get_and_lose_the_managers_role(world: World, client_of: ClientOf) -> None:
    alice, bob = client_of(world.alice), membership(world.bob)
    page = f"/manage/people/{bob.public_id}/"
    assert alice.get(page).status_code == 200
    alice.post(f"{page}role/", {"do": "grant"})
    assert RoleGrant.objects.for_org(world.northfield).filter(user=world.bob).exists()
    alice.post(f"{page}role/", {"do": "revoke"})
    assert not RoleGrant.objects.for_org(world.northfield).filter(user=world.bob).exists()
    # The last manager stays one.
    own = membership(world.alice)
    assert client_of(world.alice).post(
        f"/manage/people/{own.public_id}/role/", {"do": "revoke"}
    ).status_code in (403, 409)
    assert client_of(world.dana).post(f"{page}role/", {"do": "grant"}).status_code == 404


def test_a_membership_ends_at_once_or_on_a_day(world: World, client_of: ClientOf) -> None:
    alice, bob = client_of(world.alice), membership(world.bob)
    page = f"/manage/people/{bob.public_id}/end/"
    alice.post(page, {"last_day": "2030-01-31"})
    assert str(membership(world.bob).ends_on) == "2030-01-31"
    alice.post(page, {"last_day": "rubbish"})
    assert str(membership(world.bob).ends_on) == "2030-01-31"
    assert client_of(world.dana).post(page, {}).status_code == 404
    alice.post(page, {})
    assert not membership(world.bob).is_current_on(clock.today())
    assert "Ended" in alice.get("/manage/people/?q=bob").content.decode()


def test_people_are_invited_one_by_one_and_by_file(world: World, client_of: ClientOf) -> None:
    alice = client_of(world.alice)
    programme = Programme.objects.for_org(world.northfield).get()
    values = {"programme": programme.pk, "email": "guest@elsewhere.example.org", "role": ""}
    assert alice.post("/manage/invitations/", values).status_code == 302
    twice = alice.post("/manage/invitations/", values).content.decode()
    assert 'href="#id_email"' in twice
    other = Programme.objects.for_org(world.southgate).get()
    assert (
        alice.post(
            "/manage/invitations/", values | {"programme": other.pk, "email": "x@example.org"}
        ).status_code
        == 200
    )
    assert not Invitation.objects.for_org(world.southgate).exists()
    file = SimpleUploadedFile(
        "people.csv", b"email,given_name\none@elsewhere.example.org,One\nnot-an-address,Two\n"
    )
    answer = alice.post("/manage/invitations/import/", {"programme": programme.pk, "file": file})
    shown = alice.get(answer["Location"]).content.decode()
    assert "1 invited, 1 refused" in shown
    assert "not-an-address" in shown
    done = PeopleImport.objects.for_org(world.northfield).get()
    assert client_of(world.dana).get(f"/manage/invitations/import/{done.public_id}/").status_code == 404
    broken = alice.post(
        "/manage/invitations/import/",
        {"programme": programme.pk, "file": SimpleUploadedFile("p.csv", b"name\nx\n")},
    )
    assert 'href="#id_file"' in broken.content.decode()


def test_invitations_are_sent_again_and_withdrawn(world: World, client_of: ClientOf) -> None:
    alice = client_of(world.alice)
    programme = Programme.objects.for_org(world.northfield).get()
    alice.post(
        "/manage/invitations/",
        {"programme": programme.pk, "email": "guest@elsewhere.example.org", "role": ""},
    )
    row = Invitation.objects.for_org(world.northfield).get()
    before = row.token_digest
    for step in ("again", "withdraw"):
        assert client_of(world.dana).post(f"/manage/invitations/{row.public_id}/{step}/").status_code == 404
        assert alice.post(f"/manage/invitations/{row.public_id}/{step}/").status_code == 302
    row.refresh_from_db()
    assert row.token_digest != before
    assert row.withdrawn_at is not None
    assert "Withdrawn" in alice.get("/manage/invitations/").content.decode()


def test_the_list_of_people_does_not_ask_once_a_person(world: World, client_of: ClientOf) -> None:
    alice = client_of(world.alice)
    programme = Programme.objects.for_org(world.northfield).get()
    with CaptureQueriesContext(connection) as few:
        alice.get("/manage/people/")
    for n in range(20):
        join(make_user(f"p{n}@northfield.example.edu", f"P{n}", "X"), programme)
    with CaptureQueriesContext(connection) as many:
        page = alice.get("/manage/people/").content.decode()
    assert page.count("@northfield.example.edu") >= 22
    assert len(many) <= len(few) + 1
