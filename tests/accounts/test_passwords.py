"""The password rules, alone and where they are asked."""

from __future__ import annotations

import pytest
from django.test import Client

from safeconduct.accounts.passwords import NIST, PORTAL, missed, runs
from safeconduct.orgs.models import Organisation
from tests.accounts.steps import enter_number, sign_up
from tests.conftest import World


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("Orchard-lane-42", []),
        ("Orch-ard42", []),
        ("Orch-ard4", ["length"]),
        ("Orchard-lane", ["digit"]),
        ("Orchardlane42", ["symbol"]),
        ("ORCHARD-LANE-42", ["lower"]),
        ("orchard-lane-42", ["upper"]),
        ("My-brandt-4222", ["name"]),
        ("my-BRAN-4222-X", ["name"]),
        ("May-May-bra-421", []),
        ("Ünïcode-höuse-٤٢", []),
    ],
)
def test_the_portals_list(password: str, codes: list[str]) -> None:
    assert [rule.code for rule in missed(password, PORTAL, ["maya.brandt"])] == codes


def test_nist_wants_length_and_nothing_of_composition() -> None:
    assert missed("quiet harbour at dawn", NIST, ["maya.brandt"]) == []
    assert [rule.code for rule in missed("Orchard-lane42", NIST, [])] == ["length"]


def test_runs_are_of_letters_and_digits_within_one_part() -> None:
    assert runs("bob.okafor-7") == {"okaf", "kafo", "afor"}
    assert runs("al.bo") == set()


def test_sign_up_shows_and_holds_the_list(world: World) -> None:
    page = Client().get("/account/signup/").content.decode()
    for text in (
        "At least 10 characters", "At least 1 number", "At least 1 symbol", "At least 1 lower-case letter",
        "At least 1 upper-case letter", "No part of your user name", "Not a common password",
    ):
        assert text in page
    answer = sign_up(Client(), "maya@northfield.example.edu", "Hello-maya-1234")
    assert "No part of your user name" in str(answer.context["form"].errors["password1"])
    answer = sign_up(Client(), "maya@northfield.example.edu", password2="Orchard-lane-43")
    assert "The two passwords differ" in str(answer.context["form"].errors["password2"])
    answer = sign_up(Client(), "maya@northfield.example.edu", "P@ssw0rd123")
    assert answer.status_code in (200, 302)
    answer = sign_up(Client(), "maya@northfield.example.edu", "password")
    assert "too common" in str(answer.context["form"].errors["password1"])


def test_the_organisations_preset_holds_by_number_by_domain_and_for_members(world: World) -> None:
    Organisation.objects.filter(pk=world.northfield.pk).update(password_rule="nist")
    by_number = Client()
    enter_number(by_number, "NFU-26-004417")
    page = by_number.get("/account/signup/").content.decode()
    assert "At least 15 characters" in page
    assert "upper-case" not in page
    assert sign_up(by_number, "new@northfield.example.edu", "a quiet harbour at dawn").status_code == 302
    by_domain = sign_up(Client(), "other@northfield.example.edu", "a quiet harbour at dawn")
    assert by_domain.status_code == 302
    elsewhere = sign_up(Client(), "other@southgate.example.edu", "a quiet harbour at dawn")
    assert elsewhere.status_code == 200
    member = Client()
    member.force_login(world.bob)
    assert "At least 15 characters" in member.get("/account/password/change/").content.decode()


def test_the_given_name_counts(world: World) -> None:
    client = Client()
    client.force_login(world.charlie)
    page = client.post(
        "/account/password/change/",
        {"oldpassword": "Correct-horse-7", "password1": "xx-Charlie-774", "password2": "xx-Charlie-774"},
    )
    assert "No part of your user name" in str(page.context["form"].errors["password1"])
