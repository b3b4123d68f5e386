"""Claiming rows that are due, so that several workers share them and a killed one's are taken over.

A leased table has three columns: `due_at` (null: nothing to do), `lease_until` (null: free) and `lease_by`.
A claim is one statement; on PostgreSQL rows locked by another claim are skipped, on SQLite the statement is
alone by nature. A lease is a promise with a date, not a lock: whoever works longer than `seconds` must
`extend`, and whoever stores a result must say whose lease it was (`held`). This module keeps no state and
does not know what the rows are.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db import connections, transaction
from django.db.models import Model, Q, QuerySet

from safeconduct.lib import clock

M = TypeVar("M", bound=Model)
HOLDER_LENGTH = 80


def holder() -> str:
    """Return a name for one run of one worker; never the same twice, so it also fences late results."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(6)}"[:HOLDER_LENGTH]


def due(queryset: QuerySet[M], *, now: datetime | None = None) -> QuerySet[M]:
    """Return the rows of `queryset` that are due and free at `now`."""
    now = now or clock.now()
    return queryset.filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now), due_at__lte=now)


class Claim:
    """A claim compiled once, for whoever takes a few rows very often: Django's compiling costs more than the claim.

    Columns are the database's own and so are the values: JSON is text, and so is a time on SQLite. `also` is more
    to set in the same statement, in SQL; a column's old value stands on its right side.
    """

    # Stands for "now" while the statement is compiled; no row is due at the end of time.
    _WHEN = datetime(9998, 12, 31, 23, 59, 58, 987654, tzinfo=UTC)

    def __init__(
        self, queryset: QuerySet[Any], columns: Sequence[str], *, limit: int, also: str = ""
    ) -> None:
        self._using = queryset.db
        connection = connections[self._using]
        self._moment = connection.ops.adapt_datetimefield_value
        quote = connection.ops.quote_name
        meta = queryset.model._meta
        table, key = quote(meta.db_table), quote(meta.pk.column)
        with transaction.atomic(using=self._using):
            chosen = due(queryset, now=self._WHEN).select_for_update(skip_locked=True).values("pk")[:limit]
            inner, self._values = chosen.query.get_compiler(self._using).as_sql()
        # An IN over a locking sub-select may be planned as a join and take more than `limit`; an array may not.
        among = f"= ANY(ARRAY({inner}))" if connection.vendor == "postgresql" else f"IN ({inner})"
        answer = ", ".join(quote(column) for column in columns)
        self._sql = (
            f"UPDATE {table} SET lease_until = %s, lease_by = %s{', ' if also else ''}{also}"  # noqa: S608
            f" WHERE {key} {among} RETURNING {answer}"
        )

    def take(
        self, *, by: str, seconds: float, now: datetime, also_values: Sequence[Any] = ()
    ) -> list[tuple[Any, ...]]:
        """Lease due rows to `by` and return the columns of each, in no order."""
        when, until = self._moment(now), self._moment(now + timedelta(seconds=seconds))
        placeholder = self._moment(self._WHEN)
        values = [when if value == placeholder else value for value in self._values]
        with connections[self._using].cursor() as cursor:
            cursor.execute(self._sql, [until, by, *also_values, *values])
            return list(cursor.fetchall())


def claim_ids(
    queryset: QuerySet[Any], *, by: str, limit: int, seconds: float, now: datetime | None = None
) -> list[Any]:
    """Lease up to `limit` due rows to `by`; return their keys, in no order."""
    if limit <= 0:
        return []
    claim_these = Claim(queryset, [queryset.model._meta.pk.column], limit=limit)
    return [row[0] for row in claim_these.take(by=by, seconds=seconds, now=now or clock.now())]


def claim(
    queryset: QuerySet[M], *, by: str, limit: int, seconds: float, now: datetime | None = None
) -> list[M]:
    """Lease up to `limit` due rows to `by` and return them in the order of `queryset`.

    The queryset must be ordered, unsliced and without joins that multiply rows. Tenant tables pass
    `Model.objects.across_orgs("reason")`.
    """
    with transaction.atomic(using=queryset.db):
        keys = claim_ids(queryset, by=by, limit=limit, seconds=seconds, now=now)
        return list(queryset.filter(pk__in=keys)) if keys else []


def held(queryset: QuerySet[M], *, by: str) -> QuerySet[M]:
    """Return the rows whose lease is still `by`'s: the filter for storing a result."""
    return queryset.filter(lease_by=by)


def extend(
    queryset: QuerySet[M], keys: Collection[Any], *, by: str, seconds: float, now: datetime | None = None
) -> int:
    """Prolong `by`'s leases; rows that somebody else took meanwhile are not counted."""
    until = (now or clock.now()) + timedelta(seconds=seconds)
    return held(queryset, by=by).filter(pk__in=keys).update(lease_until=until)


def release(queryset: QuerySet[M], keys: Collection[Any], *, by: str, due_at: datetime | None = None) -> int:
    """Give `by`'s leases back; with `due_at` the rows come up again at that time."""
    freed: dict[str, Any] = {"lease_until": None, "lease_by": ""}
    if due_at is not None:
        freed["due_at"] = due_at
    return held(queryset, by=by).filter(pk__in=keys).update(**freed)
