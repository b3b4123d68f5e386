"""What a finding does to an exposure: open, renew, close, and when the person is told of it. No queries.

The rules of telling: who is newly concerned is told in full; who was told already hears once of each later version;
who no longer is concerned hears that once, unless the warning or the stay ended as announced or the traveller
changed the trip.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.matching.match import MARGIN
from safeconduct.matching.models import Exposure
from safeconduct.matching.reading import Finding

DETAILS = (
    "stop_id", "version_id", "strength", "distance_km", "place_label", "from_at", "to_at", "reason", "state",
    "opened_at", "tell_due_at", "told_at", "told_version_id", "closed_at", "closed_reason",
    "times_over",
)  # fmt: skip
SHARED = (
    "version_id", "state", "tell_due_at", "told_at", "told_version_id", "closed_at", "closed_reason",
)  # fmt: skip
FIELDS = tuple(name.removesuffix("_id") for name in DETAILS)


def opened(finding: Finding, now: datetime) -> Exposure:
    """Return a new exposure, not stored yet."""
    stay = finding.stay
    row = Exposure(
        organisation_id=stay.organisation_id,
        user_id=stay.user_id,
        trip_id=stay.trip_id,
        event_id=finding.version.event_id,
        opened_at=now,
        tell_due_at=finding.due_at,
    )
    _describe(row, finding)
    return row


def renew(row: Exposure, finding: Finding, now: datetime) -> bool:
    """Bring an exposure up to a finding and return whether anything changed. An older version changes nothing."""
    if finding.version.pk < row.version_id:
        return False
    before = _details(row)
    is_next = finding.version.pk != row.version_id
    _reopen(row, now)
    _describe(row, finding)
    if row.told_at is None:
        row.tell_due_at = finding.due_at
    elif is_next or row.told_version_id != row.version_id:
        row.tell_due_at = row.tell_due_at or now
    return _details(row) != before


def _reopen(row: Exposure, now: datetime) -> None:
    if row.state == Exposure.State.OPEN:
        return
    heard_the_end = row.closed_reason in Exposure.TOLD_AT_THE_END and row.tell_due_at is None
    if heard_the_end:
        # It begins anew for them, so it is told in full.
        row.told_at, row.told_version_id = None, None
        row.times_over += 1
    row.state, row.closed_at, row.closed_reason = Exposure.State.OPEN, None, ""
    row.opened_at, row.tell_due_at = now, None


def _describe(row: Exposure, finding: Finding) -> None:
    stay, match = finding.stay, finding.match
    row.version_id, row.stop_id = finding.version.pk, stay.stop_id
    row.strength, row.distance_km = match.strength, match.distance_km
    row.place_label, row.from_at, row.to_at = stay.label, stay.from_at, stay.to_at
    row.reason = finding.reason()


def close(row: Exposure, reason: str, now: datetime, *, version: AlertVersion | None = None) -> bool:
    """Close an exposure and return whether it was open. Whoever was told hears of the first two reasons."""
    if row.state == Exposure.State.CLOSED or (version is not None and version.pk < row.version_id):
        return False
    if reason in Exposure.TOLD_AT_THE_END and row.to_at + MARGIN < now:
        reason = Exposure.Closed.ENDED
    is_told = row.told_at is not None and reason in Exposure.TOLD_AT_THE_END
    row.state, row.closed_at, row.closed_reason = Exposure.State.CLOSED, now, reason
    row.tell_due_at = now if is_told else None
    if version is not None:
        row.version_id = version.pk
    return True


def end_reason(event: Event) -> str:
    """Return why the exposures of an event that is over are closed."""
    if event.ended_reason in (Event.EndReason.CANCELLED, Event.EndReason.ALL_CLEAR):
        return Exposure.Closed.CANCELLED
    if event.ended_reason == Event.EndReason.VANISHED:
        return Exposure.Closed.VANISHED
    return Exposure.Closed.ENDED


def _details(row: Exposure) -> list[object]:
    return [getattr(row, name) for name in DETAILS]


def split(rows: Iterable[Exposure], originals: dict[int, list[object]]) -> tuple[list[Exposure], list[Exposure]]:
    """Return the rows of which only SHARED changed, which many have alike, and those of which more did."""
    simple: list[Exposure] = []
    rich: list[Exposure] = []
    for row in rows:
        pairs = zip(DETAILS, _details(row), originals[row.pk], strict=True)
        changed = {name for name, new, old in pairs if new != old}
        (simple if changed <= set(SHARED) else rich).append(row)
    return simple, rich


def snapshot(rows: Iterable[Exposure]) -> dict[int, list[object]]:
    """Return the details of rows as they are now, for `split`."""
    return {row.pk: _details(row) for row in rows}
