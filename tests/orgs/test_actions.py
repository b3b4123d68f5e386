"""Organisations, programmes, numbers, roles, branding: what is done and what is refused."""

from __future__ import annotations

import re
import struct
import zlib
from datetime import date, timedelta

import pytest
from django.test import Client

from safeconduct.audit.models import Entry
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs import actions
from safeconduct.orgs.access import seat_for
from safeconduct.orgs.logos import media_type
from safeconduct.orgs.models import Membership, Programme, RoleGrant
from tests.conftest import World, join

JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", 40, 60) + b"\0" * 20


def png(width: int = 8, height: int = 8) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def test_a_new_organisation_with_all_that_lets_people_in(world: World) -> None:
    row = actions.create_organisation("Eastfield", by=world.olga, hue=20, zone="Europe/Berlin", logo=png())
    programme = actions.add_programme(row, by=world.olga, name="Global")
    number = actions.add_number(programme, by=world.olga, number=" EF/26 001 ")
    actions.add_domain(row, by=world.olga, domain="eastfield.example.edu")
    assert number.number == "EF/26 001"
    assert Client().post("/membership/", {"membnum": "ef/26 001"}).status_code == 302
    done = Entry.objects.filter(organisation_id=row.pk).values_list("action", flat=True)
    assert set(done) == {"organisation.created", "programme.added", "number.added", "domain.added"}
    assert set(Entry.objects.filter(organisation_id=row.pk).values_list("actor_id", flat=True)) == {world.olga.pk}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "  "}, "organisation.name"),
        ({"name": "x" * 201}, "organisation.name"),
        ({"hue": 361}, "organisation.colour"),
        ({"chroma": "0.2"}, "organisation.colour"),
        ({"zone": "Mars/Olympus"}, "organisation.zone"),
        ({"logo": b"<svg onload=alert(1)>"}, "logo.type"),
    ],
)
def test_what_an_organisation_cannot_be(db: None, fields: dict, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        actions.create_organisation(**{"name": "Eastfield", "by": None, **fields})
    assert refusal.value.code == code


def test_logos_are_small_pngs_and_jpegs() -> None:
    assert media_type(png()) == "image/png"
    assert media_type(JPEG) == "image/jpeg"
    for bad, code in ((png(5000, 10), "logo.large"), (png() + b"x" * 300_000, "logo.large"), (b"GIF89a", "logo.type"), (b"", "logo.type")):
        with pytest.raises(Refused) as refusal:
            media_type(bad)
        assert refusal.value.code == code


def test_editing_names_the_fields_and_refuses_others(world: World) -> None:
    actions.edit_organisation(world.northfield, by=world.olga, hue=99, old_address_until=date(2027, 1, 29))
    entry = Entry.objects.get(action="organisation.edited")
    assert entry.detail == {"fields": ["hue", "old_address_until"]}
    with pytest.raises(TypeError):
        actions.edit_organisation(world.northfield, by=world.olga, public_id="x")


def test_numbers_are_unique_whatever_their_capitals_and_organisation(world: World) -> None:
    programme = Programme.objects.for_org(world.northfield)[0]
    with pytest.raises(Refused) as refusal:
        actions.add_number(programme, by=world.olga, number="sgc-26-000009")
    assert refusal.value.code == "number.taken"
    for bad in ("", "x", "a" * 65, "NFU<script>"):
        with pytest.raises(Refused):
            actions.add_number(programme, by=world.olga, number=bad)
    with pytest.raises(Refused):
        actions.add_number(programme, by=world.olga, number="N-1", valid_until=date(1999, 1, 1))


def test_the_last_manager_stays(world: World) -> None:
    alices = Membership.objects.of_user(world.alice)[0]
    for verb in (
        lambda: actions.revoke_role(alices, by=world.alice, role="manager"),
        lambda: actions.end_membership(alices, by=world.alice),
        lambda: actions.end_membership(alices, by=world.alice, last_day=clock.today() + timedelta(days=1)),
    ):
        with pytest.raises(Refused) as refusal:
            verb()
        assert refusal.value.code == "manager.last"
    bobs = Membership.objects.of_user(world.bob)[0]
    actions.grant_role(bobs, by=world.alice, role="manager")
    actions.grant_role(bobs, by=world.alice, role="manager")
    assert RoleGrant.objects.of_user(world.bob).count() == 1
    actions.revoke_role(alices, by=world.bob, role="manager")
    assert not RoleGrant.objects.of_user(world.alice).exists()
    with pytest.raises(Refused):
        actions.revoke_role(bobs, by=world.bob, role="manager")


def test_a_manager_whose_membership_has_ended_is_none(world: World) -> None:
    bobs = Membership.objects.of_user(world.bob)[0]
    actions.grant_role(bobs, by=world.alice, role="manager")
    actions.end_membership(bobs, by=world.alice)
    with pytest.raises(Refused):
        actions.end_membership(Membership.objects.of_user(world.alice)[0], by=world.alice)
    with pytest.raises(Refused):
        actions.grant_role(bobs, by=world.alice, role="manager")


def test_who_comes_back_begins_as_a_plain_member(world: World) -> None:
    """A manager was let go; a later invitation, or the number of another programme, must not restore the role."""
    bobs = Membership.objects.of_user(world.bob)[0]
    actions.grant_role(bobs, by=world.alice, role="manager")
    actions.end_membership(bobs, by=world.alice)
    invitation = actions.invite(bobs.programme, by=world.alice, email=world.bob.email)
    back = actions.accept_invitation(invitation, by=world.bob)
    assert back.is_current_on(clock.today())
    assert not world.seat(world.bob).may("trips.view")
    actions.grant_role(back, by=world.alice, role="manager")
    actions.end_membership(back, by=world.alice)
    staff = actions.add_programme(world.northfield, by=world.olga, name="Staff")
    actions.add_number(staff, by=world.olga, number="NFU-STAFF-1")
    again = actions.associate(world.bob, "nfu-staff-1")
    assert not seat_for(world.bob, again).may("trips.view")


def test_unknown_roles_are_refused(world: World) -> None:
    with pytest.raises(Refused):
        actions.grant_role(Membership.objects.of_user(world.bob)[0], by=world.alice, role="emperor")


def test_a_membership_ends_on_a_day_to_come(world: World) -> None:
    day = clock.today() + timedelta(days=3)
    row = actions.end_membership(Membership.objects.of_user(world.bob)[0], by=world.alice, last_day=day)
    assert row.is_current_on(day)
    assert not row.is_current_on(day + timedelta(days=1))


def test_who_joined_and_left_on_one_day_was_a_member_for_that_day(world: World) -> None:
    programme = Programme.objects.for_org(world.northfield)[0]
    Membership.objects.of_user(world.bob).update(starts_on=clock.today())
    row = Membership.objects.of_user(world.bob).get(programme=programme)
    assert row.last_day is None
    actions.end_membership(row, by=world.alice)
    # The way in is shut at once all the same.
    assert not row.is_current_on(clock.today())
    assert row.last_day == row.starts_on == clock.today()
    client = Client()
    client.force_login(world.bob)
    shown = re.sub(r"<[^>]+>", "", client.get("/").content.decode())
    days = re.search(r"([A-Z][a-z]+ \d+ \w+ \d{4}) to (\w+ \d+ \w+ \d{4})", shown)
    assert days is not None and days[1] == days[2]


def test_joining_needs_one_organisation(world: World) -> None:
    from safeconduct.lib.errors import NotFound
    from safeconduct.orgs.actions.people import join as join_programme
    from safeconduct.orgs.models import MembershipNumber

    programme = Programme.objects.for_org(world.northfield)[0]
    foreign = MembershipNumber.objects.for_org(world.southgate)[0]
    with pytest.raises(NotFound):
        join_programme(world.charlie, programme, number=foreign, by=world.charlie)


def test_brand_and_logo_are_public_and_cacheable(world: World) -> None:
    actions.edit_organisation(world.northfield, by=world.olga, hue=12)
    actions.set_logo(world.northfield, png(), by=world.olga)
    client = Client()
    css = client.get(f"/branding/{world.northfield.public_id}.css")
    assert css.headers["Content-Type"].startswith("text/css")
    assert "--hue:12;--chroma:0.075" in css.content.decode()
    assert "max-age" in css.headers["Cache-Control"]
    again = client.get(f"/branding/{world.northfield.public_id}.css", headers={"If-None-Match": css.headers["ETag"]})
    assert again.status_code == 304
    logo = client.get(f"/branding/{world.northfield.public_id}/logo")
    assert logo.headers["Content-Type"] == "image/png"
    assert "sandbox" in logo.headers["Content-Security-Policy"]
    assert client.get(f"/branding/{world.southgate.public_id}/logo").status_code == 404
    assert client.get("/branding/nobody.css").status_code == 404


def test_two_memberships_and_one_ends(world: World) -> None:
    other = actions.add_programme(world.northfield, by=world.olga, name="Staff")
    join(world.alice, other)
    first = Membership.objects.of_user(world.alice).exclude(programme=other)[0]
    actions.end_membership(first, by=world.alice)
    assert not first.is_current_on(clock.today())
