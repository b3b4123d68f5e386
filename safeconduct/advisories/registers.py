"""Whether a register came whole, and what has ended because two whole ones in a row no longer name it.

An empty or half answer is not “all clear”: it is refused, and what was known stays until a whole one comes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import models, transaction

from safeconduct.advisories import versions
from safeconduct.advisories.models import Advisory
from safeconduct.advisories.parsed import ParsedRegister
from safeconduct.feeds.models import Document, Fetch, Source
from safeconduct.feeds.polling import HalfAnswer
from safeconduct.lib.errors import Refused

LEAST_SHARE: Final = 0.7
"""A register with fewer of the entries that are known than this is half an answer."""
CHUNK: Final = 100


def refuse_half(parsed: ParsedRegister, source: Source, *, is_taken: bool = False) -> None:
    """Raise Refused for a document without entries, and HalfAnswer for a register far smaller than what it listed before,
    unless an operator takes it as complete."""
    if not parsed.advisories and not parsed.details:
        reason = parsed.problems[0].text if parsed.problems else "it names no entry"
        raise Refused("document.empty", f"nothing could be read: {reason}. What was known stays.")
    if not parsed.is_register or not source.lists_all or is_taken:
        return
    known = set(_standing(source).values_list("identifier", flat=True))
    now = len(listed_in(parsed))
    if known and now < LEAST_SHARE * len(known):
        raise HalfAnswer(now=now, known=len(known))


def listed_in(parsed: ParsedRegister) -> set[str]:
    """Return the identifiers of every entry that a document names, as they are kept."""
    named = {one.identifier for one in parsed.advisories} | {one.identifier for one in parsed.details}
    return {identifier[:200] for identifier in parsed.listed | named}


def _standing(source: Source) -> models.QuerySet[Advisory]:
    return source.advisories.filter(state=Advisory.State.ACTIVE)


def is_before_the_last(source: Source, at: datetime) -> bool:
    """Whether a register received `at` is from before the one that was read last. A page of one entry is none."""
    # What was read since the caller loaded the row counts.
    last = Source.objects.only("last_ok_at", "handed_in_at").get(pk=source.pk).last_read_at
    return last is not None and last > at


def judged_by(source: Source, at: datetime, *, is_late: bool) -> models.QuerySet[Advisory]:
    """Return the standing entries that a register received `at` may say to be gone: all, but for a late one those seen
    since."""
    standing = _standing(source)
    return standing.filter(fetched_at__lte=at) if is_late else standing


def conclude(
    source: Source,
    parsed: ParsedRegister,
    document: Document | None,
    at: datetime,
    *,
    is_late: bool,
    is_taken: bool = False,
) -> int:
    """Note which entries a whole register does not name; end those that the one before did not name either.

    `is_late`: a later register was read. `is_taken`: an operator says that it is whole; what it does not name ends at
    once. Returns how many ended.
    """
    if parsed.is_register and source.loaded_at is None:
        source.loaded_at = at
        Source.objects.filter(pk=source.pk, loaded_at__isnull=True).update(loaded_at=at)
    if not parsed.is_register or not source.lists_all:
        return 0
    listed = listed_in(parsed)
    standing = judged_by(source, at, is_late=is_late)
    missing = [
        row.pk for row in standing.only("pk", "identifier").order_by("pk") if row.identifier not in listed
    ]
    back = standing.filter(missing_since__isnull=False).exclude(pk__in=missing)
    back.update(missing_since=None)
    ended = _end(source, missing, document, at, at_once=is_taken)
    standing.filter(pk__in=missing, missing_since__isnull=True).update(missing_since=at)
    return ended


def conclude_unchanged(source: Source, at: datetime) -> int:
    """What the last register did not name, the same one does not name again; what it confirmed is confirmed again.

    An entry that could not be read in it, or that was older in it than what is known, is not.
    """
    if source.lists_all:
        last = source.fetches.filter(outcome=Fetch.Outcome.NEW).only("pk", "started_at").first()
        same = _standing(source).filter(missing_since__isnull=True, fetched_at__lt=at)
        (same.filter(fetched_at__gte=last.started_at) if last else same).update(fetched_at=at)
    keys = list(_standing(source).filter(missing_since__lt=at).order_by("pk").values_list("pk", flat=True))
    return _end(source, keys, None, at)


def _end(
    source: Source, keys: list[int], document: Document | None, at: datetime, *, at_once: bool = False
) -> int:
    ended = 0
    for start in range(0, len(keys), CHUNK):
        with transaction.atomic():
            rows = _standing(source).filter(pk__in=keys[start : start + CHUNK])
            if not at_once:
                rows = rows.filter(missing_since__lt=at)
            for row in rows.select_for_update().order_by("pk"):
                # Its own page may have been read since: the end comes after what that said.
                versions.end(row, document, max(at, row.fetched_at))
                ended += 1
    return ended
