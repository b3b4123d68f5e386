"""Messages that say again, under new identifiers, what is known: nobody is told twice, and nothing new is lost.

*Exact*: word for word (apart from names, sending time and links) what an active event says, with an area that is not
only words, and the event's own names have left the list or index. The message's names become names of that event;
there is no new version. Messages that no list names (handed in, say) may both be in force: then the event goes on
until each of its names is cancelled (splits.py).

*Loose*: a whole feed under new identifiers. Only when at least LEAST messages of a document are unknown, SHARE of
the source's active events (LEAST at least) have left it, and as many of them are found again one to one: same
sender, event type, severity and area, at overlapping times. Each becomes a version marked `is_reissue`.

Everything that matches nothing is new. Refuses to pair across sources, senders or statuses; within one document two
messages that say the same stay two events, so that ending one leaves the other.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max

from safeconduct.alerts.models import AlertVersion, Event, EventKey
from safeconduct.alerts.names import chunks, folded, rows_of
from safeconduct.alerts.writing import Draft, Reading
from safeconduct.feeds.models import Document, LinkedMessage, Reissue

LEAST = 20
SHARE = 0.8


@dataclass(frozen=True)
class Repeated:
    """An event, locked, that a message says again. `has_left`: a list no longer names what it was called before."""

    event: Event
    has_left: bool
    document: Document | None = None
    """The message, where an index names it by its address alone."""


def exact(draft: Draft) -> Repeated | None:
    """The active event that an unknown message says again word for word; None when there is none.

    Refuses to join what names its area in words alone: two districts may be warned in the same words.
    """
    if not draft.fingerprint or not _has_area(draft):
        return None
    source = draft.reading.source
    alike = Event.objects.select_for_update(of=("self",)).filter(
        source=source,
        status=draft.alert.status,
        state=Event.State.ACTIVE,
        current_version__fingerprint=draft.fingerprint,
    )
    is_linked: bool | None = None
    for event in alike.select_related("current_version").order_by("pk"):
        keys = set(event.keys.values_list("key", flat=True))
        listed = _listed(event)
        if listed or keys & draft.reading.present:
            continue
        document = draft.reading.document
        is_linked = document.links.filter(source=source).exists() if is_linked is None else is_linked
        has_left = draft.reading.is_list or (is_linked and listed is False)
        return Repeated(event, has_left, document if is_linked else None)
    return None


def _has_area(draft: Draft) -> bool:
    return any(
        area.polygons or area.circles or area.geocodes for info in draft.alert.infos for area in info.areas
    )


def _listed(event: Event) -> bool | None:
    """Whether a message of an event stands in the source's index still; None: no index ever named it."""
    links = LinkedMessage.objects.filter(source_id=event.source_id)
    documents = set(event.keys.exclude(document=None).values_list("document_id", flat=True))
    if event.current_version is not None:
        documents.add(event.current_version.document_id)
    mine = links.filter(document__in=documents)
    seen = mine.aggregate(at=Max("listed_at"))["at"]
    if seen is None:
        return None
    # Of two indexes each notes its own messages at its own time: that one is older says nothing.
    return bool(seen == links.aggregate(at=Max("listed_at"))["at"] or links.filter(level__gt=1).exists())


def take_over(draft: Draft, repeated: Repeated) -> None:
    """Note under which name an event goes on. The names before it hold it up no more if a list dropped them."""
    names = EventKey.objects.filter(event=repeated.event)
    at = draft.reading.received_at
    own = draft.alert.identifier[:400]
    if repeated.has_left:
        names.filter(gone_at=None).exclude(key=own).update(gone_at=at)
    names.filter(key=own).update(repeated_at=at, gone_at=None, document=repeated.document)


def says_the_same(draft: Draft, event: Event) -> bool:
    """Whether a message known by another name of its event only repeats what the event says."""
    current = event.current_version
    return (
        current is not None
        and event.is_active
        and bool(draft.fingerprint)
        and draft.fingerprint == current.fingerprint
        and (not draft.alert.references or _is_repetition(draft, event))
        and draft.alert.identifier != current.identifier
        # A first message that arrives late may read like its update: it is kept.
        and draft.sent_at >= current.sent_at
    )


