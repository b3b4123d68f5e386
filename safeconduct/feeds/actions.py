"""Keeping documents and rejections; setting up and changing sources. Every change of a source is audited."""

from __future__ import annotations

import csv
import hashlib
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import models, transaction

from safeconduct.audit.actions import record
from safeconduct.feeds.models import Document, Rejection, Source
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.places.regions import countries_in

SOURCES_FILE = Path(__file__).parent / "data" / "sources.csv"
EDITABLE = (
    "name", "url", "country_code", "language", "licence", "attribution", "src", "display", "trust",
    "severity_floor", "poll_seconds", "request_seconds", "stale_after_seconds", "lists_all", "window_seconds",
)  # fmt: skip
LEAST_POLL_SECONDS = 60
FIRST_POLL_SPACING = 2.0
"""Seconds between the first polls of sources that are switched on together."""
PACKED = 3
"""How hard zlib tries with a document: half the time of its usual 6, for a fifth more bytes."""


def keep_document(body: bytes, *, origin: str, content_type: str = "", received_at: datetime) -> Document:
    """Keep raw bytes once by content; the first origin stays."""
    sha256 = hashlib.sha256(body).hexdigest()
    document = Document.objects.filter(sha256=sha256).first()
    if document is None:
        document, _ = Document.objects.get_or_create(
            sha256=sha256,
            defaults={
                "body": zlib.compress(body, PACKED),
                "size": len(body),
                "content_type": content_type[:100],
                "origin": origin[:500],
                "received_at": received_at,
            },
        )
    return document


def note_handed_in(source: Source, document_name: str, at: datetime) -> None:
    """Note that a document of this source was read that somebody handed in as a file of this name."""
    Source.objects.filter(pk=source.pk).update(handed_in_at=at, handed_in_as=document_name[:200])


def record_rejections(
    document: Document, problems: Iterable[tuple[str, str]], *, source: Source | None, at: datetime
) -> None:
    """Keep what was refused in a document; the same refusal of the same document once."""
    known = set(document.rejections.values_list("where", "problem"))
    rows = [(where[:500], problem[:1000]) for where, problem in problems]
    Rejection.objects.bulk_create(
        Rejection(document=document, source=source, where=where, problem=problem, created_at=at)
        for where, problem in dict.fromkeys(rows)
        if (where, problem) not in known
    )


@transaction.atomic
def install_sources() -> int:
    """Add the sources we know that are missing; what an operator changed stays. Return how many were added.

    The worldwide ones are polled from the start in a new folder; one that comes with an upgrade waits for its operator.
    """
    added = 0
    now = clock.now()
    is_new_folder = not Source.objects.exclude(url="").exists()
    with SOURCES_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            is_enabled = row.pop("enabled") == "yes" and is_new_folder
            numbers = {
                "poll_seconds": int(row["poll_seconds"]),
                "request_seconds": float(row["request_seconds"]),
                "stale_after_seconds": int(row["stale_after_seconds"])
                if row["stale_after_seconds"]
                else None,
                "window_seconds": int(row["window_seconds"]) if row["window_seconds"] else None,
                "lists_all": row["lists_all"] == "yes",
            }
            values: dict[str, Any] = {
                **row, **numbers, "is_enabled": is_enabled,
                "due_at": _first_poll(int(row["poll_seconds"]), now) if is_enabled else None,
            }  # fmt: skip
            source, created = Source.objects.get_or_create(key=values.pop("key"), defaults=values)
            if created:
                record("source.installed", by=None, subject=source, detail={"key": source.key})
                added += 1
    return added


@transaction.atomic
def by_hand(format: str) -> Source:
    """The source that documents without a named one belong to."""
    source, _ = Source.objects.get_or_create(
        key=f"by-hand-{format}",
        defaults={
            "name": f"Read by hand ({format.upper()})",
            "format": format,
            "trust": Source.Trust.OTHER,
        },
    )
    return source


@transaction.atomic
def add_source(*, by: models.Model, key: str, format: str, **values: Any) -> Source:
    """Add a source; it is not polled until it is switched on."""
    if Source.objects.filter(key=key).exists():
        raise Refused("source.key_taken", "There is already a source with this key.")
    source = Source(key=key, format=format, **_allowed(values))
    source.full_clean(exclude=["due_at"])
    source.save(force_insert=True)
    record("source.added", by=by, subject=source, detail={"key": key})
    return source


