"""What subscribers know of an incident, by whichever source, and what a further source adds to it.

A source that says nothing worse about the same destinations is not told again. It is told when the one that was told
no longer reaches the destination: nobody hears “over” while another source still warns of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.alerts.queries import reaches_travellers
from safeconduct.matching import emails
from safeconduct.matching.actions import Everybody
from safeconduct.matching.ranks import rank
from safeconduct.matching.together import is_authoritative, speaks_for
from safeconduct.places.models import Place

Reach = Callable[[AlertVersion, Collection[Place]], frozenset[int]]
"""Which places, by key, a version reaches."""


@dataclass(frozen=True)
class Heard:
    """What somebody was told of one event by subscription last. `places`: about which destinations, None: unknown."""

    version_id: int
    severity: str
    places: frozenset[int] | None
    order: int


class Known:
    """One incident as the subscribers of a page know it. Empty, and without a question, for an event of its own."""

    def __init__(
        self,
        version: AlertVersion,
        users: Collection[int],
        places: Collection[Place],
        everybody: Everybody,
        reach: Reach,
        now: datetime,
    ) -> None:
        self.own = version.event_id
        others = Event.objects.filter(incident__events=self.own).exclude(pk=self.own)
        events = list(others.select_related("source", "current_version", "incident"))
        self.names = {event.pk: event.source.name for event in events}
        self.lead_id = events[0].incident.lead_id if events else None
        self._official = {
            event.pk for event in events if speaks_for(event.current_version, event.source, version)
        }
        self.reached: dict[int, frozenset[int]] = {}
        for event in events:
            self.reached[event.pk] = _reached(event, places, reach, now)
        self._heard = _heard([self.own, *self.names], users, everybody)

    @property
    def is_shared(self) -> bool:
        """Return whether other sources tell of the incident."""
        return bool(self.names)

    def own_version(self, user: int) -> int | None:
        """Return the version of the event itself that a person was told last, while it is not over for them."""
        heard = self._heard.get(user, {}).get(self.own)
        return heard.version_id if heard else None

    def own_places(self, user: int) -> frozenset[int]:
        """Return the destinations that this was about."""
        heard = self._heard.get(user, {}).get(self.own)
        return (heard.places or frozenset()) if heard else frozenset()

    def _others(self, user: int) -> dict[int, Heard]:
        return {pk: heard for pk, heard in self._heard.get(user, {}).items() if pk != self.own}

    def covering(self, user: int, places: Collection[int]) -> dict[int, Heard]:
        """Return what the person heard of other events that reach some of the places now, if together all of them."""
        found: dict[int, Heard] = {}
        covered: set[int] = set()
        for pk, heard in self._others(user).items():
            share = (heard.places or frozenset()) & self.reached[pk] & frozenset(places)
            if share:
                found[pk] = heard
                covered |= share
        return found if covered >= set(places) else {}

    def gone(self, user: int, places: Collection[int]) -> int | None:
        """Return the event that told the person of one of the places and holds there no more; the latest."""
        told = [
            (heard.order, pk)
            for pk, heard in self._others(user).items()
            if (heard.places or frozenset()) & frozenset(places)
            and not (self.reached[pk] & frozenset(places))
        ]
        return max(told)[1] if told else None

    def still(self, places: Collection[int]) -> int | None:
        """Return another event that reaches one of the places now."""
        found = [pk for pk, reached in self.reached.items() if reached & frozenset(places)]
        return min(found, key=lambda pk: (pk != self.lead_id, pk)) if found else None

    def is_worse(self, version: AlertVersion, covering: dict[int, Heard], user: int) -> bool:
        """Return whether a version is worse than everything that the person heard of it."""
        own = self._heard.get(user, {}).get(self.own)
        known = [heard.severity for heard in (*covering.values(), *([own] if own else []))]
        return rank(version.severity) > max((rank(severity) for severity in known), default=0)

    def is_first_official(self, version: AlertVersion, covering: dict[int, Heard], user: int) -> bool:
        """Return whether an authority speaks now of what the person knows from an estimate or a relay alone."""
        is_new = self.own_version(user) is None and is_authoritative(version, version.event.source)
        return is_new and not self._official & covering.keys()

    def leads(self, user: int, covering: dict[int, Heard]) -> bool:
        """Return whether the event itself is the one whose updates the person hears: the lead's, else the first."""
        if self.lead_id == self.own or not covering:
            return True
        own = self._heard.get(user, {}).get(self.own)
        return (
            self.lead_id not in covering
            and own is not None
            and own.order < min(h.order for h in covering.values())
        )


def _reached(event: Event, places: Collection[Place], reach: Reach, now: datetime) -> frozenset[int]:
    version = event.current_version
    if version is None or event.state != Event.State.ACTIVE or version.ends_at <= now:
        return frozenset()
    version.event = event
    return reach(version, places) if reaches_travellers(version) else frozenset()


def _heard(
    events: Collection[int], users: Collection[int], everybody: Everybody
) -> dict[int, dict[int, Heard]]:
    """Person → event → what they heard last. “Over” takes back what all events told about the same destinations."""
    subjects = {f"event:{pk}": pk for pk in events}
    rows = everybody.notices.filter(
        subject_key__in=list(subjects), kind=emails.SUBSCRIPTION.code, told=True, user_id__in=users
    ).order_by("created_at", "pk")
    found: dict[int, dict[int, Heard]] = {}
    for order, notice in enumerate(rows):
        event, mine = subjects[notice.subject_key], found.setdefault(notice.user_id, {})
        listed = notice.context.get("places")
        places = frozenset(listed) if listed is not None else None
        if notice.context.get("change") != "ended":
            first = mine[event].order if event in mine else order
            mine[event] = Heard(int(notice.context.get("version_id", 0)), notice.severity, places, first)
            continue
        mine.pop(event, None)
        for other, heard in list(mine.items()):
            if places is not None and heard.places is not None and heard.places <= places:
                del mine[other]
    return found
