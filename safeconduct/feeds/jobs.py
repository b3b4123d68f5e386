"""Tidying up: raw bytes, tries and links that nobody needs any more, at most a thousand rows a transaction.

What a version stands on stays for ever: any row with a protecting foreign key to a document keeps it, whichever
room the row is in. What was counted stays with the try, and the last tries of a source stay however old they are.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from safeconduct.feeds.fetching import INTERRUPTED
from safeconduct.feeds.models import Document, Fetch, Host, LinkedMessage, Reissue, Rejection, Source
from safeconduct.lib import clock

BATCH = 1000
UNCHANGED_DAYS = 21
"""Tries that brought nothing new: a weekly report looks back two weeks."""
FETCH_DAYS = 120
KEEP_FETCHES = 50
"""Of each source, whatever their age; so many with something new as well, which tell its rhythm."""
INTERRUPTED_AFTER = timedelta(hours=1)
_GOOD = (Fetch.Outcome.NEW, Fetch.Outcome.UNCHANGED)


def drop_due(limit: int = BATCH) -> int:
    """Drop up to `limit` rows that are past their time; return how many."""
    now = clock.now()
    close_interrupted(now)
    kept = now - timedelta(days=settings.SAFECONDUCT_DOCUMENT_DAYS)
    steps: list[Callable[[int], int]] = [
        partial(_documents, kept),
        partial(_fetches, now),
        partial(_drop, _unlisted(kept)),
        partial(_drop, Host.objects.filter(_is_forgotten(now, kept))),
    ]
    dropped = 0
    for step in steps:
        if dropped < limit:
            dropped += step(min(limit - dropped, BATCH))
    return dropped


def close_interrupted(now: datetime) -> int:
    """Close tries whose process is gone: nobody will say what came of them. Return how many."""
    running = Fetch.objects.filter(outcome=Fetch.Outcome.RUNNING, started_at__lt=now - INTERRUPTED_AFTER)
    return running.update(outcome=Fetch.Outcome.FAILED, problem=INTERRUPTED, finished_at=now)


def _is_forgotten(now: datetime, kept: datetime) -> Q:
    return Q(free_at__lt=kept) & (Q(closed_until__isnull=True) | Q(closed_until__lt=now))


def _unlisted(before: datetime) -> QuerySet[LinkedMessage]:
    """Links that no index has named since then. An index that has not changed since names them still."""
    newer = Fetch.objects.filter(
        source=OuterRef("source"), outcome=Fetch.Outcome.NEW, started_at__gt=OuterRef("listed_at")
    )
    return LinkedMessage.objects.filter(Exists(newer), listed_at__lt=before)


def _drop(rows: QuerySet[Any], limit: int) -> int:
    with transaction.atomic():
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:limit])
        return rows.filter(pk__in=keys).delete()[0] if keys else 0


def droppable(before: datetime) -> QuerySet[Document]:
    """Documents received before then that nothing needs.

    Needed is what a version stands on, the newest good answer of every source (the next one is compared with it),
    what was received again since, a linked message that still waits to be read, and a re-issue nobody has seen.
    """
    newest = Fetch.objects.filter(source=OuterRef("pk"), outcome__in=_GOOD, document__isnull=False)
    current = Source.objects.annotate(newest=Subquery(newest.values("document")[:1]))
    rows = Document.objects.filter(received_at__lt=before)
    for relation in Document._meta.related_objects:
        if relation.on_delete is models.PROTECT:
            users = relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("pk")})
            rows = rows.exclude(Exists(users))
    return rows.exclude(
        Exists(Fetch.objects.filter(document=OuterRef("pk"), started_at__gte=before))
        | Exists(LinkedMessage.objects.filter(document=OuterRef("pk"), state=LinkedMessage.State.WAITING))
        | Exists(Reissue.objects.filter(document=OuterRef("pk"), seen_at__isnull=True))
        | Q(pk__in=list(current.exclude(newest=None).values_list("newest", flat=True)))
    )


def _documents(before: datetime, limit: int) -> int:
    """Drop documents with what was refused in them; those with much refused lose that first."""
    with transaction.atomic():
        found = list(
            droppable(before).select_for_update().order_by("pk").values_list("pk", flat=True)[:limit]
        )
        # Looked at again under the lock: a version may have been written since.
        keys = list(droppable(before).filter(pk__in=found).values_list("pk", flat=True))
        refused = list(Rejection.objects.filter(document__in=keys).values_list("pk", flat=True)[:limit])
        Rejection.objects.filter(pk__in=refused).delete()
        left = set(Rejection.objects.filter(document__in=keys).values_list("document", flat=True))
        free = [key for key in keys if key not in left][: limit - len(refused)]
        Document.objects.filter(pk__in=free).defer("body").delete()
        return len(refused) + len(free)


def _fetches(now: datetime, limit: int) -> int:
    dropped = 0
    for source in Source.objects.order_by("pk").values_list("pk", flat=True):
        if dropped >= limit:
            break
        dropped += _drop(_old_fetches(source, now), limit - dropped)
    return dropped


def _old_fetches(source: int, now: datetime) -> QuerySet[Fetch]:
    """Tries of a source that are past their time and not among the last ones."""
    mine = Fetch.objects.filter(source=source).exclude(outcome=Fetch.Outcome.RUNNING)
    old = Q(started_at__lt=now - timedelta(days=FETCH_DAYS)) | Q(
        started_at__lt=now - timedelta(days=UNCHANGED_DAYS), outcome=Fetch.Outcome.UNCHANGED
    )
    last = list(mine.values_list("pk", flat=True)[:KEEP_FETCHES])
    news = list(mine.filter(outcome=Fetch.Outcome.NEW).values_list("pk", flat=True)[:KEEP_FETCHES])
    return mine.filter(old).exclude(pk__in={*last, *news})
