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
from datetime import datetime, timedelta
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


def claim_rows(
    queryset: QuerySet[Any],
    columns: Sequence[str],
    *,
    by: str,
    limit: int,
    seconds: float,
    now: datetime | None = None,
) -> list[tuple[Any, ...]]:
    """Lease up to `limit` due rows of the ordered `queryset` to `by`; return `columns` of each, in no order.

    Columns are the database's own and so are the values: JSON is text, and so is a time on SQLite.
    """
    if limit <= 0:
        return []
    now = now or clock.now()
    using = queryset.db
    connection = connections[using]
    quote = connection.ops.quote_name
    meta = queryset.model._meta
    table, key = quote(meta.db_table), quote(meta.pk.column)
    until = connection.ops.adapt_datetimefield_value(now + timedelta(seconds=seconds))
    with transaction.atomic(using=using):
        chosen = due(queryset, now=now).select_for_update(skip_locked=True).values("pk")[:limit]
        inner, values = chosen.query.get_compiler(using).as_sql()
        # An IN over a locking sub-select may be planned as a join and take more than `limit`; an array may not.
        among = f"= ANY(ARRAY({inner}))" if connection.vendor == "postgresql" else f"IN ({inner})"
        answer = ", ".join(quote(column) for column in columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET lease_until = %s, lease_by = %s WHERE {key} {among} RETURNING {answer}",  # noqa: S608
                [until, by, *values],
            )
            return list(cursor.fetchall())


def claim_ids(
    queryset: QuerySet[Any], *, by: str, limit: int, seconds: float, now: datetime | None = None
) -> list[Any]:
    """Lease up to `limit` due rows to `by`; return their keys, in no order."""
    key = queryset.model._meta.pk.column
    return [row[0] for row in claim_rows(queryset, [key], by=by, limit=limit, seconds=seconds, now=now)]


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
