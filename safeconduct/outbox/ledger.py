"""The statements between a claim and a result: open (may be on the line), close (what was answered).

Written as a few plain statements per group, because a fan-out goes through here a hundred thousand times;
they run on SQLite and PostgreSQL alike. Every change of a state names the lease, so that a worker that was
slower than its lease cannot overwrite its successor's result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from safeconduct.lib import leases
from safeconduct.outbox.models import Attempt, Delivery

_DELIVERY = Delivery._meta.db_table
_ATTEMPT = Attempt._meta.db_table
_CLAIMED = (
    "id",
    "message_id",
    "address",
    "slots",
    "attempts_made",
    "rfc_message_id",
    "unsubscribe_url",
    "state",
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


@dataclass(slots=True)
class Closed:
    """What one try came to. `state` is the delivery's next one; `due_at` only when it is tried again."""

    delivery: Claimed
    outcome: str
    state: str
    started_at: datetime
    code: int | None = None
    reply: str = ""
    due_at: datetime | None = None
    asked: bool = True
    empty_slots: bool = False


def claim(*, by: str, urgent: bool, limit: int, seconds: float, now: datetime) -> list[Claimed]:
    """Lease due deliveries, soonest first. What a dead worker left in `sending` gets its `unknown` attempt."""
    due = Delivery.objects.filter(urgent=urgent).order_by("priority", "due_at")
    with transaction.atomic():
        rows = leases.claim_rows(due, _CLAIMED, by=by, limit=limit, seconds=seconds, now=now)
        interrupted = [row[0] for row in rows if row[-1] == Delivery.State.SENDING]
        if interrupted:
            _record_unknown(interrupted, now)
    # The claim chose the soonest; among themselves they go in the order they were enqueued.
    rows.sort()
    return [
        Claimed(key, message, address, json.loads(slots), made, rfc_id, unsubscribe)
        for key, message, address, slots, made, rfc_id, unsubscribe, _state in rows
    ]


def _record_unknown(keys: Sequence[int], now: datetime) -> None:
    left = Delivery.objects.filter(pk__in=keys, state=Delivery.State.SENDING)
    Attempt.objects.bulk_create(
        Attempt(
            delivery_id=key,
            channel=channel,
            started_at=started_at or now,
            finished_at=now,
            outcome=Attempt.Outcome.UNKNOWN,
            reply="the worker ended before an answer was stored",
        )
        for key, channel, started_at in left.values_list("id", "channel", "started_at")
    )
    left.update(state=Delivery.State.RETRYING)


def step(
    *,
    by: str,
    close: Sequence[Closed],
    open_next: Sequence[Claimed],
    seconds: float,
    now: datetime,
    channel: str,
) -> list[Claimed]:
    """Store results and mark the next group as being sent, in one transaction; returns what may be written.

    A delivery that was cancelled or whose lease went to another worker meanwhile is not in the answer.
    """
    with transaction.atomic():
        if close:
            _close(close, by, now, channel)
        return _open(open_next, by, seconds, now) if open_next else []


def _moment(at: datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def _marks(count: int) -> str:
    return ",".join(["%s"] * count)


def _open(rows: Sequence[Claimed], by: str, seconds: float, now: datetime) -> list[Claimed]:
    sql = (
        f"UPDATE {_DELIVERY} SET state = 'sending', started_at = %s, attempts_made = attempts_made + 1,"  # noqa: S608
        f" lease_until = %s WHERE id IN ({_marks(len(rows))}) AND lease_by = %s"
        " AND state IN ('queued', 'retrying') RETURNING id"
    )
    values = [_moment(now), _moment(now + timedelta(seconds=seconds)), *(row.id for row in rows), by]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        mine = {row[0] for row in cursor.fetchall()}
    opened = [row for row in rows if row.id in mine]
    for row in opened:
        row.attempts_made += 1
    return opened


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
        finished = _moment(now)
        started = {at: _moment(at) for at in {one.started_at for one in closed}}
        values: list[Any] = []
        for one in closed:
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
            f" VALUES {','.join([row] * len(closed))}",
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


def give_back(rows: Sequence[Claimed], *, by: str) -> None:
    """Free leased deliveries that were not touched."""
    if rows:
        leases.release(Delivery.objects.all(), [row.id for row in rows], by=by)


def cancel_older(keys: Sequence[int], *, by: str, than: datetime, reason: str) -> set[int]:
    """Cancel leased deliveries that were enqueued before `than`; returns which."""
    old = Delivery.objects.filter(pk__in=keys, lease_by=by, created_at__lt=than)
    gone = set(old.values_list("pk", flat=True))
    if gone:
        Delivery.objects.filter(pk__in=gone, lease_by=by).update(
            state=Delivery.State.CANCELLED,
            due_at=None,
            lease_until=None,
            lease_by="",
            slots={},
            last_error=reason,
        )
    return gone
