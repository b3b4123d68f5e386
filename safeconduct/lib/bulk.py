"""Inserting many rows of one model with one statement, their keys known beforehand.

Django's `bulk_create` compiles a statement for every 999 values on SQLite and asks every field for every value: for
wide rows that costs several times the insert. Here the keys are drawn first, so that rows may refer to each other
in a circle (foreign keys are checked at commit), and the values go to `executemany`. Refuses to be used outside a
transaction: on SQLite it is the transaction's lock that keeps the keys free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC
from functools import cache
from itertools import repeat
from types import NoneType
from typing import Any, TypeVar

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.base import ModelState
from django.db.models.fields import NOT_PROVIDED
from django.db.transaction import TransactionManagementError

M = TypeVar("M", bound=models.Model)
Prepare = Callable[[Any], Any]

_PLAIN: dict[type[models.Field[Any, Any]], type] = {
    models.CharField: str,
    models.TextField: str,
    models.SlugField: str,
    models.FloatField: float,
    models.ForeignKey: int,
    models.BigAutoField: int,
    models.AutoField: int,
    models.PositiveIntegerField: int,
    models.PositiveSmallIntegerField: int,
    models.BigIntegerField: int,
    models.BooleanField: bool,
}
"""Fields whose values go to the database as they are, when they are of exactly this type."""
_JSON = frozenset({list, dict})


def made(model: type[M], values: Mapping[str, Any], **related: models.Model) -> M:
    """A new instance with these values by column attribute (`event_id`), defaults elsewhere.

    `Model.__init__` looks at every field of every row; for thousands of wide rows that costs more than storing them.
    `related` are instances whose keys stand in the values. No signal is sent.
    """
    row = model.__new__(model)
    constant, drawn = _defaults(model)
    held = {"_state": ModelState(), **constant, **values}
    for name, draw in drawn:
        if name not in values:
            held[name] = draw()
    if related:
        held["_state"].fields_cache.update(related)
    row.__dict__ = held
    return row


@cache
def _defaults(model: type[models.Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """What stands in every row, and what is drawn anew for each, by column attribute."""
    constant: dict[str, Any] = {}
    drawn: list[tuple[str, Callable[[], Any]]] = []
    for field in model._meta.concrete_fields:
        if callable(field.default) and field.default is not NOT_PROVIDED:
            drawn.append((field.attname, field.default))
        else:
            constant[field.attname] = field.get_default()
    return constant, drawn


def keys(model: type[models.Model], count: int) -> list[int]:
    """So many keys for new rows of a model, drawn inside the transaction that inserts the rows."""
    if not count:
        return []
    connection = _connection(model)
    meta = model._meta
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [connection.ops.quote_name(meta.db_table), _key_column(meta), count],
            )
            return [int(row[0]) for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [meta.db_table])
        found = cursor.fetchone()
        last = int(found[0]) if found else 0
        return list(range(last + 1, last + 1 + count))


def insert(rows: Sequence[models.Model]) -> None:
    """Insert rows that have their keys. Raises IntegrityError as any insert; nothing is kept then."""
    if not rows:
        return
    model = type(rows[0])
    held = [vars(row) for row in rows]
    names = [field.attname for field in model._meta.concrete_fields]
    connection = _stored(model, {name: [row[name] for row in held] for name in names}, {}, len(rows))
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def insert_columns(
    model: type[models.Model], columns: Mapping[str, Sequence[Any]], *, same: Mapping[str, Any]
) -> None:
    """Insert rows that nobody needs in hand, given as columns by attribute (`event_id`), the key among them.

    `same` are values that stand in every row. What neither names has its default. Raises IntegrityError as any insert.
    """
    if count := len(next(iter(columns.values()))):
        _stored(model, columns, same, count)


def _stored(
    model: type[models.Model], columns: Mapping[str, Sequence[Any]], same: Mapping[str, Any], count: int
) -> BaseDatabaseWrapper:
    connection = _connection(model)
    quote = connection.ops.quote_name
    constant, drawn = _defaults(model)
    draws = dict(drawn)
    times: dict[Any, Any] = {None: None}
    prepared: list[Iterable[Any]] = []
    for field in model._meta.concrete_fields:
        name = field.attname
        if name in columns:
            prepared.append(_column(field, columns[name], connection, times))
        elif name in draws and name not in same:
            drawn_values = [draws[name]() for _ in range(count)]
            prepared.append(_column(field, drawn_values, connection, times))
        else:
            value = same[name] if name in same else constant[name]
            prepared.append(repeat(_column(field, [value], connection, times)[0], count))
    names = ", ".join(quote(str(field.column)) for field in model._meta.concrete_fields)
    places = ", ".join(["%s"] * len(prepared))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({places})",  # noqa: S608
            list(zip(*prepared, strict=True)),
        )
    return connection


def _connection(model: type[models.Model]) -> BaseDatabaseWrapper:
    connection = connections[router.db_for_write(model)]
    if not connection.in_atomic_block:
        raise TransactionManagementError("rows are inserted in bulk inside a transaction only")
    return connection


def _key_column(meta: Any) -> str:
    return str(meta.pk.column)


def _column(
    field: models.Field[Any, Any],
    values: Sequence[Any],
    connection: BaseDatabaseWrapper,
    times: dict[Any, Any],
) -> Sequence[Any]:
    """The values of one column as the database takes them. `times` are those that were prepared before."""
    prepare: Prepare = lambda value: field.get_db_prep_save(value, connection)  # noqa: E731
    plain = _PLAIN.get(type(field))
    if plain is not None:
        if {*map(type, values)} <= {plain, NoneType}:
            return values
        return [value if value is None or type(value) is plain else prepare(value) for value in values]
    if isinstance(field, models.JSONField):
        # Most lists of a row are empty or hold one word, and plain values need none of the field's own steps.
        adapt, encoder = connection.ops.adapt_json_value, field.encoder
        words: dict[str | None, Any] = {None: adapt([], encoder)}
        prepared: list[Any] = []
        for value in values:
            if type(value) is list and (not value or (len(value) == 1 and type(value[0]) is str)):
                word = value[0] if value else None
                if word not in words:
                    words[word] = adapt(value, encoder)
                prepared.append(words[word])
            else:
                prepared.append(adapt(value, encoder) if type(value) in _JSON else prepare(value))
        return prepared
    if not isinstance(field, models.DateTimeField):
        return [None if value is None else prepare(value) for value in values]
    # Many rows of a batch have the same times, and a row the same one in many columns.
    is_utc = connection.vendor == "sqlite" and connection.timezone is UTC
    for value in values:
        if value not in times:
            # As Django writes it, without the way there.
            short = is_utc and value.tzinfo is UTC
            times[value] = str(value.replace(tzinfo=None)) if short else prepare(value)
    return [times[value] for value in values]
