"""Which incident an event belongs to: placing by the rule, merging and splitting by hand, who leads.

The rule is clustering.py. What somebody placed by hand it leaves alone: it neither moves such an event nor joins
another one to it on its account. Events are locked before incidents, both by key, so two workers cannot wait for
each other. Refuses to merge what has another CAP status: a test never stands beside anything actual.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.alerts.clustering import HARD, MOST_MEMBERS, Link, Sighting, contradicts, leading, link
from safeconduct.alerts.models import AlertVersion, Event, Incident
from safeconduct.alerts.sightings import Told, candidates, sightings_of
from safeconduct.audit.actions import record
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused

PLACEABLE = ("Actual", "Exercise")
PLACING = 0x706C616365
"""The key of the lock; nothing else of ours takes one."""
MOST_AT_ONCE = 500


def place_all(versions: Sequence[AlertVersion], *, at: datetime, are_new: bool = False) -> None:
    """Put the events of these versions into incidents, and choose who leads.

    Call it once in the transaction that wrote the versions: it asks a few questions for all of them together.
    `are_new`: all of these events were opened in this transaction, so nobody else has seen them.
    """
    if not settings.SAFECONDUCT_ONE_INCIDENT:
        return
    with transaction.atomic():
        events = {event.pk: event for event in _to_place(versions, are_new=are_new)}
        if not events:
            return
        _one_at_a_time()
        _Placing(events, at, are_new=are_new).run()


def _to_place(versions: Sequence[AlertVersion], *, are_new: bool) -> list[Event]:
    """The events of these versions, locked, with their `source` and `current_version`, by key."""
    if are_new:
        # Nobody has touched these since: they need not be read back.
        events = sorted((version.event for version in versions), key=lambda event: event.pk)
        return [event for event in events if event.status in PLACEABLE]
    rows = Event.objects.filter(status__in=PLACEABLE, current_version__isnull=False)
    ids = sorted({version.event_id for version in versions})
    return [
        event
        for part in _parts(ids)
        for event in rows.filter(pk__in=part)
        .select_for_update(of=("self",))
        .select_related("source", "current_version")
        .order_by("pk")
    ]


def _one_at_a_time() -> None:
    """Wait until nobody else is placing: two sources that tell of one shock in the same second must see each other.

    Held until the batch is committed. Whoever holds it waits for incidents alone, and whoever holds those does not
    wait for it, so there is no circle. SQLite has one writer anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PLACING])


