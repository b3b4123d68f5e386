"""Mail domains: spelling, subdomains, and those that prove nothing."""

from __future__ import annotations

import pytest

from safeconduct.lib.errors import Refused
from safeconduct.orgs.actions import add_domain, remove_domain
from safeconduct.orgs.domains import admits, domain_of, public_mail_domains, spelled, with_parents
from safeconduct.orgs.models import Domain
from safeconduct.orgs.routing import admitting_domains
from tests.conftest import World


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Example.EDU", "example.edu"),
        (" @example.edu. ", "example.edu"),
        ("Universität.example", "xn--universitt-y5a.example"),
        ("xn--universitt-y5a.example", "xn--universitt-y5a.example"),
    ],
)
def test_one_spelling(written: str, name: str) -> None:
    assert spelled(written) == name


@pytest.mark.parametrize("written", ["", "edu", "a b.edu", "-x.edu", "10.0.0.1", "x" * 300 + ".edu", "ex_ample.edu", "a..b"])
def test_what_is_no_domain(written: str) -> None:
    with pytest.raises(Refused) as refusal:
        spelled(written)
    assert refusal.value.code == "domain.invalid"


def test_addresses() -> None:
    assert domain_of("Bob@Example.EDU") == "example.edu"
    assert domain_of("bob@universität.example") == "xn--universitt-y5a.example"
    assert domain_of('"a@b"@example.edu') == "example.edu"
    assert domain_of("nobody") == domain_of("@example.edu") == domain_of("x@edu") == ""
    assert with_parents("a.b.example.edu") == ["a.b.example.edu", "b.example.edu", "example.edu"]


def test_subdomains_only_when_ticked() -> None:
    assert admits("example.edu", False, "example.edu")
    assert not admits("example.edu", False, "law.example.edu")
    assert admits("example.edu", True, "law.example.edu")
    assert not admits("example.edu", True, "badexample.edu")


@pytest.mark.parametrize("domain", ["gmail.com", "GMail.com", "outlook.com", "mail.gmail.com", "web.de", "qq.com", "proton.me"])
def test_public_mail_is_never_admitted(world: World, domain: str) -> None:
    with pytest.raises(Refused) as refusal:
        add_domain(world.northfield, by=world.olga, domain=domain, includes_subdomains=True)
    assert refusal.value.code == "domain.public"
    assert domain.lower() in str(refusal.value), "of several domains in one field, the wrong one is named"


@pytest.mark.parametrize("domain", ["ac.uk", "edu.au", "co.jp"])
def test_a_registrys_ending_is_never_admitted(world: World, domain: str) -> None:
    with pytest.raises(Refused) as refusal:
        add_domain(world.northfield, by=world.olga, domain=domain, includes_subdomains=True)
    assert refusal.value.code == "domain.registry"


def test_the_shipped_list_says_its_source_and_is_whole() -> None:
    assert len(public_mail_domains()) > 10_000
    assert {"gmail.com", "gmx.net", "icloud.com", "yahoo.com", "163.com"} <= public_mail_domains()
    assert not any(name.endswith("example.edu") for name in public_mail_domains())


def test_admitting_widening_and_removing(world: World) -> None:
    row = add_domain(world.northfield, by=world.olga, domain="law.example.org")
    assert not admitting_domains("a@x.law.example.org")
    again = add_domain(world.northfield, by=world.olga, domain="LAW.example.org", includes_subdomains=True)
    assert again.pk == row.pk
    assert admitting_domains("a@x.law.example.org")
    assert admitting_domains("a@x.law.example.org", world.northfield)
    assert not admitting_domains("a@x.law.example.org", world.southgate)
    remove_domain(again, by=world.olga)
    assert not Domain.objects.for_org(world.northfield).filter(domain="law.example.org").exists()
