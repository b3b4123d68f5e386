"""Keeping documents and rejections; setting up and changing sources. Every change of a source is audited."""

from __future__ import annotations

import csv
import hashlib
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import models, transaction

from safeconduct.audit.actions import record
from safeconduct.feeds.models import Document, Rejection, Source
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused

SOURCES_FILE = Path(__file__).parent / "data" / "sources.csv"
EDITABLE = (
    "name", "url", "country_code", "language", "licence", "attribution", "display", "trust",
    "severity_floor", "poll_seconds",
)  # fmt: skip
LEAST_POLL_SECONDS = 60


def keep_document(body: bytes, *, origin: str, content_type: str = "", received_at: datetime) -> Document:
    """Keep raw bytes once by content; the first origin stays."""
    document, _ = Document.objects.get_or_create(
        sha256=hashlib.sha256(body).hexdigest(),
        defaults={
            "body": zlib.compress(body, 6),
            "size": len(body),
            "content_type": content_type[:100],
            "origin": origin[:500],
            "received_at": received_at,
        },
    )
    return document


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
    """Add the sources we know that are missing; what an operator changed stays. Return how many were added."""
    added = 0
    now = clock.now()
    with SOURCES_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            is_enabled = row.pop("enabled") == "yes"
            row["poll_seconds"] = row["poll_seconds"] or "300"
            values: dict[str, Any] = {**row, "is_enabled": is_enabled, "due_at": now if is_enabled else None}
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
            "name": f"Read by hand ({Source.Format(format).label})",
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
    if int(values.get("poll_seconds", LEAST_POLL_SECONDS)) < LEAST_POLL_SECONDS:
        raise Refused("source.too_often", "A source is asked once a minute at most.")
    return dict(values)


@transaction.atomic
def enable_source(source: Source, *, by: models.Model) -> None:
    """Begin to poll a source, at once."""
    if not source.url:
        raise Refused("source.no_address", "This source has no address to poll.")
    source.is_enabled = True
    source.due_at = clock.now()
    source.save(update_fields=["is_enabled", "due_at"])
    record("source.enabled", by=by, subject=source, detail={})


@transaction.atomic
def disable_source(source: Source, *, by: models.Model) -> None:
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
