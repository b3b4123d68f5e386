"""Writing what a message says: a new event with its first version, a further version, the state of an event.

Everything here runs inside the caller's transaction and decides nothing about which event a message belongs to.
Refuses to change a version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Max

from safeconduct.alerts.impact import impact_area
from safeconduct.alerts.models import AlertVersion, Event, EventKey, Incident
from safeconduct.alerts.names import Name, names_of
from safeconduct.alerts.normalise import Normal, normalise
from safeconduct.alerts.parsed import ParsedAlert
from safeconduct.alerts.storing import CATALOGUES, Known, columns, points_of
from safeconduct.audit.actions import record, record_all
from safeconduct.feeds.models import Document, Source
from safeconduct.lib import bulk
from safeconduct.places.shapes import countries_at_each

FROM_THE_FUTURE = timedelta(hours=24)
"""No clock and no time zone is wrong by more than this."""
STANDS_IN = "in the future: the time of receipt stands in"
VERY_LONG = timedelta(days=366)
_ENDED_STATES = {
    Event.EndReason.CANCELLED.value: Event.State.CANCELLED,
    Event.EndReason.REPLACED.value: Event.State.SUPERSEDED,
    Event.EndReason.VANISHED.value: Event.State.VANISHED,
}


@dataclass(frozen=True)
class Reading:
    """What is being read: whose it is, the document, when it came, and what else stands in it."""

    source: Source
    document: Document
    received_at: datetime
    contents: frozenset[str] = frozenset()
    """The digests of all messages of the document."""
    present: frozenset[str] = frozenset()
    """Every key that the document names."""
    is_list: bool = False
    """Whether it is a list: what it does not name has left it."""


class Draft:
    """One message with everything that follows from it alone. What costs is worked out when it is needed."""

    def __init__(self, alert: ParsedAlert, reading: Reading, *, sha: str = "") -> None:
        self.alert = alert
        self.reading = reading
        self.sha = sha or alert.content_sha()
        self.names: tuple[Name, ...] = names_of(alert, reading.source)
        self.known: Known = {}
        """Countries of its points, where they were looked up together with others'."""

    @cached_property
    def fingerprint(self) -> str:
        """Digest of what it says, whatever it is called."""
        return self.alert.fingerprint()

    @property
    def is_from_the_future(self) -> bool:
        """Whether it claims to be sent more than a day after it came."""
        sent_at = self.alert.sent_at
        return sent_at is not None and sent_at > self.reading.received_at + FROM_THE_FUTURE

    @property
    def sent_at(self) -> datetime:
        """The sending time that decides the order: a missing or impossible one is the time of receipt."""
        if self.alert.sent_at is None or self.is_from_the_future:
            return self.reading.received_at
        return self.alert.sent_at

    @cached_property
    def normal(self) -> Normal:
        """The common reading."""
        return normalise(self.alert)

    @cached_property
    def values(self) -> dict[str, Any]:
        """The columns of its version."""
        alert = replace(self.alert, sent_at=None) if self.is_from_the_future else self.alert
        received_at = self.reading.received_at
        impact = impact_area(alert, self.reading.source.country_code, normal=self.normal)
        values = columns(alert, self.normal, impact, received_at=received_at, known=self.known)
        if self.is_from_the_future and self.alert.sent_at is not None:
            claimed = self.alert.sent_at.isoformat()
            values["notes"].append(f"sent {claimed}, {STANDS_IN}")
        if values["ends_at"] > received_at + VERY_LONG:
            values["notes"].append("names an end more than a year ahead")
        return values

    def version(self, event: Event, number: int, key: int | None = None, **changes: Any) -> AlertVersion:
        """Its version, not stored yet; `key` where it is drawn already."""
        values = {
            **self.values,
            **changes,
            "id": key,
            "event_id": event.pk,
            "number": number,
            "document_id": self.reading.document.pk,
            "received_at": self.reading.received_at,
            "content_sha": self.sha,
            "fingerprint": self.fingerprint,
        }
        return bulk.made(AlertVersion, values, event=event)


def insert(drafts: Sequence[Draft]) -> list[AlertVersion]:
    """Open an event for each message: one insert a table for all of them, inside a transaction.

    Raises IntegrityError when another worker has taken one of the names meanwhile; nothing is kept then, provided
    that the caller holds a savepoint.
    """
    _look_up(drafts)
    at = drafts[0].reading.received_at
    count = len(drafts)
    incidents, keys = bulk.keys(Incident, count), bulk.keys(Event, count)
    events = [_new_event(*row) for row in zip(keys, drafts, incidents, strict=True)]
    versions = [
        draft.version(event, 1, key)
        for key, draft, event in zip(bulk.keys(AlertVersion, count), drafts, events, strict=True)
    ]
    for draft, event, version in zip(drafts, events, versions, strict=True):
        _settle(event, version, draft)
        event.current_version = version
    types = [draft.normal.event_type for draft in drafts]
    opened: dict[str, Sequence[Any]] = {"id": incidents, "event_type": types, "lead_id": keys}
    bulk.insert_columns(Incident, opened, same={"created_at": at})
    bulk.insert(events)
    bulk.insert(versions)
    _insert_names(drafts, keys)
    record_all((f"alert.{outcome(version)}", version, _detail(version)) for version in versions)
    return versions


def _look_up(drafts: Sequence[Draft]) -> None:
    """Find the countries of all points at once."""
    points = list(dict.fromkeys(point for draft in drafts for point in points_of(draft.alert)))
    known = dict(zip(points, countries_at_each(points), strict=True))
    for draft in drafts:
        draft.known = known


