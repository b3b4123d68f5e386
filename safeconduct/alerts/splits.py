"""Which of the events that a message speaks of it leaves alone: those that another message beside it goes on with.

Messages that come one by one, through an index or by hand, are not seen side by side. A warning that is split, or
an event that two messages say word for word, would be silenced by one half of it. Hence:

- *Split.* A message that refers to an earlier one stands beside another message of its sender that was sent at the
  same time (SAME_TIME) and continues the same event, where neither names the other. It leaves that event alone and
  is one of its own, told in full. The same holds for a later message that names its chain down to the common one.
  What goes on with an event that the other one has only ended (a part that is over) belongs to it.
- *Said again.* An event that is known under several names, word for word, goes on under those that a message does
  not name. What cancels or continues a part of them takes these along.

A name that a message bears itself is never split off. Where this leaves apart what belongs together, somebody is
told twice. Refuses to write anything but names.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Q

from safeconduct.alerts.endings import is_over
from safeconduct.alerts.models import AlertVersion, Event, EventKey
from safeconduct.alerts.names import chunks, folded, means, meant, rows_of
from safeconduct.alerts.names import is_one_voice as has_one_voice
from safeconduct.alerts.storing import CATALOGUES
from safeconduct.alerts.writing import Draft

SAME_TIME = timedelta(seconds=60)
"""Parts of one warning are written within this."""
SEGMENT = "vtec:"
"""A name that several segments of one VTEC event bear by right."""


def apart(draft: Draft, events: Sequence[Event]) -> tuple[Draft, list[Event], list[EventKey]]:
    """The message as it is to be stored, the events that it belongs to, and names that it takes along.

    `events` are those that its names mean, locked. Costs nothing for a message that refers to nobody, otherwise
    up to four questions.
    """
    names = [name for name in draft.names if _may_be_shared(draft, name.key)]
    if not events or not names or draft.alert.format in CATALOGUES:
        return draft, list(events), []
    source = draft.reading.source
    rows = rows_of((name.key for name in draft.names), source)
    own = set(meant(draft.alert, [name for name in draft.names if name not in names], rows, source))
    candidates = [event for event in events if event.pk not in own]
    if not candidates:
        return draft, list(events), []
    beside = _split_from(draft, candidates)
    partly = _said_elsewhere(draft, [event for event in candidates if event.pk not in beside])
    left = {*beside, *partly}
    if not left:
        return draft, list(events), []
    note = f"the message before it was split; {', '.join(sorted(beside.values()))[:300]} goes on with it"
    stays = _without(draft, left, notes=(note,) if beside else ())
    taken = [key for keys in partly.values() for key in keys]
    return stays, [event for event in events if event.pk not in left], taken


def _may_be_shared(draft: Draft, key: str) -> bool:
    """Whether a name is a reference, or one that messages side by side share."""
    own = {name[:400] for name in (draft.alert.identifier, *draft.alert.keys)}
    return key not in own or key.startswith(SEGMENT)


def _split_from(draft: Draft, candidates: Sequence[Event]) -> dict[int, str]:
    """Of the events: those that a message beside this one goes on with, and its identifier."""
    identifier = draft.alert.identifier
    referred = [item.identifier for item in draft.alert.references]
    keys = [event.pk for event in candidates]
    before: list[tuple[int, datetime]] = []
    for some in chunks(referred):
        rows = AlertVersion.objects.filter(event__in=keys, identifier__in=some)
        before += rows.values_list("event_id", "sent_at")
    sender, found = folded(draft.alert.sender), dict[int, str]()
    over = is_over(draft.alert)
    for event in candidates:
        moments = [draft.sent_at, *(sent_at for pk, sent_at in before if pk != event.pk)]
        near = Q()
        for moment in moments[:50]:
            near |= Q(sent_at__range=(moment - SAME_TIME, moment + SAME_TIME))
        versions = list(
            AlertVersion.objects.filter(near | Q(identifier__in=referred[:50]), event=event.pk)
            .order_by("-number")
            .only(*_READ)
        )
        chain = _chain([identifier, *referred], versions)
        for one in versions:
            if folded(one.sender) != sender or one.identifier in chain:
                continue
            if identifier in {item[1] for item in one.references}:
                continue
            if not over and _has_only_ended(one, event, draft):
                continue
            found[event.pk] = one.identifier
            break
    return found


def _chain(identifiers: Sequence[str], versions: Sequence[AlertVersion]) -> set[str]:
    """The identifiers that messages name, and those that these name in turn: one after the other, not beside."""
    named: dict[str, set[str]] = {}
    for one in versions:
        named.setdefault(one.identifier, set()).update(str(item[1]) for item in one.references)
    found, waiting = set(identifiers), list(identifiers)
    while waiting:
        for identifier in named.get(waiting.pop(), set()) - found:
            found.add(identifier)
            waiting.append(identifier)
    return found


_READ = ("event_id", "number", "identifier", "sender", "sent_at", "references", "msg_type")


def _has_only_ended(beside: AlertVersion, event: Event, draft: Draft) -> bool:
    """Whether the message beside it is the event's last word and says that its part is over."""
    return (
        event.current_version_id == beside.pk
        and event.ended_reason in (Event.EndReason.CANCELLED, Event.EndReason.ALL_CLEAR)
        and draft.sent_at >= beside.sent_at
    )


def _said_elsewhere(draft: Draft, candidates: Sequence[Event]) -> dict[int, list[EventKey]]:
    """Of the events: those that go on under names that the message does not name, with the names that it does."""
    one_voice = has_one_voice(draft.reading.source)
    over = is_over(draft.alert)
    keys: dict[int, list[EventKey]] = {}
    for key in EventKey.objects.filter(event__in=[event.pk for event in candidates]).order_by("pk"):
        keys.setdefault(key.event_id, []).append(key)
    found: dict[int, list[EventKey]] = {}
    for event in candidates:
        known = keys.get(event.pk, [])
        if not any(key.repeated_at for key in known):
            continue
        current = event.current_version.identifier[:400] if event.current_version else ""
        holding = [key for key in known if key.gone_at is None and (key.repeated_at or key.key == current)]
        named = [
            key
            for key in known
            if any(means(name, key.key, key.sender, one_voice=one_voice) for name in draft.names)
        ]
        # What only names a message whose place another one took is believed, unless it would end that one.
        is_partial = any(key not in named for key in holding)
        if is_partial and (over or any(key in named for key in holding)):
            found[event.pk] = named
    return found


def _without(draft: Draft, events: Collection[int], *, notes: tuple[str, ...]) -> Draft:
    """The message without the names that mean these events."""
    taken: set[str] = set()
    for some in chunks([name.key for name in draft.names]):
        rows = EventKey.objects.filter(source=draft.reading.source, event__in=list(events), key__in=some)
        taken.update(rows.values_list("key", flat=True))
    other = copy.copy(draft)
    vars(other).pop("values", None)
    other.alert = replace(draft.alert, notes=(*draft.alert.notes, *notes))
    other.names = tuple(
        name for name in draft.names if name.key not in taken or not _may_be_shared(draft, name.key)
    )
    return other


def take_along(names: Sequence[EventKey], event: int) -> None:
    """Give names that a message took from another event to its own."""
    if names:
        rows = EventKey.objects.filter(pk__in=[name.pk for name in names])
        rows.update(event=event, repeated_at=None, gone_at=None)