class _Placing:
    """One batch: its events, everything near them, and the incidents of all of these."""

    def __init__(self, events: dict[int, Event], at: datetime, *, are_new: bool) -> None:
        self.events, self.at, self.are_new = events, at, are_new
        self.mine = Told(events.values(), are_new=are_new)
        near = candidates(self.mine, at)
        self.links = self._links(near)
        linked = sorted({other for pairs in self.links.values() for other, _link in pairs})
        self.touched = {
            pk
            for part in _parts(linked)
            for pk in Event.objects.filter(pk__in=part).values_list("incident_id", flat=True)
        } | {events[key].incident_id for key in self.links}

    def _links(self, near: dict[int, list[Sighting]]) -> dict[int, list[tuple[int, Link]]]:
        found: dict[int, list[tuple[int, Link]]] = {}
        for key, others in near.items():
            for other in others:
                if kind := link(self.mine[key], other, now=self.at):
                    found.setdefault(key, []).append((other.key, kind))
        return found

    def run(self) -> None:
        """Lock the incidents, move what is to be moved, and let the right member lead."""
        # What was opened a moment ago is alone in its incident.
        own = {event.incident_id for event in self.events.values()} if not self.are_new else set()
        multiple = _with_company(own)
        if not (multiple or self.touched):
            return
        leads = _locked(multiple | self.touched)
        members = _members(leads)
        self.seen = sightings_of([event for group in members.values() for event in group])
        concerned = [
            key
            for key in sorted(self.events)
            if key in self.links or self.events[key].incident_id in multiple
        ]
        self.seen |= {key: self.mine[key] for key in concerned}
        self.members, self.leads = members, leads
        changed: set[int] = set()
        for key in concerned:
            if event := self._current(key):
                changed |= self._place(event)
        changed |= multiple
        _choose_leads({pk: group for pk, group in self.members.items() if pk in changed}, self.seen)

    def _current(self, key: int) -> Event | None:
        """The event as it stands now that the incidents are locked; None if a hand moved it out of them meanwhile."""
        return next((event for group in self.members.values() for event in group if event.pk == key), None)

    def _place(self, event: Event) -> set[int]:
        """Move one event where it belongs; return the incidents that changed."""
        if event.is_placed_by_hand:
            return set()
        company = [other for other in self.members.get(event.incident_id, []) if other.pk != event.pk]
        if company:
            return self._leave(event) if self._has_left(event, company) else set()
        # What is over when it is first seen joins nothing: there is nothing left to tell.
        best = self._best(event) if event.is_active else None
        if best is None:
            return set()
        return self._move(event, best, "alike")

    def _has_left(self, event: Event, company: list[Event]) -> bool:
        placed = [self.seen[other.pk] for other in company if other.is_active and not other.is_placed_by_hand]
        return bool(placed) and all(contradicts(self.seen[event.pk], other) for other in placed)

    def _leave(self, event: Event) -> set[int]:
        before = event.incident_id
        alone = Incident.objects.create(event_type=event.event_type, created_at=self.at)
        self.members[alone.pk] = []
        return {before, *self._move(event, alone.pk, "no longer alike")}

    def _move(self, event: Event, to: int, why: str) -> set[int]:
        before = event.incident_id
        self.members[before] = [other for other in self.members.get(before, []) if other.pk != event.pk]
        self.members[to].append(event)
        event.incident_id = to
        Event.objects.filter(pk=event.pk).update(incident_id=to)
        target = Incident.objects.get(pk=to)
        record("alert.placed", by=None, subject=event, detail={"incident": target.public_id, "why": why})
        return {before, to}

    def _best(self, event: Event) -> int | None:
        """The incident that an event joins: linked by name first, then by what leads it; the older one in doubt."""
        kinds = dict(self.links.get(event.pk, []))
        found: list[tuple[bool, int]] = []
        for pk, group in self.members.items():
            if pk == event.incident_id or not 0 < len(group) < MOST_MEMBERS:
                continue
            lead = self.leads.get(pk)
            usable = {
                kinds[other.pk]: other
                for other in group
                if other.pk in kinds
                and not other.is_placed_by_hand
                and (kinds[other.pk] in HARD or other.pk == lead or len(group) == 1)
            }
            if usable and self._has_room(event, group, usable):
                found.append((not (HARD & usable.keys()), pk))
        return min(found)[1] if found else None

    def _has_room(self, event: Event, group: list[Event], usable: dict[Link, Event]) -> bool:
        """A source that tells of two things at once knows that they are two."""
        rivals = [other for other in group if other.is_active and other.source_id == event.source_id]
        return not rivals or ("language" in usable)


def _locked(ids: Collection[int]) -> dict[int, int | None]:
    """Lock incidents by key; return the lead of each."""
    rows = Incident.objects.select_for_update().filter(pk__in=list(ids)).order_by("pk")
    return dict(rows.values_list("pk", "lead_id"))


def _with_company(ids: Collection[int]) -> set[int]:
    """Incidents, of those given, with more than one event."""
    found: set[int] = set()
    for part in _parts(sorted(ids)):
        seen: set[int] = set()
        for pk in Event.objects.filter(incident_id__in=part).values_list("incident_id", flat=True):
            (found if pk in seen else seen).add(pk)
    return found


def _members(ids: Iterable[int]) -> dict[int, list[Event]]:
    groups: dict[int, list[Event]] = {pk: [] for pk in ids}
    for part in _parts(sorted(groups)):
        rows = Event.objects.filter(incident_id__in=part, current_version__isnull=False)
        for event in rows.select_related("source", "current_version").order_by("pk"):
            groups[event.incident_id].append(event)
    return groups


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + MOST_AT_ONCE] for start in range(0, len(ids), MOST_AT_ONCE)]


def _choose_leads(members: dict[int, list[Event]], seen: dict[int, Sighting]) -> None:
    """Write who leads; incidents that nothing is left of are removed."""
    for pk, group in members.items():
        if not group:
            Incident.objects.filter(pk=pk).delete()
            continue
        lead = leading([seen[event.pk] for event in group])
        Incident.objects.filter(pk=pk).exclude(lead_id=lead.key, event_type=lead.event_type).update(
            lead_id=lead.key, event_type=lead.event_type
        )


