"""Putting mail in the outbox, and what an operator may do with it.

`compose` renders once per content and language; `enqueue` adds one delivery in the caller's transaction;
`enqueue_many` adds a fan-out. The same key is the same delivery: a second call changes nothing. Nothing here
sends: `jobs.run_due` does.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, models, transaction

from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.outbox import kinds, mail_settings, rendering
from safeconduct.outbox.channels.email import Step, try_out
from safeconduct.outbox.kinds import Kind
from safeconduct.outbox.mime import CompiledMessage, Envelope, is_web_address, mail_address
from safeconduct.outbox.models import Delivery, Message

ROWS_PER_TRANSACTION = 1000
NO_ADDRESS = "not an address that mail can be sent to"
_COLUMNS = (
    "key, message_id, channel, address, slots, state, urgent, priority, due_at, lease_by, attempts_made,"
    " rfc_message_id, unsubscribe_url, last_error, created_at"
)


# key, address, slots, Message-ID, unsubscribe address, error
_Checked = tuple[str, str, dict[str, str], str, str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One recipient of a fan-out."""

    key: str
    address: str
    slots: Mapping[str, str] = field(default_factory=dict)
    unsubscribe_url: str = ""


def compose(
    kind: Kind | str,
    *,
    content_key: str,
    language: str,
    context: Mapping[str, Any],
    organisation_id: int | None = None,
    from_name: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Message:
    """Return the message of this content and language, rendering it the first time only.

    `content_key` names the content ("alert-version:81:org:3"); kind and language are added to it.
    """
    kind = _kind(kind)
    full_key = _short(f"{kind.code}:{language}:{content_key}")
    known = Message.objects.filter(content_key=full_key).first()
    if known is not None:
        return known
    rendered = _rendered(kind, language, context, from_name)
    return _stored(kind, full_key, language, rendered, organisation_id, from_name, headers)


def enqueue(
    kind: Kind | str,
    *,
    key: str,
    address: str,
    language: str = "en",
    context: Mapping[str, Any],
    slots: Mapping[str, str] | None = None,
    organisation_id: int | None = None,
    unsubscribe_url: str = "",
    due_at: datetime | None = None,
    from_name: str | None = None,
) -> Delivery:
    """Add one delivery in the caller's transaction; with a key that exists, return that delivery.

    What is personal or secret goes into `slots` as text, the rest into `context`.
    """
    kind = _kind(kind)
    known = Delivery.objects.filter(key=key).first()
    if known is not None:
        return known
    rendered = _rendered(kind, language, context, from_name)
    # The rendered words themselves name the content: a context may hold rows and lazy texts.
    parts = (rendered.subject, rendered.text, rendered.html, from_name or "", str(organisation_id))
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    full_key = f"{kind.code}:{language}:{digest}"
    message = Message.objects.filter(content_key=full_key).first() or _stored(
        kind, full_key, language, rendered, organisation_id, from_name, None
    )
    enqueue_many(message, [Row(key, address, slots or {}, unsubscribe_url)], due_at=due_at)
    return Delivery.objects.get(key=key)


def enqueue_many(message: Message, rows: Iterable[Row], *, due_at: datetime | None = None) -> int:
    """Add a delivery per row and return how many are new. At most 1,000 rows a transaction of its own.

    Inside a caller's transaction everything is part of it: keep such calls to 1,000 rows. An address that no
    server would take becomes a failed delivery, so that the next channel can be chosen.
    """
    kind = kinds.get(message.kind)
    names = rendering.slot_names(message.subject, message.text, message.html)
    now = clock.now()
    waiting = iter(rows)
    added = 0
    while chunk := list(islice(waiting, ROWS_PER_TRANSACTION)):
        values = _values(kind, names, chunk)
        with transaction.atomic():
            added += _insert(message, kind, values, due_at or now, now)
    return added


def _kind(kind: Kind | str) -> Kind:
    return kinds.get(kind) if isinstance(kind, str) else kinds.get(kind.code)


def _short(key: str) -> str:
    return key if len(key) <= 200 else f"{key[:120]}:{hashlib.sha256(key.encode()).hexdigest()}"


def _rendered(
    kind: Kind, language: str, context: Mapping[str, Any], from_name: str | None
) -> rendering.Rendered:
    config = mail_settings.current()
    own = {
        "from_name": from_name or (config.from_name if config else "") or "Safeconduct",
        "sender_line": config.sender_line if config else "",
        "site_url": settings.SAFECONDUCT_URL,
    }
    return rendering.render(kind, language=language, context={**own, **context})


def _stored(
    kind: Kind,
    full_key: str,
    language: str,
    rendered: rendering.Rendered,
    organisation_id: int | None,
    from_name: str | None,
    headers: Mapping[str, str] | None,
) -> Message:
    # Compiled once here so that a header or a name that cannot go on the line fails in the caller's hands.
    CompiledMessage(
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        from_address="check@localhost",
        from_name=from_name or "",
        headers=headers,
    )
    message, _ = Message.objects.get_or_create(
        content_key=full_key,
        defaults={
            "kind": kind.code,
            "language": language,
            "subject": rendered.subject,
            "text": rendered.text,
            "html": rendered.html,
            "headers": dict(headers or {}),
            "from_name": (from_name or "")[:120],
            "organisation_id": organisation_id,
            "created_at": clock.now(),
        },
    )
    return message


def _values(kind: Kind, names: frozenset[str], rows: list[Row]) -> list[_Checked]:
    """(key, address, slots, rfc id, unsubscribe url, error) of each row, checked."""
    host = _id_host()
    batch = secrets.token_hex(12)
    values = []
    for index, row in enumerate(rows):
        if not names <= row.slots.keys():
            missing = ", ".join(sorted(names - row.slots.keys()))
            raise ValueError(f"{kind.code}: the delivery lacks the slots {missing}")
        if kind.unsubscribable != bool(row.unsubscribe_url):
            raise ValueError(f"{kind.code}: an unsubscribe address belongs on every one or none")
        if row.unsubscribe_url and not is_web_address(row.unsubscribe_url):
            raise ValueError(f"{kind.code}: not an unsubscribe address")
        if not row.key or len(row.key) > 200:
            raise ValueError(f"{kind.code}: a key has 1 to 200 characters")
        error = ""
        try:
            address = mail_address(row.address)
        except ValueError:
            address, error = row.address[:320], NO_ADDRESS
        slots = {name: str(text) for name, text in row.slots.items()}
        values.append((row.key, address, slots, f"<{batch}.{index}@{host}>", row.unsubscribe_url, error))
    return values


def _id_host() -> str:
    """The right side of our Message-IDs (RFC 5322 §3.6.4): the site's name, when it has one."""
    host = urlsplit(settings.SAFECONDUCT_URL).hostname or ""
    is_name = "." in host and not host.rpartition(".")[2].isdigit()
    return host if is_name else "safeconduct.invalid"


def _insert(
    message: Message,
    kind: Kind,
    values: list[_Checked],
    due_at: datetime,
    now: datetime,
) -> int:
    """One statement from a JSON or array parameter: some 25 times a `bulk_create` on SQLite, 4 on PostgreSQL."""
    table = connection.ops.quote_name(Delivery._meta.db_table)
    moment = connection.ops.adapt_datetimefield_value
    fixed = [message.pk, kind.urgent, 0 if kind.urgent else max(1, kind.priority)]
    if connection.vendor == "sqlite":
        k, a, s, r, u, e = (f"json_extract(value, '$[{n}]')" for n in range(6))
        source = "json_each(%s) WHERE true"
        # One document for all rows; SQLite gives an inner object back as its text.
        data: list[Any] = [json.dumps(values)]
        slots = s
    else:
        k, a, s, r, u, e = ("v.k", "v.a", "v.s", "v.r", "v.u", "v.e")
        arrays = ", ".join(["%s::text[]"] * 6)
        source = f"unnest({arrays}) AS v(k, a, s, r, u, e)"
        keys, addresses, words, ids, urls, errors = zip(*values, strict=True)
        texts = [json.dumps(slots) for slots in words]
        data = [list(keys), list(addresses), texts, list(ids), list(urls), list(errors)]
        slots = f"{s}::jsonb"
    when = "%s" if connection.vendor == "sqlite" else "%s::timestamptz"
    sql = (
        f"INSERT INTO {table} ({_COLUMNS}) SELECT {k}, %s, 'email', {a}, {slots},"  # noqa: S608
        f" CASE WHEN {e} = '' THEN 'queued' ELSE 'failed' END, %s, %s,"
        f" CASE WHEN {e} = '' THEN {when} END, '', 0, {r}, {u}, {e}, {when}"
        f" FROM {source} ON CONFLICT (key) DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*fixed, moment(due_at), moment(now), *data])
        return max(0, int(cursor.rowcount))


def cancel_queued(deliveries: models.QuerySet[Delivery], *, by: models.Model | None, reason: str) -> int:
    """Cancel what has not been written to the line yet; returns how many."""
    with transaction.atomic():
        # Locked first: the lock waits for whoever is marking one as being sent, and looks at its state again. A
        # sub-select would not, and what is on the line would be called cancelled.
        waiting = deliveries.filter(state__in=Delivery.CANCELLABLE).select_for_update(of=("self",))
        keys = list(waiting.order_by("pk").values_list("pk", flat=True))
        if not keys:
            return 0
        for start in range(0, len(keys), ROWS_PER_TRANSACTION):
            Delivery.objects.filter(pk__in=keys[start : start + ROWS_PER_TRANSACTION]).update(
                state=Delivery.State.CANCELLED,
                due_at=None,
                lease_until=None,
                lease_by="",
                slots={},
                last_error=reason[:400],
            )
        detail = {"count": len(keys), "reason": reason}
        some = Delivery.objects.get(pk=keys[0])
        audit.record("outbox.deliveries.cancelled", by=by, subject=some, detail=detail)
    return len(keys)


def retry_now(delivery: Delivery, *, by: models.Model | None) -> Delivery:
    """Try a failed or waiting delivery again at once. Raises Refused when its secret words are gone."""
    with transaction.atomic():
        row = Delivery.objects.select_for_update().select_related("message").get(pk=delivery.pk)
        if row.state not in (*Delivery.UNDELIVERED, Delivery.State.RETRYING, Delivery.State.QUEUED):
            raise Refused("delivery.state", "This delivery is not waiting and has not failed.")
        message = row.message
        needed = rendering.slot_names(message.subject, message.text, message.html)
        if not needed <= row.slots.keys():
            raise Refused("delivery.secret", "Its code or link was removed after sending; ask for a new one.")
        try:
            mail_address(row.address)
        except ValueError:
            raise Refused("delivery.address", "Mail cannot be sent to this address.") from None
        row.state, row.due_at, row.attempts_made = Delivery.State.RETRYING, clock.now(), 0
        row.save(update_fields=["state", "due_at", "attempts_made"])
        audit.record("outbox.delivery.retried", by=by, subject=row)
    return row


def send_test_mail(address: str) -> list[Step]:
    """Send one mail now, outside the queue, and return each step with the server's answer."""
    config = mail_settings.current()
    if config is None:
        return [Step("settings", False, "mail is not set up")]
    try:
        recipient = mail_address(address)
    except ValueError:
        return [Step("settings", False, NO_ADDRESS)]
    compiled = CompiledMessage(
        subject="Safeconduct test mail",
        text="This is the test mail you asked for. Mail from Safeconduct reaches you.\n",
        html="",
        from_address=config.from_address,
        from_name=config.from_name,
    )
    message_id = f"<{secrets.token_hex(12)}@{_id_host()}>"
    data = compiled.data(
        address=recipient, slots={}, date=format_datetime(clock.now()), message_id=message_id
    )
    return try_out(config, Envelope(recipient, data))
