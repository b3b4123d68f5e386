"""People and places for the tests.

Alice manages Northfield, Bob is a member there, Charlie is in no organisation, Dana manages Southgate, Olga runs
the deployment. Passwords are PASSWORD; addresses are verified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import DjangoDbBlocker
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]  # it has no types

from safeconduct.accounts.models import Consent, LegalDocument, User
from safeconduct.guides import keeping
from safeconduct.lib import clock
from safeconduct.orgs.access import Seat, seat_for
from safeconduct.orgs.models import Domain, Membership, MembershipNumber, Organisation, Programme, RoleGrant
from safeconduct.orgs.permissions import MANAGER
from safeconduct.places.actions import load_facts
from safeconduct.places.searchindex import opening
from tests import prepared

PASSWORD = "Correct-horse-7"
SAMPLES = Path(__file__).resolve().parent.parent.parent / "shared" / "samples"
PLACES = {"DE", "FR", "GB", "US", "KE", "JP", "PH", "PT", "FJ", "NZ", "RU", "AU", "CN", "CH", "NO"}


def pytest_configure() -> None:
    """Hash passwords cheaply and keep rate limits of one test out of the next."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    look_for_static_files_once()


def look_for_static_files_once() -> None:
    """Share what WhiteNoise finds: each test client makes the middleware anew, and would read all folders again."""
    look = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[tuple[object, ...], dict[str, object]] = {}

    def add(self: WhiteNoiseMiddleware) -> None:
        key = (self.static_prefix, self.max_age, self.charset, tuple(settings.INSTALLED_APPS))
        if key not in found:
            look(self)
            found[key] = dict(self.files)
        self.files.update(found[key])

    WhiteNoiseMiddleware.add_files_from_finders = add


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """Start every test with no rate limit used, no guide kept and the index of the places that all tests share."""
    cache.clear()
    keeping.forget()
    prepared.put_index_back()
    yield
    cache.clear()
    keeping.forget()


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    """Load the places of a few countries once; tests roll back to them. SQLite takes what an earlier run kept."""
    config = request.config
    name = connection.creation._get_test_db_name()  # type: ignore[attr-defined]  # not in Django’s types
    is_kept = connection.vendor == "sqlite" and "mode=memory" in name and not config.getvalue("nomigrations")
    # Pytest’s own set-up, which this fixture is in place of.
    set_up = partial(request.getfixturevalue, "django_db_setup")
    cache_of_runs = getattr(config, "cache", None)  # not there with `-p no:cacheprovider`
    if not is_kept or cache_of_runs is None:
        set_up()
        with django_db_blocker.unblock():
            load_facts(only=PLACES)
        return
    folder = cache_of_runs.mkdir("database")
    store = prepared.Store(folder, prepared.state_of(PLACES))
    with prepared.alone(folder):
        filled = None if config.getvalue("create_db") else store.fill(name)
        set_up()
        with django_db_blocker.unblock():
            load_facts(only=PLACES)
            if filled is None:
                opening.index()
                connection.ensure_connection()
                store.keep(connection.connection, opening.path_of(opening._key()))
            else:
                filled.close()


@dataclass(frozen=True)
class World:
    """Two organisations and five people."""

    northfield: Organisation
    southgate: Organisation
    alice: User
    bob: User
    charlie: User
    dana: User
    olga: User

    def seat(self, user: User) -> Seat:
        """Return the person's seat in their first membership."""
        return seat_for(user, Membership.objects.of_user(user)[0])


def make_user(email: str, given: str, family: str, *, desk_role: str = "") -> User:
    """Return a verified person who has agreed to what is published."""
    user = User.objects.create_user(
        email, PASSWORD, given_name=given, family_name=family, desk_role=desk_role
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    for slug in LegalDocument.CONSENT:
        newest = LegalDocument.objects.filter(slug=slug).order_by("-version").first()
        Consent.objects.create(user=user, slug=slug, version=newest.version if newest else 1)
    return user


def make_organisation(name: str, domain: str, number: str) -> tuple[Organisation, Programme]:
    """Return an organisation with a programme, a number and a domain."""
    organisation = Organisation.objects.create(name=name, short_name=name.split()[0])
    programme = Programme.objects.create(
        organisation=organisation, name=f"{name} Global Assistance Programme", valid_from=date(2020, 1, 1)
    )
    MembershipNumber.objects.create(
        organisation=organisation, programme=programme, number=number, valid_from=date(2020, 1, 1)
    )
    Domain.objects.create(organisation=organisation, domain=domain)
    return organisation, programme


def join(user: User, programme: Programme, *, role: str = "") -> Membership:
    """Return the person's new membership."""
    number = MembershipNumber.objects.for_org(programme.organisation_id)[0]
    if role:
        RoleGrant.objects.create(organisation_id=programme.organisation_id, user=user, role=role)
    return Membership.objects.create(
        organisation_id=programme.organisation_id,
        user=user,
        programme=programme,
        number=number,
        starts_on=clock.today() - timedelta(days=30),
    )


@pytest.fixture
def world(db: None) -> World:
    """Return the two organisations and five people."""
    return make_world()


def make_world() -> World:
    """Write the two organisations and five people."""
    northfield, programme = make_organisation(
        "Northfield University", "northfield.example.edu", "NFU-26-004417"
    )
    southgate, other = make_organisation("Southgate College", "southgate.example.edu", "SGC-26-000009")
    alice = make_user("alice@northfield.example.edu", "Alice", "Moreau")
    bob = make_user("bob@northfield.example.edu", "Bob", "Okafor")
    charlie = make_user("charlie@elsewhere.example.org", "Charlie", "Stone")
    dana = make_user("dana@southgate.example.edu", "Dana", "Ito")
    olga = make_user("olga@desk.example.org", "Olga", "Berg", desk_role="operator")
    join(alice, programme, role=MANAGER)
    join(bob, programme)
    join(dana, other, role=MANAGER)
    return World(northfield, southgate, alice, bob, charlie, dana, olga)


@pytest.fixture
def client_of(world: World) -> Callable[[User | None], Client]:
    """Return a function: a person (or None) → a client that is signed in."""

    def signed_in(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return signed_in


@pytest.fixture
def samples() -> Path:
    """Return the folder of recorded feeds; the test is skipped where it is absent."""
    if not SAMPLES.is_dir():
        pytest.skip("the recorded samples are not beside this checkout")
    return SAMPLES
