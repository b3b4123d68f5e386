"""Another organisation's rows cannot be reached: unscoped queries raise, whichever way they are evaluated."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.query import QuerySet

from safeconduct.accounts.models import User
from safeconduct.lib.errors import NotFound
from safeconduct.orgs.models import (
    Domain,
    Membership,
    MembershipNumber,
    Organisation,
    Programme,
    RoleGrant,
    TenantModel,
    UnscopedQuery,
)
from safeconduct.orgs.tenancy import same_organisation
from tests.conftest import World

PACKAGE = Path(__file__).resolve().parent.parent.parent / "safeconduct"
Rows = QuerySet[Membership]

EVALUATIONS: dict[str, Callable[[Rows], Any]] = {
    "iterate": list,
    "iterator": lambda rows: list(rows.iterator()),
    "bool": bool,
    "len": len,
    "index": lambda rows: rows[0],
    "slice": lambda rows: list(rows[:2]),
    "get": lambda rows: rows.get(pk=1),
    "first": lambda rows: rows.first(),
    "last": lambda rows: rows.last(),
    "latest": lambda rows: rows.latest("joined_at"),
    "earliest": lambda rows: rows.earliest("joined_at"),
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "contains": lambda rows: rows.contains(Membership(pk=1)),
    "aggregate": lambda rows: rows.aggregate(n=Count("pk")),
    "annotate": lambda rows: list(rows.annotate(n=Count("programme"))),
    "values": lambda rows: list(rows.values("pk")),
    "values_list": lambda rows: list(rows.values_list("pk", flat=True)),
    "dates": lambda rows: list(rows.dates("starts_on", "day")),
    "distinct": lambda rows: list(rows.distinct()),
    "in_bulk": lambda rows: rows.in_bulk([1]),
    "explain": lambda rows: rows.explain(),
    "update": lambda rows: rows.update(ends_on=None),
    "delete": lambda rows: rows.delete(),
    "raw_delete": lambda rows: rows._raw_delete("default"),
    "bulk_update": lambda rows: rows.bulk_update([Membership(pk=1)], ["ends_on"]),
    "get_or_create": lambda rows: rows.get_or_create(pk=1),
    "update_or_create": lambda rows: rows.update_or_create(pk=1),
    "select_related": lambda rows: list(rows.select_related("programme")),
    "prefetch": lambda rows: list(rows.prefetch_related("programme")),
    "raw": lambda rows: list(rows.raw("SELECT * FROM orgs_membership")),
    "filter": lambda rows: list(rows.filter(programme__name="x").exclude(pk=3).order_by("pk")),
    "using": lambda rows: list(rows.using("default")),
    "subquery": lambda rows: list(Organisation.objects.filter(pk__in=rows.values("organisation_id"))),
    "exists_in": lambda rows: list(Organisation.objects.filter(Exists(rows.filter(organisation=OuterRef("pk"))))),
    "column": lambda rows: list(Organisation.objects.annotate(n=Subquery(rows.values("pk")[:1]))),
    "str_sql": lambda rows: str(rows.query),
}


@pytest.mark.parametrize("way", EVALUATIONS)
def test_unscoped_rows_raise_however_they_are_evaluated(world: World, way: str) -> None:
    with pytest.raises(UnscopedQuery):
        EVALUATIONS[way](Membership.objects.all())
    assert Membership.objects.across_orgs("count what is left").count() == 3


@pytest.mark.parametrize("way", sorted(EVALUATIONS.keys() - {"get", "raw", "get_or_create", "update_or_create", "bulk_update"}))
def test_the_same_evaluations_work_with_a_scope(world: World, way: str) -> None:
    EVALUATIONS[way](Membership.objects.for_org(world.northfield))
    assert Membership.objects.for_org(world.southgate).count() == 1


@pytest.mark.parametrize("verb", ["all", "count", "exists", "first", "create_less_get"])
def test_the_plain_manager_raises(world: World, verb: str) -> None:
    with pytest.raises(UnscopedQuery):
        if verb == "create_less_get":
            Membership.objects.get(public_id="x")
        elif verb == "all":
            list(Membership.objects.all())
        else:
            getattr(Membership.objects, verb)()


def test_each_door_gives_its_rows_only(world: World) -> None:
    assert {m.user_id for m in Membership.objects.for_org(world.northfield)} == {world.alice.pk, world.bob.pk}
    assert {m.user_id for m in Membership.objects.for_org(world.southgate.pk)} == {world.dana.pk}
    assert [m.organisation_id for m in Membership.objects.of_user(world.dana)] == [world.southgate.pk]
    assert Membership.objects.across_orgs("a test").count() == 3


def test_doors_want_what_they_are_named_for(world: World) -> None:
    with pytest.raises(ValueError, match="reason"):
        Membership.objects.across_orgs("  ")
    with pytest.raises(ValueError, match="saved"):
        Membership.objects.of_user(User())
    with pytest.raises(FieldError):
        list(Domain.objects.of_user(world.bob))


def test_unions_with_unscoped_rows_raise(world: World) -> None:
    scoped = Membership.objects.for_org(world.northfield)
    for mixed in (
        lambda: scoped | Membership.objects.all(),
        lambda: Membership.objects.all() | scoped,
        lambda: scoped ^ Membership.objects.all(),
        lambda: list(scoped.union(Membership.objects.all())),
        lambda: list(Membership.objects.all().union(scoped)),
    ):
        with pytest.raises(UnscopedQuery):
            list(mixed())


def test_a_tenant_rows_related_rows_are_its_own(world: World) -> None:
    programme = Programme.objects.for_org(world.northfield)[0]
    assert {m.user_id for m in programme.memberships.all()} == {world.alice.pk, world.bob.pk}
    assert programme.memberships.count() == 2
    assert programme.numbers.get().number == "NFU-26-004417"
    assert Membership.objects.of_user(world.bob)[0].programme == programme


def test_prefetch_over_several_organisations_gives_each_its_own(world: World) -> None:
    rows = Programme.objects.across_orgs("a test").prefetch_related("memberships", "numbers")
    found = {row.organisation_id: {m.user_id for m in row.memberships.all()} for row in rows}
    assert found == {
        world.northfield.pk: {world.alice.pk, world.bob.pk},
        world.southgate.pk: {world.dana.pk},
    }


def test_shared_rows_have_no_way_to_tenant_rows(world: World) -> None:
    """No attribute of a person or an organisation gives tenant rows; a manager made by hand would raise."""
    for row in (world.bob, world.northfield):
        for relation in row._meta.related_objects:
            target = relation.related_model
            if isinstance(target, type) and issubclass(target, TenantModel):
                assert relation.hidden, relation
    with pytest.raises(FieldError):
        list(User.objects.filter(membership__organisation=world.southgate))


def test_uniqueness_is_checked_within_the_organisation(world: World) -> None:
    twin = Domain(organisation=world.northfield, domain="northfield.example.edu")
    with pytest.raises(ValidationError):
        twin.full_clean()
    Domain(organisation=world.southgate, domain="northfield.example.edu").full_clean()
    with pytest.raises(UnscopedQuery):
        list(Domain.objects.all())


def test_deleting_a_shared_row_takes_its_tenant_rows(world: World) -> None:
    """Django's cascade does not pass the guarded manager."""
    RoleGrant.objects.of_user(world.dana).delete()
    world.dana.delete()
    assert not Membership.objects.for_org(world.southgate).exists()


