"""Sends what is due: claim under a lease, mark, write, read the answers, store them.

At most `window` mails are marked as being sent at any time (one for urgent kinds), so that a killed worker
repeats at most that many, each with the Message-ID it had. Without mail settings deliveries are held; in a
demo or test folder they go to the development mailbox instead.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime

from django.conf import settings
from django.db import transaction

from safeconduct.lib import clock, leases
from safeconduct.lib.errors import Temporary
from safeconduct.outbox import ledger, mail_settings, retrying
from safeconduct.outbox.channels import mailbox
from safeconduct.outbox.channels.email import TIMEOUT_SECONDS, Outcome, Result, Session
from safeconduct.outbox.kinds import Kind, known
from safeconduct.outbox.mail_settings import MailConfig
from safeconduct.outbox.mime import CompiledMessage, Envelope
from safeconduct.outbox.models import ChannelState, Delivery, Message

log = logging.getLogger(__name__)
CHANNEL = "email"
# A connection and a compiled message serve this many; other jobs of the worker wait half a second for them at most.
LIMIT = 2000
NOTED_FOR = timedelta(minutes=1)
# Longer than one answer may take, so that a slow server does not lose us the lease.
LEASE_SECONDS = TIMEOUT_SECONDS + 30
FINAL = (*Delivery.UNDELIVERED, Delivery.State.SENT, Delivery.State.CANCELLED)


def run_due(limit: int = LIMIT, *, lease_seconds: float = LEASE_SECONDS) -> int:
    """Send up to `limit` due deliveries, urgent ones first; return how many were taken up."""
    now = clock.now()
    config = mail_settings.current()
    if config is None and settings.SAFECONDUCT_FOLDER_KIND == "real":
        _hold(now)
        return 0
    _let_go(now)
    run = _Run(config, lease_seconds)
    try:
        done = run.send(urgent=True, limit=limit)
        return done + run.send(urgent=False, limit=limit - done)
    finally:
        run.close()


def _hold(now: datetime) -> None:
    due = leases.due(Delivery.objects.filter(state__in=Delivery.OPEN), now=now)
    due.update(state=Delivery.State.HELD, due_at=None)


def _let_go(now: datetime) -> None:
    held = Delivery.in_trouble().filter(state=Delivery.State.HELD)
    if held.exists():
        held.update(state=Delivery.State.QUEUED, due_at=now)


@dataclass
class _Group:
    """Mails that are on the line together."""

    started_at: datetime
    rows: list[ledger.Claimed]
    built: list[ledger.Claimed] = field(default_factory=list)
    unbuilt: list[tuple[ledger.Claimed, str]] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)


def _cancelled(row: ledger.Claimed, now: datetime) -> ledger.Closed:
    return ledger.Closed(
        delivery=row,
        outcome="",
        state=Delivery.State.CANCELLED,
        started_at=now,
        reply="too old to be of use",
        asked=False,
        empty_slots=True,
    )


class _Run:
    """One call of `run_due`: one connection, one lease holder, the messages compiled so far."""

    def __init__(self, config: MailConfig | None, lease_seconds: float) -> None:
        self._config = config
        self._seconds = lease_seconds
        self._by = leases.holder()
        self._session: Session | None = None
        self._messages: dict[int, tuple[CompiledMessage, Kind | None, Message]] = {}
        self._stopped = False
        self._trouble = ""
        self._keys: list[int] = []
        self._extended = time.monotonic()

    def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            self._session.close()

    def send(self, *, urgent: bool, limit: int) -> int:
        """Send until nothing is due, the limit is reached or the other end stops answering.

        One window at a time: mark it, write it, read the answers; they are stored together with the next marks, so that
        a mail costs a fraction of one commit.
        """
        done = 0
        closed: list[ledger.Closed] = []
        while True:
            window = 0 if self._stopped or self._paused() else min(self._window(urgent), limit - done)
            if not closed and window <= 0:
                return done
            rows = self._step(closed, urgent, window)
            if not rows:
                return done
            done += len(rows)
            self._compile(rows)
            closed = self._send(rows, urgent)

    def _window(self, urgent: bool) -> int:
        return 1 if urgent else int(settings.SAFECONDUCT_EMAIL_WINDOW)

    def _paused(self) -> bool:
        if self._config is None or self._session is not None:
            return False
        return ChannelState.objects.filter(channel=CHANNEL, paused_until__gt=clock.now()).exists()

    def _step(self, close: list[ledger.Closed], urgent: bool, window: int) -> list[ledger.Claimed]:
        self._extended = time.monotonic()
        rows = ledger.step(
            by=self._by,
            close=close,
            urgent=urgent,
            limit=window,
            seconds=self._seconds,
            now=clock.now(),
            channel=CHANNEL if self._config is not None else "mailbox",
        )
        self._keys = [row.id for row in rows]
        return rows

    def _compile(self, rows: list[ledger.Claimed]) -> None:
        wanted = {row.message_id for row in rows}
        if wanted <= self._messages.keys():
            return
        if len(self._messages) > 200:
            self._messages = {key: value for key, value in self._messages.items() if key in wanted}
        sender = self._config.from_address if self._config else mailbox.FROM_ADDRESS
        for message in Message.objects.filter(pk__in=wanted - self._messages.keys()):
            compiled = CompiledMessage(
                subject=message.subject,
                text=message.text,
                html=message.html,
                from_address=sender,
                from_name=message.from_name or (self._config.from_name if self._config else ""),
                headers=message.headers,
            )
            self._messages[message.pk] = (compiled, known(message.kind), message)

    def _send(self, rows: list[ledger.Claimed], urgent: bool) -> list[ledger.Closed]:
        """Put one window of mails on the line and return what became of each."""
        now = clock.now()
        stale = [row for row in rows if self._is_stale(row, now)]
        group = _Group(now, [row for row in rows if row not in stale] if stale else rows)
        if self._config is None:
            self._keep(group)
        else:
            self._write(group)
        pairs = list(zip(group.built, group.results, strict=True))
        pairs += [(row, Result(Outcome.REFUSED_FOR_GOOD, None, reply)) for row, reply in group.unbuilt]
        closed = [self._closed(row, result, now, urgent) for row, result in pairs]
        return closed + [_cancelled(row, now) for row in stale]

    def _is_stale(self, row: ledger.Claimed, now: datetime) -> bool:
        """Whether it is no longer useful, such as a code that was held until it expired."""
        kind = self._messages[row.message_id][1]
        return (
            kind is not None
            and kind.useful_for is not None
            and now - ledger.moment(row.created_at) > kind.useful_for
        )

    def _keep(self, group: _Group) -> None:
        with transaction.atomic():
            for envelope in self._envelopes(group):
                row = group.built[-1]
                compiled, _, message = self._messages[row.message_id]
                mailbox.keep(row.id, message, compiled, envelope, self._slots(row), group.started_at)
                group.results.append(Result(Outcome.ACCEPTED, None, "kept in the mailbox"))

    def _write(self, group: _Group) -> None:
        session = self._connected()
        if session is None:
            group.built = group.rows
            group.results = [Result(Outcome.NOT_WRITTEN, None, self._trouble)] * len(group.rows)
            return
        for result in session.send(self._envelopes(group)):
            group.results.append(result)
            self._keep_lease()
        if not session.alive:
            lost = [
                one.reply for one in group.results if one.outcome in (Outcome.UNKNOWN, Outcome.NOT_WRITTEN)
            ]
            self._break(lost[0] if lost else "the mail server closed the connection")

    def _keep_lease(self) -> None:
        """Prolong the batch's leases when the other end is slow; a single answer cannot outlast one."""
        if time.monotonic() - self._extended > self._seconds / 4:
            self._extended = time.monotonic()
            leases.extend(Delivery.objects.all(), self._keys, by=self._by, seconds=self._seconds)

    def _envelopes(self, group: _Group) -> Iterator[Envelope]:
        """Build the mails of a group one by one, as the line asks for them."""
        date = format_datetime(group.started_at)
        for row in group.rows:
            try:
                data = self._messages[row.message_id][0].data(
                    address=row.address,
                    slots=self._slots(row),
                    date=date,
                    message_id=row.rfc_message_id,
                    unsubscribe_url=row.unsubscribe_url,
                )
            except Exception as error:  # noqa: BLE001  # one mail that cannot be built must not stop the others
                log.error("a mail could not be built", extra={"event": type(error).__name__})
                group.unbuilt.append((row, f"could not be built: {type(error).__name__}"))
                continue
            group.built.append(row)
            yield Envelope(row.address, data, is_stuffed=True)

    def _connected(self) -> Session | None:
        if self._session is not None:
            return self._session
        assert self._config is not None  # noqa: S101  # the mailbox needs no connection
        try:
            self._session = Session(self._config, timeout=min(TIMEOUT_SECONDS, max(1.0, self._seconds - 1)))
        except Temporary as error:
            self._break(error.reason)
            return None
        self._note_that_it_works()
        return self._session

    def _note_that_it_works(self) -> None:
        now = clock.now()
        state = ChannelState.objects.filter(channel=CHANNEL).first()
        if state is not None and not state.failures and state.worked_at and now - state.worked_at < NOTED_FOR:
            return
        ChannelState.objects.update_or_create(
            channel=CHANNEL,
            defaults={"failures": 0, "last_error": "", "paused_until": None, "worked_at": now},
        )

    def _break(self, reason: str) -> None:
        """The other end does not answer: stop this run and pause the channel, longer each time."""
        self._stopped, self._trouble = True, reason
        now = clock.now()
        state, _ = ChannelState.objects.get_or_create(channel=CHANNEL)
        state.failures += 1
        state.last_error, state.failed_at = reason[:400], now
        state.paused_until = retrying.channel_pause(failures=state.failures, now=now)
        state.save()
        log.warning("mail server does not answer", extra={"count": state.failures})

    def _slots(self, row: ledger.Claimed) -> dict[str, str]:
        return {**row.slots, "unsubscribe_url": row.unsubscribe_url, "address": row.address}

    def _closed(self, row: ledger.Claimed, result: Result, started: datetime, urgent: bool) -> ledger.Closed:
        kind = self._messages[row.message_id][1]
        state, due_at = Delivery.State.SENT, None
        asked = result.outcome is not Outcome.NOT_WRITTEN
        if result.outcome is Outcome.REFUSED_FOR_GOOD:
            state = Delivery.State.FAILED
        elif result.outcome is not Outcome.ACCEPTED:
            state = Delivery.State.RETRYING
            due_at = retrying.next_try(attempts_made=row.attempts_made, urgent=urgent, now=clock.now())
            if not asked:
                due_at = clock.now()
            elif due_at is None:
                unknown = result.outcome is Outcome.UNKNOWN
                state = Delivery.State.UNKNOWN if unknown else Delivery.State.FAILED
        return ledger.Closed(
            delivery=row,
            outcome=result.outcome.value,
            state=state,
            started_at=started,
            code=result.code,
            reply=result.reply,
            due_at=due_at,
            asked=asked,
            empty_slots=state in FINAL and kind is not None and kind.secret,
        )
