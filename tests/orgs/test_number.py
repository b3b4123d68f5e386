"""Membership services: the number, its ten tries, cookies, the old portal's address."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from safeconduct.lib import clock
from safeconduct.orgs.models import Membership, MembershipNumber, Organisation, Programme
from tests.conftest import World

RIGHT = "NFU-26-004417"


def errors_of(answer) -> list[str]:
    return [str(error) for error in answer.context["form"].errors["membnum"]]


def test_unknown_ended_and_closed_numbers_get_the_same_words(world: World) -> None:
    programme = Programme.objects.for_org(world.northfield)[0]
    day = clock.today()
    rows = {
        "ENDED-1": {"valid_from": day - timedelta(days=9), "valid_until": day - timedelta(days=1)},
        "LATER-1": {"valid_from": day + timedelta(days=1)},
        "OFF-1": {"valid_from": day, "is_active": False},
    }
    for number, fields in rows.items():
        MembershipNumber.objects.create(organisation=world.northfield, programme=programme, number=number, **fields)
    Organisation.objects.filter(pk=world.southgate.pk).update(is_active=False)
    answers = [Client().post("/membership/", {"membnum": number}) for number in ("NO-SUCH", "SGC-26-000009", *rows)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({tuple(errors_of(answer)) for answer in answers}) == 1


@pytest.mark.parametrize("number", [RIGHT, "nfu-26-004417", "  nFu-26-004417 "])
def test_capitals_and_blanks_do_not_matter(world: World, number: str) -> None:
    assert Client().post("/membership/", {"membnum": number}).headers["Location"] == "/account/login/"


def test_an_empty_or_endless_number_is_refused_and_costs_nothing(world: World) -> None:
    client = Client()
    for number in ("", "x" * 300):
        for _turn in range(11):
            assert client.post("/membership/", {"membnum": number}).status_code == 200
    assert client.post("/membership/", {"membnum": RIGHT}).status_code == 302


def test_ten_wrong_tries_an_hour_and_network(world: World) -> None:
    """Rows count: neither another browser, nor an emptied cache, nor the right number helps."""
    for turn in range(10):
        assert Client().post("/membership/", {"membnum": f"WRONG-{turn}"}).status_code == 200
        cache.clear()
    answer = Client().post("/membership/", {"membnum": RIGHT})
    assert answer.status_code == 429
    assert "too many tries" in answer.content.decode()
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert Client(REMOTE_ADDR="203.0.113.7").post("/membership/", {"membnum": RIGHT}).status_code == 302
    with clock.held_at(clock.now() + timedelta(minutes=61)):
        assert Client().post("/membership/", {"membnum": RIGHT}).status_code == 302


def test_right_numbers_are_not_counted(world: World) -> None:
    member = Client()
    member.force_login(world.bob)
    for _turn in range(12):
        assert Client().post("/membership/", {"membnum": RIGHT}).status_code == 302
        assert member.post("/associate/", {"membnum": RIGHT}).status_code == 302


def test_addresses_of_one_ipv6_network_count_together(world: World) -> None:
    for turn in range(10):
        Client(REMOTE_ADDR=f"2001:db8:1:2::{turn}").post("/membership/", {"membnum": "WRONG"})
    assert Client(REMOTE_ADDR="2001:db8:1:2:ffff::1").post("/membership/", {"membnum": RIGHT}).status_code == 429
    assert Client(REMOTE_ADDR="2001:db8:1:3::1").post("/membership/", {"membnum": RIGHT}).status_code == 302
    for _turn in range(10):
        Client(REMOTE_ADDR="::ffff:198.51.100.1").post("/membership/", {"membnum": "WRONG"})
    assert Client(REMOTE_ADDR="198.51.100.1").post("/membership/", {"membnum": RIGHT}).status_code == 429
    assert Client(REMOTE_ADDR="::ffff:198.51.100.2").post("/membership/", {"membnum": RIGHT}).status_code == 302


def test_the_forwarded_address_counts_only_from_a_trusted_proxy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for turn in range(10):
        Client(headers={"X-Forwarded-For": f"198.51.100.{turn}"}).post("/membership/", {"membnum": "WRONG"})
    assert Client(headers={"X-Forwarded-For": "198.51.100.99"}).post("/membership/", {"membnum": RIGHT}).status_code == 429
    monkeypatch.setattr(settings, "ALLAUTH_TRUSTED_PROXY_COUNT", 1)
    assert Client(headers={"X-Forwarded-For": "198.51.100.99"}).post("/membership/", {"membnum": RIGHT}).status_code == 302


def test_the_cookie_round_trip(world: World) -> None:
    client = Client()
    first = client.get("/membership/?membnum=NFU-26-004417")
    assert first.headers["Location"] == "/membership/?membnum=NFU-26-004417&cookies=set"
    assert settings.CSRF_COOKIE_NAME in first.cookies
    page = client.get(first.headers["Location"])
    assert page.status_code == 200
    assert 'value="NFU-26-004417"' in page.content.decode()
    without = Client().get(first.headers["Location"])
    assert without.status_code == 403
    assert "Cookies must be enabled" in without.content.decode()
    assert "/membership/?membnum=NFU-26-004417" in without.content.decode()


def test_a_form_without_any_cookie_says_so(world: World) -> None:
    answer = Client(enforce_csrf_checks=True).post("/membership/", {"membnum": RIGHT})
    assert answer.status_code == 403
    assert "Cookies must be enabled" in answer.content.decode()


def test_the_old_address_leads_here_until_its_day(world: World) -> None:
    day = clock.today() + timedelta(days=30)
    Organisation.objects.filter(pk=world.northfield.pk).update(old_address_until=day)
    for path in ("/MasterPortal/default.aspx", "/masterportal/Default.aspx"):
        client = Client()
        answer = client.get(f"{path}?membnum=nfu-26-004417", follow=True)
        assert answer.redirect_chain[-1][0] == "/membership/?membnum=nfu-26-004417"
        text = answer.content.decode()
        assert "came by the old portal address" in text
        assert f'datetime="{day.isoformat()}"' in text
        assert 'value="nfu-26-004417"' in text
    direct = Client().get("/membership/?membnum=nfu-26-004417", follow=True).content.decode()
    assert f'datetime="{day.isoformat()}"' in direct


def test_the_start_page_with_a_number_leads_to_the_same_place(world: World) -> None:
    answer = Client().get("/?membnum=nfu-26-004417", follow=True)
    assert answer.redirect_chain[0][0] == "/membership/?membnum=nfu-26-004417"
    assert 'value="nfu-26-004417"' in answer.content.decode()
    member = Client()
    member.force_login(world.bob)
    assert 'value="sgc-26-000009"' in member.get("/?membnum=sgc-26-000009", follow=True).content.decode()


def test_after_its_day_the_old_address_points_to_the_new_place(world: World) -> None:
    Organisation.objects.update(old_address_until=clock.today() - timedelta(days=1))
    answer = Client().get("/MasterPortal/default.aspx?membnum=NFU-26-004417")
    assert answer.status_code == 410
    assert "/membership/?membnum=NFU-26-004417" in answer.content.decode()
    Organisation.objects.update(old_address_until=None)
    assert Client().get("/MasterPortal/default.aspx").status_code == 410


def test_the_old_address_is_no_way_to_try_numbers(world: World) -> None:
    later, sooner = clock.today() + timedelta(days=90), clock.today() + timedelta(days=30)
    Organisation.objects.filter(pk=world.northfield.pk).update(old_address_until=sooner)
    Organisation.objects.filter(pk=world.southgate.pk).update(old_address_until=later)
    for turn in range(10):
        Client().get(f"/MasterPortal/default.aspx?membnum=WRONG-{turn}")
    page = Client().get(f"/MasterPortal/default.aspx?membnum={RIGHT}", follow=True).content.decode()
    assert f'datetime="{later.isoformat()}"' in page, "after ten tries nothing is looked up"


def test_associate_wrong_domain_and_unknown_number_read_alike(world: World) -> None:
    client = Client()
    client.force_login(world.charlie)
    answers = [client.post("/associate/", {"membnum": number}) for number in (RIGHT, "NO-SUCH")]
    assert errors_of(answers[0]) == errors_of(answers[1]) == errors_of(Client().post("/membership/", {"membnum": "NO"}))
    assert not Membership.objects.of_user(world.charlie).exists()


def test_associate_has_ten_tries_too(world: World) -> None:
    client = Client()
    client.force_login(world.charlie)
    for _turn in range(10):
        client.post("/associate/", {"membnum": "WRONG"})
    assert client.post("/associate/", {"membnum": RIGHT}).status_code == 429


def test_several_organisations_may_admit_one_domain_and_the_number_decides(world: World) -> None:
    from safeconduct.orgs.actions import add_domain

    add_domain(world.southgate, by=world.olga, domain="northfield.example.edu")
    client = Client()
    client.force_login(world.bob)
    client.post("/associate/", {"membnum": "sgc-26-000009"})
    assert {row.organisation_id for row in Membership.objects.of_user(world.bob)} == {
        world.northfield.pk, world.southgate.pk,
    }
    home = client.get("/").content.decode()
    assert "Southgate" in home
    assert client.get("/switch/").status_code == 405
    own = Membership.objects.of_user(world.bob).get(organisation=world.northfield)
    assert client.post("/switch/", {"membership": own.public_id}).headers["Location"] == "/"
    assert "Northfield University" in client.get("/account/").content.decode()


def test_switching_to_somebody_elses_membership_is_404(world: World) -> None:
    client = Client()
    client.force_login(world.bob)
    danas = Membership.objects.of_user(world.dana)[0]
    assert client.post("/switch/", {"membership": danas.public_id}).status_code == 404
    for odd in ("", "\0", "x" * 300):
        assert client.post("/switch/", {"membership": odd}).status_code == 404


def test_a_membership_that_was_ended_is_not_taken_up_again_by_number(world: World) -> None:
    from safeconduct.orgs.access import seat_for
    from safeconduct.orgs.actions import end_membership

    row = end_membership(Membership.objects.of_user(world.bob)[0], by=world.alice)
    client = Client()
    client.force_login(world.bob)
    assert "has ended" in errors_of(client.post("/associate/", {"membnum": RIGHT}))[0]
    seat = seat_for(world.bob, row)
    assert not seat.is_current
    assert seat.may("trips.own")
    assert client.get("/").status_code == 200
