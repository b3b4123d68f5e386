"""Applying a message: find its event, write a version, move or end the event. One transaction each.

The only writer of events and versions. It refuses to change a version, to let a test touch an actual event,
and to let a message of one source end another source's event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from safeconduct.alerts.impact import impact_area
from safeconduct.alerts.models import AlertVersion, Event, EventKey
from safeconduct.alerts.normalise import normalise
from safeconduct.alerts.parsed import ParsedAlert
from safeconduct.alerts.storing import columns
from safeconduct.audit.actions import record
from safeconduct.feeds.models import Document, Source


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


@dataclass(frozen=True)
class _Name:
    """A name under which a message knows an event: an identifier, and who speaks of it."""

    key: str
    sender: str


class _Overtaken(Exception):
    """Another worker opened the event of the same message a moment ago."""


def apply(alert: ParsedAlert, *, source: Source, document: Document, received_at: datetime) -> Applied:
    """Store one message of a source. Saying the same again changes nothing."""
    try:
        return _apply(alert, source, document, received_at)
    except _Overtaken:
        return _apply(alert, source, document, received_at)


def _apply(alert: ParsedAlert, source: Source, document: Document, received_at: datetime) -> Applied:
    with transaction.atomic():
        events = _known_events(alert, source)
        event = events[0] if events else None
        sha = alert.content_sha()
        if event and (same := event.versions.filter(content_sha=sha).first()):
            return Applied(Outcome.UNCHANGED, same)
        event, version = _write(alert, event, sha, source, document, received_at)
        _remember_names(alert, event)
        is_first = version.number == 1
        if not is_first and _is_outdated(version, event):
            record("alert.kept_outdated", by=None, subject=version, detail={"event": event.public_id})
            return Applied(Outcome.UNCHANGED, version)
        _move(event, version, is_over=normalise(alert).is_over, at=received_at)
        for other in events[1:]:
            _close_replaced(other, version, at=received_at)
        outcome = _outcome(version, is_first)
        detail = {"event": event.public_id, "state": event.state}
        record(f"alert.{outcome}", by=None, subject=version, detail=detail)
        return Applied(outcome, version)


def _known_events(alert: ParsedAlert, source: Source) -> list[Event]:
    """The events that a message belongs to or speaks of, its own first.

    By own names first, then by the identifiers it refers to: `sent` in a reference is often another one, so it
    does not decide. References to oneself add nothing; unknown ones are remembered by `_remember_names`, so a
    message that arrives after its successor, or two that refer to each other, meet in one event.
    """
    names = _names(alert)
    rows = list(
        EventKey.objects.filter(
            source=source, status=alert.status, key__in={name.key for name in names}
        ).order_by("event_id")
    )
    order = list(dict.fromkeys(row.event_id for name in names for row in rows if _means(name, row)))
    # Locked in one order by everybody, so that two workers cannot wait for each other.
    locked = {
        event.pk: event for event in Event.objects.select_for_update().filter(pk__in=order).order_by("pk")
    }
    return [locked[key] for key in order]


def _names(alert: ParsedAlert) -> list[_Name]:
    """Every name by which a message knows its event, own ones first.

    A sender updates and cancels its own messages: the sender in a reference is often misspelt and does not count,
    unless the message names none itself. Otherwise one sender of a relay could end, or silence beforehand, what
    another one warns of.
    """
    own = [_Name(key[:400], _folded(alert.sender)) for key in alert.keys]
    referred = [
        _Name(item.identifier[:400], _folded(alert.sender or item.sender)) for item in alert.references
    ]
    return list(dict.fromkeys([*own, *referred]))


def _means(name: _Name, row: EventKey) -> bool:
    """Whether a name means the event that is known by a row.

    The same identifier of another sender is another message (CAP 1.2 §3.2.1: identifier, sender and sent name
    it together).
    """
    return name.key == row.key and (name.sender == row.sender or not name.sender or not row.sender)


def _folded(sender: str) -> str:
    return sender.strip().casefold()[:200]


def _write(
    alert: ParsedAlert,
    event: Event | None,
    sha: str,
    source: Source,
    document: Document,
    received_at: datetime,
) -> tuple[Event, AlertVersion]:
    normal = normalise(alert)
    values = columns(alert, normal, impact_area(alert, source.country_code), received_at=received_at)
    if event is None:
        number = 1
        event = Event.objects.create(
            source=source,
            identity_key=alert.identifier,
            status=alert.status,
            event_type=normal.event_type,
            countries=values["countries"],
            started_at=values["onset_at"] or values["effective_at"] or values["sent_at"],
        )
    else:
        number = event.versions.count() + 1
        if alert.format == "usgs" and alert.msg_type == "Alert":
            values["msg_type"] = "Update"
        if not alert.infos:
            values["event_type"] = event.event_type
    version = AlertVersion.objects.create(
        event=event, number=number, document=document, received_at=received_at, content_sha=sha, **values
    )
    return event, version


def _remember_names(alert: ParsedAlert, event: Event) -> None:
    """Keep the names; a name that already means an event goes on meaning it."""
    names = _names(alert)
    EventKey.objects.bulk_create(
        [
            EventKey(
                event=event, source_id=event.source_id, status=event.status, key=name.key, sender=name.sender
            )
            for name in names
        ],
        ignore_conflicts=True,
    )
    own = names[0]
    kept = EventKey.objects.filter(
        source_id=event.source_id, status=event.status, key=own.key, sender=own.sender
    ).first()
    if kept is not None and kept.event_id != event.pk and event.current_version_id is None:
        raise _Overtaken


def _is_outdated(version: AlertVersion, event: Event) -> bool:
    """Whether the event has moved on: a message sent before the current one, or at once but referred to by it."""
    current = event.current_version
    if current is None:
        return False
    if version.sent_at != current.sent_at:
        return version.sent_at < current.sent_at
    referred = {identifier for _, identifier, _ in current.references}
    return version.identifier in referred and version.identifier != current.identifier


def _move(event: Event, version: AlertVersion, *, is_over: bool, at: datetime) -> None:
    """Make a version current and open or end the event accordingly."""
    event.current_version = version
    event.ends_at = version.ends_at
    event.started_at = min(event.started_at, version.begins_at)
    if version.infos:
        event.event_type = version.event_type
        event.countries = version.countries
    reason = ""
    if version.msg_type == "Cancel":
        reason = Event.EndReason.CANCELLED
    elif is_over:
        reason = Event.EndReason.ALL_CLEAR
    elif version.ends_at <= at:
        reason = Event.EndReason.EXPIRED
    _set_state(event, reason, at)


def _set_state(event: Event, reason: str, at: datetime) -> None:
    if not reason:
        event.state, event.ended_at, event.ended_reason = Event.State.ACTIVE, None, ""
    else:
        is_cancelled = reason == Event.EndReason.CANCELLED
        event.state = Event.State.CANCELLED if is_cancelled else Event.State.ENDED
        event.ended_reason = reason
        event.ended_at = at
    event.save()


def _close_replaced(other: Event, version: AlertVersion, *, at: datetime) -> None:
    """End a further event that a message speaks of: cancelled with it, or continued in it."""
    current = other.current_version
    if not other.is_active or (current is not None and current.sent_at > version.sent_at):
        return
    is_cancel = version.msg_type == "Cancel"
    _set_state(other, Event.EndReason.CANCELLED if is_cancel else Event.EndReason.REPLACED, at)
    record("alert.replaced", by=None, subject=other, detail={"by": version.public_id})


def _outcome(version: AlertVersion, is_first: bool) -> Outcome:
    if version.msg_type == "Cancel":
        return Outcome.CANCELLED
    return Outcome.NEW if is_first else Outcome.UPDATED


def end_passed(event: Event, *, at: datetime) -> bool:
    """End an event whose time has passed; False when somebody else moved it meanwhile."""
    with transaction.atomic():
        row = (
            Event.objects.select_for_update()
            .filter(pk=event.pk, state=Event.State.ACTIVE, ends_at__lte=at)
            .first()
        )
        if row is None:
            return False
        _set_state(row, Event.EndReason.EXPIRED, at)
        record("alert.ended", by=None, subject=row, detail={"reason": Event.EndReason.EXPIRED.value})
        return True