def _insert_names(drafts: Sequence[Draft], events: Sequence[int]) -> None:
    """The names of messages as rows of their events (keys)."""
    names = [
        (event, draft.alert.status, name)
        for draft, event in zip(drafts, events, strict=True)
        for name in draft.names
    ]
    columns: dict[str, list[Any]] = {
        "id": list(bulk.keys(EventKey, len(names))),
        "event_id": [event for event, _status, _name in names],
        "status": [status for _event, status, _name in names],
        "key": [name.key for _event, _status, name in names],
        "sender": [name.sender for _event, _status, name in names],
    }
    bulk.insert_columns(EventKey, columns, same={"source_id": drafts[0].reading.source.pk})


def _new_event(key: int, draft: Draft, incident: int) -> Event:
    values, source = draft.values, draft.reading.source
    columns = {
        "id": key,
        "source_id": source.pk,
        "incident_id": incident,
        "identity_key": draft.alert.identifier,
        "status": draft.alert.status,
        "event_type": draft.normal.event_type,
        "countries": values["countries"],
        "started_at": values["onset_at"] or values["effective_at"] or values["sent_at"],
    }
    return bulk.made(Event, columns, source=source)


def add_version(draft: Draft, event: Event, *, is_reissue: bool = False) -> AlertVersion:
    """Store a further message of an event; it is not current yet."""
    newest = event.versions.aggregate(number=Max("number"))["number"] or 0
    changes: dict[str, Any] = {"is_reissue": is_reissue}
    if draft.alert.format in CATALOGUES and draft.alert.msg_type == "Alert":
        changes["msg_type"] = "Update"
    if not draft.alert.infos:
        changes["event_type"] = event.event_type
    version = draft.version(event, newest + 1, **changes)
    version.save(force_insert=True)
    return version


def remember(draft: Draft, event: Event) -> None:
    """Keep the names; a name that already means an event goes on meaning it."""
    EventKey.objects.bulk_create(key_rows(draft, event), ignore_conflicts=True)


def key_rows(draft: Draft, event: Event) -> list[EventKey]:
    """The names of a message as rows of an event."""
    return [
        EventKey(
            event=event, source_id=event.source_id, status=event.status, key=name.key, sender=name.sender
        )
        for name in draft.names
    ]


def move(event: Event, version: AlertVersion, draft: Draft) -> None:
    """Make a version current and open or end the event accordingly."""
    _settle(event, version, draft)
    event.current_version = version
    event.save(
        update_fields=[
            "current_version", "started_at", "ends_at", "event_type", "countries", "missing_since", "missing_polls",
            *_STATE_FIELDS,
        ]
    )  # fmt: skip


def _settle(event: Event, version: AlertVersion, draft: Draft) -> None:
    event.ends_at = version.ends_at
    event.started_at = min(event.started_at, version.begins_at)
    event.missing_since, event.missing_polls = None, 0
    if version.infos:
        event.event_type = version.event_type
        event.countries = version.countries
    at = draft.reading.received_at
    reason = ""
    if version.msg_type == "Cancel":
        reason = Event.EndReason.CANCELLED
    elif draft.normal.is_over:
        reason = Event.EndReason.ALL_CLEAR
    elif version.ends_at <= at:
        reason = Event.EndReason.EXPIRED
    set_state(event, reason, at)


_STATE_FIELDS = ("state", "ended_at", "ended_reason")


def set_state(event: Event, reason: str, at: datetime) -> None:
    """Open an event, or end it for a reason. Not stored."""
    if not reason:
        event.state, event.ended_at, event.ended_reason = Event.State.ACTIVE, None, ""
        return
    event.state = _ENDED_STATES.get(reason, Event.State.ENDED)
    event.ended_reason = reason
    event.ended_at = at


def end(events: Sequence[Event], reason: str, *, at: datetime, action: str, **detail: Any) -> None:
    """End locked events for one reason and say so in the log."""
    for event in events:
        set_state(event, reason, at)
    state = _ENDED_STATES.get(reason, Event.State.ENDED)
    Event.objects.filter(pk__in=[event.pk for event in events]).update(
        state=state, ended_at=at, ended_reason=reason
    )
    record_all((action, event, {"reason": str(reason), **detail}) for event in events)


def untie(versions: Iterable[AlertVersion]) -> None:
    """Let go of the way back from events to these versions; whoever asks for it reads it anew.

    Two rows that hold each other are freed by a search for cycles alone: thousands of them after each document.
    """
    for version in versions:
        event = version._state.fields_cache.get("event")
        if event is not None:
            event._state.fields_cache.pop("current_version", None)


def claims_the_future(version: AlertVersion) -> bool:
    """Whether nobody knows when a version was sent: its message came from the future."""
    return any(note.endswith(STANDS_IN) for note in version.notes)


def close_replaced(other: Event, version: AlertVersion, *, at: datetime) -> None:
    """End a further event that a message speaks of: cancelled with it, or continued in it."""
    current = other.current_version
    if not other.is_active:
        return
    if current is not None and current.sent_at > version.sent_at and not claims_the_future(current):
        return
    is_cancel = version.msg_type == "Cancel"
    set_state(other, Event.EndReason.CANCELLED if is_cancel else Event.EndReason.REPLACED, at)
    other.save(update_fields=_STATE_FIELDS)
    record("alert.replaced", by=None, subject=other, detail={"by": version.public_id})


def log(version: AlertVersion) -> None:
    """Say in the log what a further version did."""
    record(f"alert.{outcome(version)}", by=None, subject=version, detail=_detail(version))


def outcome(version: AlertVersion) -> str:
    """What a version that became current did."""
    if version.msg_type == "Cancel":
        return "cancelled"
    return "new" if version.number == 1 else "updated"


def _detail(version: AlertVersion) -> dict[str, Any]:
    return {"event": version.event.public_id, "state": version.event.state}