def hand_over_due(limit: int = 200) -> int:
    """Let an active member lead where the lead has ended; return how many incidents got another one."""
    led_by_none = (
        Event.objects.filter(state=Event.State.ACTIVE, current_version__isnull=False)
        .exclude(incident__lead=F("pk"))
        .exclude(incident__lead__state=Event.State.ACTIVE)
    )
    due = list(led_by_none.order_by("incident_id").values_list("incident_id", flat=True).distinct()[:limit])
    if not due:
        return 0
    with transaction.atomic():
        members = _members(_locked(due))
        _choose_leads(members, sightings_of([event for group in members.values() for event in group]))
    return len(due)


def siblings(event: Event) -> list[Event]:
    """Return the other events of an incident that have been read, the lead first, then active ones."""
    # Asked by the event's own key: the row in hand may be older than its placing.
    rows = (
        Event.objects.filter(incident__events=event.pk, current_version__isnull=False)
        .exclude(pk=event.pk)
        .select_related("source", "current_version", "incident")
        .defer("current_version__impact_area", "current_version__possible_area")
    )
    return sorted(
        rows, key=lambda row: (row.pk != row.incident.lead_id, not row.is_active, row.started_at, row.pk)
    )


def merge(target: Incident, others: Sequence[Incident], *, by: User, reason: str) -> Incident:
    """Make several incidents one, by hand; the rule leaves the events that moved. Nothing that was said is unsaid."""
    why = _reason(reason)
    ids = {target.pk, *(other.pk for other in others)}
    if len(ids) < 2:
        raise Refused("incident.same", _("Choose another event to merge with."))
    with transaction.atomic():
        events = _lock_events(ids)
        _locked(ids)
        if (
            not any(event.incident_id == target.pk for event in events)
            or len({e.incident_id for e in events}) < 2
        ):
            raise Refused("incident.gone", _("One of the events has been merged elsewhere meanwhile."))
        if len({event.status for event in events}) > 1:
            raise Refused("incident.status", _("An exercise or a test is never merged with an actual event."))
        moved = [event for event in events if event.incident_id != target.pk]
        Event.objects.filter(pk__in=[event.pk for event in moved]).update(
            incident_id=target.pk, is_placed_by_hand=True
        )
        members = _members(ids)
        _choose_leads(members, sightings_of([event for group in members.values() for event in group]))
        detail = {"events": [event.public_id for event in moved], "reason": why}
        record("incident.merged", by=by, subject=target, detail=detail)
    target.refresh_from_db()
    return target


def split(event: Event, *, by: User, reason: str) -> Incident:
    """Give an event an incident of its own, by hand; the rule leaves it there. Return the new one."""
    why = _reason(reason)
    with transaction.atomic():
        before = Incident.objects.get(pk=event.incident_id)
        events = _lock_events({before.pk})
        _locked({before.pk})
        if event.pk not in {row.pk for row in events}:
            raise Refused("incident.gone", _("The event has been moved elsewhere meanwhile."))
        if len(events) < 2:
            raise Refused("incident.alone", _("This is the only event here: there is nothing to split off."))
        alone = Incident.objects.create(event_type=event.event_type, created_at=clock.now())
        Event.objects.filter(pk=event.pk).update(incident_id=alone.pk, is_placed_by_hand=True)
        members = _members({before.pk, alone.pk})
        _choose_leads(members, sightings_of([row for group in members.values() for row in group]))
        detail = {"event": event.public_id, "from": before.public_id, "reason": why}
        record("incident.split", by=by, subject=alone, detail=detail)
    alone.refresh_from_db()
    event.refresh_from_db()
    return alone


def _lock_events(incidents: Collection[int]) -> list[Event]:
    rows: QuerySet[Event] = Event.objects.select_for_update().filter(incident_id__in=list(incidents))
    return list(rows.order_by("pk"))


def _reason(text: str) -> str:
    why = " ".join(text.split())[:500]
    if not why:
        raise Refused("incident.reason", _("Say why: it stays in the log."))
    return why
