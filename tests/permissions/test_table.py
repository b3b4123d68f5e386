"""Every address × every kind of person. The expected answers are in table.txt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client

from safeconduct.accounts.models import User
from tests.conftest import World
from tests.permissions.routes import routes
from tests.permissions.scene import ROLES, build, outcome

TABLE = Path(__file__).with_name("table.txt")
PRIVATE = ("trips:", "inbox:", "notify:end", "ops:manage", "ops:person", "ops:invitation", "ops:people_import_result", "ops:trips_import_", "ops:trip_group")


def table() -> dict[tuple[str, str], dict[str, str]]:
    """Return (name, method) → role → expected answer."""
    rows = {}
    for line in TABLE.read_text().splitlines():
        cells = line.split()
        if line.startswith("#") or cells[0] == "address":
            continue
        rows[(cells[1], cells[0])] = dict(zip(ROLES, cells[2:], strict=True))
    return rows


class _Undo(Exception):
    """Rolls one request back, so that the next one finds the scene as it was."""


def test_no_address_is_missing_from_the_table() -> None:
    wanted = {(name, method) for name in routes() for method in ("GET", "POST")}
    assert wanted - set(table()) == set(), "add the address to tests/permissions/table.txt"
    assert set(table()) - wanted == set(), "the table names an address that is gone"


def test_nothing_of_a_member_answers_an_outsider_or_another_organisation() -> None:
    """Read off the table itself, so that a wrong row cannot be blessed by copying what the code does."""
    of_one_person = {
        (name, method): row for (name, method), row in table().items()
        if name.startswith(PRIVATE) and "<" in routes()[name] and row["member"] != "405" and row["manager"] != "405"
    }  # fmt: skip
    assert len(of_one_person) > 15
    for key, row in of_one_person.items():
        assert row["other"] == "404", key
        assert row["anonymous"] == "login", key
        assert row["outsider"] in {"404", "associate"}, key


@pytest.mark.parametrize("role", ROLES)
def test_each_address_answers_as_the_table_says(
    role: str, world: World, client_of: Callable[[User | None], Client]
) -> None:
    scene = build(world)
    people = dict(zip(ROLES, (None, world.charlie, world.dana, world.bob, world.alice, world.olga), strict=True))
    cookies = client_of(people[role]).cookies
    found, expected = {}, {}
    for (name, method), row in table().items():
        try:
            with transaction.atomic():
                client = Client()
                client.cookies.load({key: morsel.value for key, morsel in cookies.items()})
                found[name, method] = outcome(client, scene.path(name), method)
                raise _Undo
        except _Undo:
            expected[name, method] = row[role]
    assert found == expected
