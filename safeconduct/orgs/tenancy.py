"""Tenant rows and their only doors. Evaluating a tenant's table without a scope raises UnscopedQuery.

Doors: `for_org(organisation)`; `of_user(user)`, the person's own rows across their organisations;
`across_orgs("reason")` in jobs, ops and the desk (a test greps for others); and the related managers of a row
that is itself a tenant row (foreign keys between tenant rows stay within one organisation). Managers that start from a shared row
(a user, a place, an alert version) raise like the plain manager does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, TypeVar, cast

from django.db import connections, models
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

from safeconduct.lib.errors import NotFound

Row = TypeVar("Row", bound=models.Model)

# Set while a tenant row validates itself: Django's own uniqueness checks read through the default manager.
_validating: ContextVar[int | None] = ContextVar("validating_organisation", default=None)


class UnscopedQuery(RuntimeError):
    """A tenant's table was about to be read or changed without saying whose rows are meant."""


class TenantQuery(Query):
    """A query that refuses to become SQL before it has a scope. Every read passes `get_compiler`."""

    scoped_by: str | None = None

    def get_compiler(self, *args: Any, **kwargs: Any) -> SQLCompiler:
        """Return the compiler, once the query is scoped."""
        self.refuse_unscoped()
        return cast(SQLCompiler, super().get_compiler(*args, **kwargs))

    def refuse_unscoped(self) -> None:
        """Raise UnscopedQuery when no door was used."""
        if self.scoped_by is None:
            name = self.model.__name__ if self.model else "row"
            raise UnscopedQuery(f"{name}: say for_org(…), of_user(…) or across_orgs('reason') first")


class TenantQuerySet(models.QuerySet[Row], Generic[Row]):
    """A queryset with doors."""

    def __init__(self, model: Any = None, query: Any = None, using: Any = None, hints: Any = None) -> None:
        super().__init__(model, query or (TenantQuery(model) if model else None), using, hints)

    def _through(self, door: str) -> TenantQuerySet[Row]:
        opened = self._chain()  # type: ignore[attr-defined]
        opened.query.scoped_by = door
        return cast("TenantQuerySet[Row]", opened)

    def for_org(self, organisation: models.Model | int) -> TenantQuerySet[Row]:
        """Return the rows of one organisation."""
        pk = organisation if isinstance(organisation, int) else organisation.pk
        return self._through("organisation").filter(organisation_id=pk)

    def of_user(self, user: models.Model) -> TenantQuerySet[Row]:
        """Return the person's own rows, in whichever organisation. The model has a field `user`.

        Raises ValueError for somebody who is not saved: NULL would mean the rows that belong to nobody.
        """
        if user.pk is None:
            raise ValueError("of_user wants a saved person")
        return self._through("user").filter(user_id=user.pk)

    def across_orgs(self, reason: str) -> TenantQuerySet[Row]:
        """Return rows of all organisations, for jobs, ops and the desk. Raises ValueError without a reason."""
        if not reason.strip():
            raise ValueError("across_orgs wants a reason")
        return self._through(f"across: {reason}")

    def _refuse_unscoped(self) -> None:
        self.query.refuse_unscoped()  # type: ignore[attr-defined]

    # `scoped | other` keeps the scope mark of its left side, so the right side must have one too.
    def __or__(self, other: Any) -> Any:
        self._refuse_unscoped_other(other)
        return super().__or__(other)

    def __xor__(self, other: Any) -> Any:
        self._refuse_unscoped_other(other)
        return super().__xor__(other)

    def _refuse_unscoped_other(self, other: Any) -> None:
        for query in (self.query, other.query):
            if isinstance(query, TenantQuery) and not query.is_empty():
                query.refuse_unscoped()

    def raw(self, *args: Any, **kwargs: Any) -> Any:
        """Run SQL as it stands. A scope cannot narrow it, so only `across_orgs` may."""
        scope = self.query.scoped_by  # type: ignore[attr-defined]
        if scope is None or not scope.startswith("across: "):
            raise UnscopedQuery(f"{self.model.__name__}: raw SQL has no scope")
        return super().raw(*args, **kwargs)

    def raw_rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the plain rows of SQL that reads this table; like `raw` for `across_orgs` alone.

        Of several statements, which PostgreSQL takes at once, the rows are those of the first that has any columns.
        """
        scope = self.query.scoped_by  # type: ignore[attr-defined]
        if scope is None or not scope.startswith("across: "):
            raise UnscopedQuery(f"{self.model.__name__}: raw SQL has no scope")
        with connections[self.db].cursor() as cursor:
            cursor.execute(sql, params)
            while cursor.description is None and cursor.nextset():
                pass
            return list(cursor.fetchall())

    # Changes do not pass TenantQuery.get_compiler: Django re-classes the query first.
    def update(self, **values: Any) -> int:
        """Change rows of the scope."""
        self._refuse_unscoped()
        return super().update(**values)

    def _update(self, values: Any) -> int:
        self._refuse_unscoped()
        return cast(int, super()._update(values))  # type: ignore[misc]

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete rows of the scope."""
        self._refuse_unscoped()
        return super().delete()

    def _raw_delete(self, using: str | None) -> int:
        self._refuse_unscoped()
        return super()._raw_delete(using)

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        """Change rows of the scope."""
        self._refuse_unscoped()
        return super().bulk_update(*args, **kwargs)