def test_rows_of_two_organisations_are_not_tied(world: World) -> None:
    ours = Programme.objects.for_org(world.northfield)[0]
    theirs = MembershipNumber.objects.for_org(world.southgate)[0]
    assert same_organisation(ours, None) == world.northfield.pk
    with pytest.raises(NotFound):
        same_organisation(ours, theirs)
    with pytest.raises(NotFound):
        same_organisation(None)


def tenant_models() -> list[type[TenantModel]]:
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def test_every_tenant_model_is_guarded() -> None:
    assert len(tenant_models()) > 8
    for model in tenant_models():
        field = model._meta.get_field("organisation")
        assert not field.null, model
        with pytest.raises(UnscopedQuery):
            str(model._default_manager.all().query)


# Foreign keys between tenant rows, and the function that keeps both ends in one organisation.
TIED_BY = {
    "orgs.MembershipNumber.programme": "orgs/actions/organisations.py",
    "orgs.Membership.programme": "orgs/actions/people.py",
    "orgs.Membership.number": "orgs/actions/people.py",
    "orgs.Invitation.programme": "orgs/actions/invitations.py",
    "orgs.PeopleImport.programme": "orgs/actions/imports.py",
}


def ties() -> set[str]:
    return {
        f"{model._meta.label}.{field.name}"
        for model in tenant_models()
        for field in model._meta.fields
        if isinstance(field, models.ForeignKey)
        and isinstance(field.related_model, type)
        and issubclass(field.related_model, TenantModel)
    }


def test_ties_of_this_room_take_the_organisation_of_the_other_end() -> None:
    """Each is written with `same_organisation(...)`, or with the organisation of the very row it points to."""
    own = {tie for tie in ties() if tie.startswith("orgs.")}
    assert own == TIED_BY.keys()
    for place in set(TIED_BY.values()):
        text = (PACKAGE / place).read_text()
        assert "same_organisation(" in text or "organisation_id=programme.organisation_id" in text


@pytest.mark.django_db
def test_rows_that_tests_and_demo_make_never_cross(world: World) -> None:
    """Over all models: whatever two tenant rows are tied, they are of one organisation."""
    for model in tenant_models():
        for field in model._meta.fields:
            if f"{model._meta.label}.{field.name}" in ties():
                rows = model._default_manager.across_orgs("a test over all models")
                crossed = rows.exclude(**{field.name: None}).exclude(
                    **{f"{field.name}__organisation_id": models.F("organisation_id")}
                )
                assert not crossed.exists(), f"{model._meta.label}.{field.name}"


def may_cross(path: Path) -> bool:
    """Return whether the module may read across organisations."""
    inside = path.relative_to(PACKAGE)
    # orgs/routing.py: before anybody has a seat, a number, an address or a token leads to its organisation.
    return path.name == "jobs.py" or inside.parts[0] == "ops" or inside.as_posix() in {
        "orgs/routing.py", "orgs/tenancy.py",
    }


def calls(path: Path, name: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == name
    ]


def test_only_jobs_ops_and_the_way_in_read_across_organisations() -> None:
    others = {
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        if not may_cross(path)
        for line in calls(path, "across_orgs")
    }
    assert others == set()


def test_nobody_goes_round_the_guarded_manager() -> None:
    # notify/models.py: the address in a mail, held by whoever got the mail, leads to one row.
    allowed = {"orgs/tenancy.py", "notify/models.py"}
    others = {
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        if "migrations" not in path.parts and path.relative_to(PACKAGE).as_posix() not in allowed
        for name in ("_base_manager", "scoped_by", "_through")
        for line in calls(path, name)
    }
    assert others == set()
