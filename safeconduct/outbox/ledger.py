"""The statements around a try: mark what may go on the line, store what was answered.

Written as a few plain statements per group, because a fan-out goes through here a hundred thousand times;
they run on SQLite and PostgreSQL alike. Every change of a state names the lease, so that a worker that was
slower than its lease cannot overwrite its successor's result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any

from django.db import connection, transaction

from safeconduct.lib import leases
from safeconduct.outbox.models import Attempt, Delivery

_DELIVERY = Delivery._meta.db_table
_ATTEMPT = Attempt._meta.db_table
_COLUMNS = (
    "id",
    "message_id",
    "address",
    "slots",
    "attempts_made",
    "rfc_message_id",
    "unsubscribe_url",
    "created_at",
    "interrupted_at",
)
# What was `sending` when its lease ran out was perhaps written: `interrupted_at` says since when.
_OPENED = (
    "interrupted_at = CASE WHEN state = 'sending' THEN started_at END, started_at = %s,"
    " attempts_made = attempts_made + 1, state = 'sending'"
)
_LINK = re.compile(r"(?i)\b(?:https?://|www\.)\S+")


@dataclass(slots=True)
class Claimed:
    """One leased delivery, as little of it as sending needs."""

    id: int
    message_id: int
    address: str
    slots: dict[str, str]
    attempts_made: int
    rfc_message_id: str
    unsubscribe_url: str
    created_at: Any


@dataclass(slots=True)
class Closed:
    """What one try came to. `state` is the delivery's next one; `due_at` only when it is tried again.

    `outcome` is empty when nothing was tried, and `asked` is false when the other end never saw the mail.
    """

    delivery: Claimed
    outcome: str
    state: str
    started_at: datetime
    code: int | None = None
    reply: str = ""
    due_at: datetime | None = None
    asked: bool = True
    empty_slots: bool = False


def step(
    *,
    by: str,
    close: Sequence[Closed],
    urgent: bool,
    limit: int,
    seconds: float,
    now: datetime,
    channel: str,
) -> list[Claimed]:
    """Store results, then lease up to `limit` due deliveries and mark them as being sent: one transaction.

    What it returns may be written to the line; nothing else may. What a dead worker left in `sending` gets its
    `unknown` attempt here and is sent again.
    """
    with transaction.atomic():
        if close:
            _close(close, by, now, channel)
        if limit <= 0:
            return []
        rows = _claim(urgent, limit, connection.vendor).take(
            by=by, seconds=seconds, now=now, also_values=[_moment(now)]
        )
        interrupted = [row[0] for row in rows if row[-1] is not None]
        if interrupted:
            _record_unknown(interrupted, now)
    # The claim chose the soonest; among themselves they go in the order they were enqueued.
    rows.sort(key=itemgetter(0))
    return [
        Claimed(key, message, address, json.loads(slots), made, rfc_id, unsubscribe, created_at)
        for key, message, address, slots, made, rfc_id, unsubscribe, created_at, _interrupted in rows
    ]


@cache
def _claim(urgent: bool, limit: int, vendor: str) -> leases.Claim:
    # By priority, not by the flag: `NOT urgent`, as Django writes it, uses no index.
    chosen = Delivery.objects.filter(priority=0) if urgent else Delivery.objects.filter(priority__gt=0)
    return leases.Claim(chosen.order_by("priority", "due_at"), _COLUMNS, limit=limit, also=_OPENED)


def _record_unknown(keys: Sequence[int], now: datetime) -> None:
    left = Delivery.objects.filter(pk__in=keys).values_list("id", "channel", "interrupted_at")
    Attempt.objects.bulk_create(
        Attempt(
            delivery_id=key,
            channel=channel,
            started_at=interrupted_at or now,
            finished_at=now,
            outcome=Attempt.Outcome.UNKNOWN,
            reply="the worker ended before an answer was stored",
        )
        for key, channel, interrupted_at in left
    )


def _moment(at: datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def _marks(count: int) -> str:
    return ",".join(["%s"] * count)


def _close(closed: Sequence[Closed], by: str, now: datetime, channel: str) -> None:
    sent = [one.delivery.id for one in closed if one.state == Delivery.State.SENT]
    others = [one for one in closed if one.state != Delivery.State.SENT]
    with connection.cursor() as cursor:
        if sent:
            # An accepted mail is sent whoever holds the lease by now.
            cursor.execute(
                f"UPDATE {_DELIVERY} SET state = 'sent', sent_at = %s, due_at = NULL, lease_until = NULL,"  # noqa: S608
                f" lease_by = '', last_error = '' WHERE id IN ({_marks(len(sent))})",
                [_moment(now), *sent],
            )
        if others:
            cursor.executemany(
                f"UPDATE {_DELIVERY} SET state = %s, due_at = %s, lease_until = NULL, lease_by = '',"  # noqa: S608
                " last_error = %s, attempts_made = %s WHERE id = %s AND lease_by = %s",
                [
                    (
                        one.state,
                        _moment(one.due_at),
                        _error_words(one),
                        one.delivery.attempts_made - (0 if one.asked else 1),
                        one.delivery.id,
                        by,
                    )
                    for one in others
                ],
            )
        emptied = [one.delivery.id for one in closed if one.empty_slots]
        if emptied:
            cursor.execute(
                f"UPDATE {_DELIVERY} SET slots = '{{}}' WHERE id IN ({_marks(len(emptied))})",  # noqa: S608
                emptied,
            )
        tried = [one for one in closed if one.outcome]
        if not tried:
            return
        finished = _moment(now)
        started = {at: _moment(at) for at in {one.started_at for one in tried}}
        values: list[Any] = []
        for one in tried:
            words = _reply_words(one)
            values += (
                one.delivery.id,
                channel,
                started[one.started_at],
                finished,
                one.outcome,
                one.code,
                words,
            )
        row = "(%s,%s,%s,%s,%s,%s,%s)"
        cursor.execute(
            f"INSERT INTO {_ATTEMPT} (delivery_id, channel, started_at, finished_at, outcome, smtp_code, reply)"  # noqa: S608
            f" VALUES {','.join([row] * len(tried))}",
            values,
        )


def _reply_words(one: Closed) -> str:
    """The server's words without links, and without the slots of a secret mail, which it may have quoted."""
    words = one.reply
    if one.outcome != Attempt.Outcome.ACCEPTED or "://" in words:
        words = _LINK.sub("[link]", words)
    if one.empty_slots:
        words = _without(words, one.delivery.slots.values())
    return words[:300]


def _without(words: str, values: Iterable[str]) -> str:
    for value in values:
        if len(value) >= 4:
            words = words.replace(value, "[…]")
    return words


def _error_words(one: Closed) -> str:
    words = _reply_words(one)
    return (f"{one.code} {words}" if one.code else words)[:400]


def moment(value: Any) -> datetime:
    """A time as the database returned it: SQLite's has no zone or is text, and is UTC."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