class TenantManager(models.Manager[Row]):
    """The default manager of tenant rows. Django's related managers subclass it at run time."""

    def get_queryset(self) -> TenantQuerySet[Row]:
        """Return an unscoped queryset, or one scoped to the tenant row this manager hangs on."""
        rows: TenantQuerySet[Row] = TenantQuerySet(self.model, using=self._db)
        holder = getattr(self, "instance", None)
        if isinstance(holder, TenantModel):
            # The relation itself narrows to the holder's rows, which are of its organisation. No further filter:
            # a prefetch for rows of several organisations hangs on the first of them.
            return rows._through(f"rows of {holder._meta.label_lower}")
        validating = _validating.get()
        if validating is not None:
            return rows.for_org(validating)
        return rows

    def for_org(self, organisation: models.Model | int) -> TenantQuerySet[Row]:
        """Return the rows of one organisation."""
        return self.get_queryset().for_org(organisation)

    def of_user(self, user: models.Model) -> TenantQuerySet[Row]:
        """Return the person's own rows, in whichever organisation."""
        return self.get_queryset().of_user(user)

    def across_orgs(self, reason: str) -> TenantQuerySet[Row]:
        """Return rows of all organisations (jobs, ops and the desk)."""
        return self.get_queryset().across_orgs(reason)


def same_organisation(*rows: TenantModel | None) -> int:
    """Return the organisation's id that all rows share; None is left out. Raises NotFound when they differ.

    Actions call this before they tie tenant rows together: a foreign key alone does not keep them apart.
    """
    found = {row.organisation_id for row in rows if row is not None}
    if len(found) != 1:
        raise NotFound("row")
    return found.pop()


class TenantModel(models.Model):
    """A row that belongs to exactly one organisation."""

    organisation_id: int
    organisation = models.ForeignKey("orgs.Organisation", on_delete=models.CASCADE, related_name="+")

    objects = TenantManager()

    class Meta:
        abstract = True

    def validate_unique(self, exclude: Any = None) -> None:
        """Check uniqueness among the organisation's own rows; the database checks the rest."""
        with _checks_within(self.organisation_id):
            super().validate_unique(exclude)

    def validate_constraints(self, exclude: Any = None) -> None:
        """Check constraints among the organisation's own rows; the database checks the rest."""
        with _checks_within(self.organisation_id):
            super().validate_constraints(exclude)


@contextmanager
def _checks_within(organisation_id: int) -> Iterator[None]:
    token = _validating.set(organisation_id)
    try:
        yield
    finally:
        _validating.reset(token)