@transaction.atomic
def edit_source(source: Source, *, by: models.Model, **values: Any) -> None:
    """Change what an operator may change; a new address forgets the old one's validators."""
    changed = {name: value for name, value in _allowed(values).items() if getattr(source, name) != value}
    if not changed:
        return
    for name, value in changed.items():
        setattr(source, name, value)
    if "url" in changed:
        source.etag = source.last_modified = ""
    source.full_clean()
    source.save(update_fields=[*changed, "etag", "last_modified"])
    record("source.changed", by=by, subject=source, detail={"fields": sorted(changed)})


def _allowed(values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(values) - set(EDITABLE)
    if unknown:
        raise ValueError(f"not a field of a source: {sorted(unknown)}")
    if int(values.get("poll_seconds") or LEAST_POLL_SECONDS) < LEAST_POLL_SECONDS:
        raise Refused("source.too_often", "A source is asked once a minute at most.")
    return dict(values)


@transaction.atomic
def enable_source(source: Source, *, by: models.Model | None) -> None:
    """Begin to poll a source, at once."""
    if not source.url:
        raise Refused("source.no_address", "This source has no address to poll.")
    if source.is_enabled:
        return
    source.is_enabled = True
    source.due_at = _first_poll(source.poll_seconds, clock.now())
    source.save(update_fields=["is_enabled", "due_at"])
    record("source.enabled", by=by, subject=source, detail={})


def _first_poll(poll_seconds: int, now: datetime) -> datetime:
    """When a source that is switched on is asked first: at once, or after the others that wait for their first poll.

    A region of a hundred sources does not come in one burst, now and at every poll after; nobody waits longer than
    an ordinary poll.
    """
    waiting = Source.objects.filter(is_enabled=True, last_ok_at__isnull=True, last_failed_at__isnull=True)
    last: datetime | None = waiting.aggregate(last=models.Max("due_at"))["last"]
    if last is None:
        return now
    turn = max(now, last + timedelta(seconds=FIRST_POLL_SPACING))
    return min(turn, now + timedelta(seconds=poll_seconds))


def switchable(region: str) -> tuple[list[Source], list[Source]]:
    """Sources of a region that can be switched on, and those left out because another language has them too.

    `region`: an M49 code, or a country (ISO 3166-1 alpha-2). An authority with one feed per language (`bj-meteo-en`,
    `bj-meteo-fr`) says the same in each: English comes first, so that nobody hears of everything twice.
    """
    rows = list(Source.objects.filter(country_code__in=countries_in(region)).exclude(url="").order_by("key"))
    by_authority: dict[str, list[Source]] = {}
    for row in rows:
        authority, _dash, language = row.key.rpartition("-")
        is_one_of_many = len(language) in (2, 3) and language == row.language
        by_authority.setdefault(authority if is_one_of_many else row.key, []).append(row)
    chosen = [min(group, key=lambda row: (row.language != "en", row.key)) for group in by_authority.values()]
    picked = {row.pk for row in chosen}
    return chosen, [row for row in rows if row.pk not in picked]


@transaction.atomic
def enable_region(region: str, *, by: models.Model | None) -> tuple[list[Source], list[Source]]:
    """Switch on every source of a region that is off; return those, and those left out for their language."""
    chosen, left = switchable(region)
    switched = [row for row in chosen if not row.is_enabled]
    for row in switched:
        enable_source(row, by=by)
    return switched, [row for row in left if not row.is_enabled]


@transaction.atomic
def disable_region(region: str, *, by: models.Model | None) -> list[Source]:
    """Switch off every polled source of a region; return those."""
    rows = list(Source.objects.filter(country_code__in=countries_in(region), is_enabled=True).order_by("key"))
    for row in rows:
        disable_source(row, by=by)
    return rows


@transaction.atomic
def disable_source(source: Source, *, by: models.Model | None) -> None:
    """Stop polling a source; its alerts stay until they end."""
    source.is_enabled = False
    source.due_at = None
    source.save(update_fields=["is_enabled", "due_at"])
    record("source.disabled", by=by, subject=source, detail={})


@transaction.atomic
def poll_now(source: Source, *, by: models.Model) -> None:
    """Bring the next poll forward."""
    if not source.is_enabled:
        raise Refused("source.disabled", "This source is switched off.")
    source.due_at = clock.now()
    source.save(update_fields=["due_at"])
    record("source.poll_asked", by=by, subject=source, detail={})


@transaction.atomic
def see_reissues(source: Source, *, by: models.Model) -> None:
    """Note that somebody has seen that a source said everything again."""
    seen = source.reissues.filter(seen_at=None).update(seen_at=clock.now())
    if seen:
        record("source.reissue_seen", by=by, subject=source, detail={"count": seen})