def _is_repetition(draft: Draft, event: Event) -> bool:
    return event.keys.filter(key=draft.alert.identifier[:400], repeated_at__isnull=False).exists()


def locked(key: int) -> Event | None:
    """An event by its key, locked."""
    return Event.objects.select_for_update().filter(pk=key).first()


def active_fingerprints(drafts: Iterable[Draft], reading: Reading) -> set[str]:
    """Of the fingerprints of these messages: those that an active event of the source has now."""
    found: set[str] = set()
    for some in chunks([draft.fingerprint for draft in drafts if draft.fingerprint]):
        rows = AlertVersion.objects.filter(
            fingerprint__in=some, current_of__source=reading.source, current_of__state=Event.State.ACTIVE
        )
        found.update(rows.values_list("fingerprint", flat=True))
    return found


def repeated(fresh: Sequence[Draft], reading: Reading) -> dict[str, int]:
    """Which messages of a document, by identifier, say again which active events (keys), all under new names.

    `fresh` are those whose content is not known. Empty unless the feed as a whole was issued again.
    """
    fresh = [draft for draft in fresh if draft.alert.infos and draft.alert.msg_type != "Cancel"]
    if len(fresh) < LEAST:
        return {}
    active = dict(
        Event.objects.filter(source=reading.source, state=Event.State.ACTIVE, status="Actual").values_list(
            "pk", "current_version_id"
        )
    )
    if len(active) < LEAST:
        return {}
    gone = set(active) - _present(reading)
    if len(gone) < SHARE * len(active):
        return {}
    taken = {row[1] for row in rows_of({name.key for draft in fresh for name in draft.names}, reading.source)}
    unknown = [draft for draft in fresh if not taken & {name.key for name in draft.names}]
    if len(unknown) < LEAST:
        return {}
    pairs = _pairs(unknown, [active[key] for key in sorted(gone)])
    return pairs if len(pairs) >= max(LEAST, SHARE * len(active)) else {}


def _present(reading: Reading) -> set[int]:
    """The events of the source that a document names."""
    found: set[int] = set()
    for some in chunks(reading.present):
        rows = EventKey.objects.filter(source=reading.source, key__in=some)
        found.update(rows.values_list("event_id", flat=True))
    return found


def _pairs(unknown: Sequence[Draft], versions: Sequence[int | None]) -> dict[str, int]:
    """One to one: identifier of a message, key of the event that it says again."""
    known: dict[tuple[str, ...], list[AlertVersion]] = defaultdict(list)
    for some in chunks([str(key) for key in versions if key is not None]):
        for version in AlertVersion.objects.filter(pk__in=some).order_by("event_id"):
            known[_signature(version.sender, vars(version))].append(version)
    pairs: dict[str, int] = {}
    for draft in unknown:
        alike = known[_signature(draft.alert.sender, draft.values)]
        begins = draft.values["onset_at"] or draft.values["effective_at"] or draft.values["sent_at"]
        for version in alike:
            if _overlap(begins, draft.values["ends_at"], version):
                alike.remove(version)
                pairs[draft.alert.identifier] = version.event_id
                break
    return pairs


def _signature(sender: str, values: dict[str, Any]) -> tuple[str, ...]:
    area: Collection[Any] = values["impact_area"] or values.get("possible_area") or b""
    if area:
        digest = hashlib.sha256(bytes(area)).hexdigest()
    else:
        named = {
            (str(scheme), str(code))
            for info in values["infos"]
            for place in info["areas"]
            for scheme, code in place["geocodes"]
        }
        digest = repr(sorted(named) or sorted(values["area_names"]))
    return folded(sender), values["event_type"], values["severity"], digest


def _overlap(begins: datetime, ends: datetime, version: AlertVersion) -> bool:
    return begins < version.ends_at and version.begins_at < ends


def note(reading: Reading, *, count: int, new_count: int) -> None:
    """Keep for the operator that a feed was issued again. Few messages are no such thing."""
    if count >= LEAST:
        Reissue.objects.create(
            source=reading.source,
            document=reading.document,
            at=reading.received_at,
            count=count,
            new_count=new_count,
        )
