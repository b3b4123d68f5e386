"""Applying messages: find the event of each, write a version, move or end the event.

Together with writing.py the only writer of events and versions. Refuses to change a version, to let a test touch
an actual event, and to let a message of one source end another source's event.

A document is applied in order. What is known word for word costs one question for many messages; what is new and
concerns nothing else is stored with one insert a table; the rest goes one by one. What comes of it is the same as
one by one throughout (tests/alerts/test_bulk.py).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F

from safeconduct.alerts import incidents, reissues, splits, writing
from safeconduct.alerts.models import AlertVersion, Event, EventKey
from safeconduct.alerts.names import chunks, meant, rows_of
from safeconduct.alerts.parsed import ParsedAlert, Problem
from safeconduct.alerts.writing import Draft, Reading
from safeconduct.audit.actions import record
from safeconduct.feeds.models import Document, Source

logger = logging.getLogger(__name__)
BATCH = 500
"""Messages per transaction: SQLite waits for the disk once a batch, and others for a fifth of a second."""
TRIES = 3
"""Of a batch that the database took back, because two workers waited for each other or one waited too long."""


class Outcome(StrEnum):
    """What a message did."""

    NEW = "new"
    UPDATED = "updated"
    CANCELLED = "cancelled"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Applied:
    """What a message did, and the version that holds it (the older one when nothing changed)."""

    outcome: Outcome
    version: AlertVersion
    is_reissue: bool = False
    """It says again, under a name not known before, what was known."""


class _Overtaken(Exception):
    """Another worker opened the event of the same message a moment ago."""


def apply(
    alert: ParsedAlert,
    *,
    source: Source,
    document: Document,
    received_at: datetime,
    beside: Sequence[ParsedAlert] = (),
) -> Applied:
    """Store one message of a source. Saying the same again changes nothing.

    `beside` are all messages of its document, where there are more.
    """
    messages = beside or [alert]
    shas = [message.content_sha() for message in messages]
    reading = _reading(messages, shas, source, document, received_at)
    with transaction.atomic():
        applied = _alone(Draft(alert, reading), None)
        _place([applied], received_at)
    return applied


def apply_all(
    alerts: Sequence[ParsedAlert],
    *,
    source: Source,
    document: Document,
    received_at: datetime,
    present: Collection[str] = (),
    is_list: bool = False,
) -> list[Applied | Problem]:
    """Store the messages of a document in their order; `present` are further keys that it names.

    `is_list`: what the document does not name has left it.

    A message that cannot be stored becomes a Problem and stops no other.
    """
    shas = [alert.content_sha() for alert in alerts]
    reading = _reading(alerts, shas, source, document, received_at, present, is_list=is_list)
    drafts = [Draft(alert, reading, sha=sha) for alert, sha in zip(alerts, shas, strict=True)]
    known = _known(drafts, reading)
    fresh = [draft for draft in drafts if draft.sha not in known]
    repeats = reissues.repeated(fresh, reading)
    answers: list[Applied | Problem] = []
    for start in range(0, len(drafts), BATCH):
        answers += _Batch(drafts[start : start + BATCH], reading, known, repeats).apply()
    again = sum(1 for answer in answers if isinstance(answer, Applied) and answer.is_reissue)
    reissues.note(reading, count=again, new_count=len(fresh) - again)
    writing.untie(answer.version for answer in answers if isinstance(answer, Applied))
    return answers


def _reading(
    alerts: Sequence[ParsedAlert],
    shas: Sequence[str],
    source: Source,
    document: Document,
    received_at: datetime,
    present: Collection[str] = (),
    *,
    is_list: bool = False,
) -> Reading:
    named = {key for alert in alerts for key in (alert.identifier, *alert.keys)}
    return Reading(source, document, received_at, frozenset(shas), frozenset(named.union(present)), is_list)


def _place(answers: Sequence[Applied | Problem], at: datetime) -> None:
    """Put events that are new or moved on into incidents. Without that each stands for itself: nothing is lost."""
    moved = [
        answer.version
        for answer in answers
        if isinstance(answer, Applied) and answer.outcome != Outcome.UNCHANGED
    ]
    if not moved:
        return
    try:
        are_new = all(one.number == 1 and one.event.current_version_id == one.pk for one in moved)
        incidents.place_all(moved, at=at, are_new=are_new)
    except OperationalError:
        raise
    except Exception:
        logger.exception("events could not be placed")


class _Batch:
    """Some messages of a document, stored in one transaction."""

    def __init__(
        self,
        drafts: Sequence[Draft],
        reading: Reading,
        known: Mapping[str, _Known],
        repeats: Mapping[str, int],
    ) -> None:
        self.drafts, self.reading, self.known, self.repeats = drafts, reading, known, repeats
        self.answers: dict[int, Applied | Problem] = {}

    def apply(self) -> list[Applied | Problem]:
        """Store them; one answer for each, in their order."""
        rest: list[int] = []
        for index, draft in enumerate(self.drafts):
            known = self.known.get(draft.sha)
            if known is not None and known.stays(draft):
                self.answers[index] = Applied(Outcome.UNCHANGED, known.version)
            else:
                rest.append(index)
        if rest:
            self._store_together(rest)
        return [self.answers[index] for index in range(len(self.drafts))]

    def _store_together(self, rest: list[int]) -> None:
        """In one transaction, and again when the database took it back: that is no fault of a message."""
        for left in reversed(range(TRIES)):
            try:
                with transaction.atomic():
                    self._store(rest)
                    _place([self.answers[index] for index in rest], self.reading.received_at)
                return
            except OperationalError:
                if not left or connection.in_atomic_block:
                    raise
                logger.info("messages are stored again", exc_info=True)
                for index in rest:
                    self.answers.pop(index, None)

    def _store(self, rest: list[int]) -> None:
        simple = self._settled_together(rest)
        if simple:
            try:
                with transaction.atomic():
                    versions = writing.insert([self.drafts[index] for index in simple])
            except Exception:
                # One of them cannot be stored, or another worker stores the same: one by one tells which.
                logger.info("messages are stored one by one", exc_info=True)
            else:
                for index, version in zip(simple, versions, strict=True):
                    self.answers[index] = Applied(Outcome(writing.outcome(version)), version)
        for index in rest:
            if index not in self.answers:
                self.answers[index] = self._one(self.drafts[index])

    def _settled_together(self, rest: list[int]) -> list[int]:
        """Of the messages that are left: those that open an event of their own whatever the others do.

        What only repeats, under a further name, what its event says is answered here as well.
        """
        drafts = [self.drafts[index] for index in rest]
        rows = rows_of({name.key for draft in drafts for name in draft.names}, self.reading.source)
        taken = {row[1] for row in rows}
        uses = Counter(key for draft in drafts for key in {name.key for name in draft.names})
        said = reissues.active_fingerprints(drafts, self.reading)
        simple: list[int] = []
        further: dict[int, int] = {}
        for index, draft in zip(rest, drafts, strict=True):
            if any(uses[name.key] > 1 for name in draft.names):
                continue
            if not any(name.key in taken for name in draft.names):
                if draft.fingerprint not in said and draft.alert.identifier not in self.repeats:
                    simple.append(index)
            elif draft.fingerprint in said and draft.sha not in self.known:
                events = meant(draft.alert, draft.names, rows, self.reading.source)
                further.update((index, event) for event in events[:1])
        self._answer_repetitions(further)
        return simple

    def _answer_repetitions(self, further: Mapping[int, int]) -> None:
        """Answer messages, by place, whose event (key) says already what they say."""
        events = Event.objects.select_related("current_version").defer("current_version__impact_area")
        found = events.in_bulk(list(further.values()))
        for index, key in further.items():
            event = found.get(key)
            if event is None or event.current_version is None:
                continue
            if reissues.says_the_same(self.drafts[index], event):
                self.answers[index] = Applied(Outcome.UNCHANGED, event.current_version)

    def _one(self, draft: Draft) -> Applied | Problem:
        try:
            return _alone(draft, self.repeats.get(draft.alert.identifier))
        except OperationalError:
            raise
        except Exception as error:
            logger.exception("an alert could not be stored")
            return Problem(draft.alert.identifier, f"could not be stored: {type(error).__name__}")


@dataclass(frozen=True)
class _Known:
    """The newest version with a known content, and what its event says now."""

    version: AlertVersion
    is_current: bool
    state: str
    current_sent_at: datetime
    current_sha: str
    current_type: str

    def stays(self, draft: Draft) -> bool:
        """Whether the message leaves everything as it is; False: that has to be looked at."""
        if self.is_current:
            return self.state != Event.State.VANISHED
        return (
            self.current_sha in draft.reading.contents
            or draft.sent_at < self.current_sent_at
            or self.current_type == "Cancel"
        )


def _known(drafts: Sequence[Draft], reading: Reading) -> dict[str, _Known]:
    """What is known word for word, by the digest of its content."""
    found: dict[str, _Known] = {}
    for some in chunks([draft.sha for draft in drafts]):
        rows = AlertVersion.objects.filter(
            event__source=reading.source, content_sha__in=some, event__current_version__isnull=False
        )
        rows = rows.only("public_id", "event_id", "number", "content_sha", "ends_at")
        for row in rows.order_by("pk").annotate(
            current=F("event__current_version_id"),
            state=F("event__state"),
            current_sent_at=F("event__current_version__sent_at"),
            current_sha=F("event__current_version__content_sha"),
            current_type=F("event__current_version__msg_type"),
        ):
            facts = vars(row)
            found[row.content_sha] = _Known(
                version=row,
                is_current=facts["current"] == row.pk,
                state=facts["state"],
                current_sent_at=facts["current_sent_at"],
                current_sha=facts["current_sha"],
                current_type=facts["current_type"],
            )
    return found


def _alone(draft: Draft, repeated: int | None) -> Applied:
    """Store one message by itself. `repeated` is the event that it says again under another name, if any."""
    try:
        return _attempt(draft, repeated)
    except _Overtaken:
        return _attempt(draft, repeated)


def _attempt(draft: Draft, repeated: int | None) -> Applied:
    with transaction.atomic():
        draft, events, taken = splits.apart(draft, _known_events(draft))
        known = _known([draft], draft.reading).get(draft.sha)
        if known is not None:
            return _again(draft, known.version, events)
        if events:
            said = events[0].current_version
            if said is not None and reissues.says_the_same(draft, events[0]):
                return Applied(Outcome.UNCHANGED, said)
            return _continue(draft, events, taken=taken)
        if not taken and (again := reissues.exact(draft)) is not None and again.event.current_version:
            writing.remember(draft, again.event)
            reissues.take_over(draft, again)
            return Applied(Outcome.UNCHANGED, again.event.current_version, is_reissue=True)
        if repeated is not None and (event := reissues.locked(repeated)) is not None:
            applied = _continue(draft, [event], is_reissue=True)
            reissues.take_over(draft, reissues.Repeated(event, has_left=True))
            return applied
        applied = _open(draft)
        splits.take_along(taken, applied.version.event_id)
        return applied


def _again(draft: Draft, same: AlertVersion, events: list[Event]) -> Applied:
    """A message known word for word: news only where its event had left the list, or said something else since."""
    event = next((event for event in events if event.pk == same.event_id), None) or reissues.locked(
        same.event_id
    )
    if event is None or not _comes_back(same, event, draft):
        return Applied(Outcome.UNCHANGED, same)
    return _continue(draft, [event, *(other for other in events if other.pk != event.pk)])


def _known_events(draft: Draft) -> list[Event]:
    """The events that a message belongs to or speaks of, its own first, locked.

    References to oneself add nothing; unknown ones are remembered, so a message that arrives after its successor,
    or two that refer to each other, meet in one event.
    """
    source = draft.reading.source
    order = meant(draft.alert, draft.names, rows_of((name.key for name in draft.names), source), source)
    # Locked in one order by everybody, so that two workers cannot wait for each other.
    locked = {
        event.pk: event for event in Event.objects.select_for_update().filter(pk__in=order).order_by("pk")
    }
    return [locked[key] for key in order]


def _comes_back(same: AlertVersion, event: Event, draft: Draft) -> bool:
    """Whether a message known word for word is news: its event had left the list, or another one was said since."""
    current = event.current_version
    if current is None or current.pk == same.pk:
        return event.state == Event.State.VANISHED and same.ends_at > draft.reading.received_at
    if current.content_sha in draft.reading.contents or current.msg_type == "Cancel":
        return False
    return not _is_outdated(draft, event)


def _open(draft: Draft) -> Applied:
    """Open an event of its own. Raises _Overtaken when somebody else has taken one of the names meanwhile."""
    try:
        with transaction.atomic():
            (version,) = writing.insert([draft])
    except IntegrityError:
        raise _Overtaken from None
    return Applied(Outcome(writing.outcome(version)), version)


def _continue(
    draft: Draft, events: list[Event], *, is_reissue: bool = False, taken: Sequence[EventKey] = ()
) -> Applied:
    """Store a further message of the first event, with names that it takes from others."""
    event = events[0]
    splits.take_along(taken, event.pk)
    is_outdated = _is_outdated(draft, event)
    version = writing.add_version(draft, event, is_reissue=is_reissue)
    writing.remember(draft, event)
    if is_outdated:
        record("alert.kept_outdated", by=None, subject=version, detail={"event": event.public_id})
        return Applied(Outcome.UNCHANGED, version)
    writing.move(event, version, draft)
    for other in events[1:]:
        writing.close_replaced(other, version, at=draft.reading.received_at)
    writing.log(version)
    return Applied(Outcome(writing.outcome(version)), version, is_reissue)


def _is_outdated(draft: Draft, event: Event) -> bool:
    """Whether the event has moved on: a message sent before the current one, or at once but referred to by it.

    A message from the future was sent nobody knows when. It never outranks what is received later, or stands in the
    same document, unless it refers to that.
    """
    current = event.current_version
    if current is None:
        return False
    identifier = draft.alert.identifier
    is_referred = (
        identifier in {name for _, name, _ in current.references} and identifier != current.identifier
    )
    if writing.claims_the_future(current):
        return is_referred
    if draft.is_from_the_future and current.received_at >= draft.reading.received_at:
        return current.identifier not in {item.identifier for item in draft.alert.references}
    if draft.sent_at == current.sent_at:
        return is_referred
    # What speaks of the current one came after it: that one's clock ran ahead by less than a day.
    names = {item.identifier for item in draft.alert.references} - {identifier}
    follows = current.identifier in names and not is_referred
    return draft.sent_at < current.sent_at and not follows


def end_passed(*, at: datetime, limit: int) -> int:
    """End up to `limit` active events whose time has passed; return how many. What another worker ends is passed over."""
    with transaction.atomic():
        due = Event.objects.filter(state=Event.State.ACTIVE, ends_at__lte=at).order_by("ends_at")
        events = list(due.select_for_update(skip_locked=True)[:limit])
        if events:
            writing.end(events, Event.EndReason.EXPIRED, at=at, action="alert.ended")
        return len(events)
