"""Entering, replacing and ending entry rules; reading files of them and taking a file back. Every change is audited.

The log says which rule of which country and how many, never what a traveller asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from safeconduct.advice import csv_files, matrix
from safeconduct.advice.details import RuleDetails, key_of, read_details, source_problem
from safeconduct.advice.models import EntryRule, RuleImport, RuleQuerySet
from safeconduct.audit.actions import label_of, record
from safeconduct.lib import bulk, clock
from safeconduct.lib.csvtable import Row
from safeconduct.lib.errors import Refused

LEAST_SHARE: Final = 0.7
"""A matrix with fewer cells than this share of the one that it replaces is half a file."""
LONGEST_CELL: Final = 300
MOST_KEPT: Final = 5000
"""Refused rows of a file that are kept with their reasons; the count is of all."""
SYSTEM: Final = "system"


def add_rule(details: RuleDetails, *, by: models.Model | None) -> EntryRule:
    """Enter a rule. Raises Refused when the same source says something of the same thing already."""
    row = _row(details, by=by)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            record("entry_rule.added", by=by, subject=row, detail=_where(row))
    except IntegrityError:
        raise _taken() from None
    return row


def change_rule(rule: EntryRule, details: RuleDetails, *, by: models.Model | None) -> EntryRule:
    """Put another rule in the place of this one, which ends; return the one that holds. Nothing happens when it says
    the same. Raises Refused when it has ended meanwhile, or when another rule says so already."""
    if details_of(rule) == details:
        return rule
    row = _row(details, by=by, replaces=rule)
    try:
        with transaction.atomic():
            _end(rule, by=by)
            row.save(force_insert=True)
            record("entry_rule.changed", by=by, subject=row, detail=_where(row))
    except IntegrityError:
        raise _taken() from None
    return row


def end_rule(rule: EntryRule, *, by: models.Model | None) -> None:
    """Take a rule out of every answer. Raises Refused when it has ended already."""
    with transaction.atomic():
        _end(rule, by=by)
        record("entry_rule.ended", by=by, subject=rule, detail=_where(rule))


def _end(rule: EntryRule, *, by: models.Model | None) -> None:
    held = EntryRule.objects.holding().filter(pk=rule.pk)
    if not held.update(ended_at=clock.now(), ended_by=_label(by)):
        raise Refused("rule.ended", _("This rule has ended already. Look at what took its place."))


def _taken() -> Refused:
    return Refused("rule.taken", _("There is a rule of this source about the same already. Change that one."))


def _row(
    details: RuleDetails, *, by: models.Model | None, batch: RuleImport | None = None, replaces: EntryRule | None = None
) -> EntryRule:
    return EntryRule(
        **details.values(), key=details.key, batch=batch, replaces=replaces, by_label=_label(by), entered_at=clock.now()
    )


def details_of(rule: EntryRule) -> RuleDetails:
    """Return what a stored rule says."""
    return RuleDetails(**{name: getattr(rule, name) for name in RuleDetails.__dataclass_fields__})


def _label(by: models.Model | None) -> str:
    return label_of(by) if by is not None else SYSTEM


def _where(rule: EntryRule) -> dict[str, str]:
    return {"country": rule.destination, "kind": rule.kind}


def import_file(
    data: bytes,
    *,
    file_name: str,
    by: models.Model | None,
    as_of: date | None = None,
    source: str = "",
    url: str = "",
    coding: str = "",
) -> RuleImport:
    """Read a file of rules; rows with problems are kept with them, the others taken. The same file again does nothing
    and returns what it did the first time.

    `as_of`, `source` and `url` are of every row that does not say it itself; a matrix needs the first two, and takes
    the place of what was read before of the same source. `coding`: of its numbers, one of `matrix.CODINGS`. Raises
    Refused when the file is no such table, is older or much smaller than what it would replace, or lacks its source.
    """
    if len(data) > csv_files.MOST_BYTES:
        raise Refused("csv.long", _("At most %(most)d kB at once.") % {"most": csv_files.MOST_BYTES // 1000})
    rows, is_matrix = csv_files.rows_of(data)
    if not rows:
        raise Refused("csv.empty", _("The file has no rows."))
    source, url = " ".join(source.split()), url.strip()
    if is_matrix or source or url or as_of:
        _check_source(source, url, as_of, is_matrix=is_matrix)
    said = "\0".join((source, url, as_of.isoformat() if as_of else "", coding))
    digest = hashlib.sha256(data + b"\0" + said.encode()).hexdigest()
    same = RuleImport.objects.filter(digest=digest, taken_back_at=None).first()
    if same is not None and _is_newest_of_its_source(same):
        return same
    done = RuleImport(
        shape=RuleImport.Shape.MATRIX if is_matrix else RuleImport.Shape.OWN, file_name=file_name[:200], source_name=source,
        source_url=url, as_of=as_of, digest=digest, by_label=_label(by), imported_at=clock.now(),
    )  # fmt: skip
    try:
        with transaction.atomic():
            if is_matrix:
                _import_matrix(done, matrix.cells_of(rows, coding=coding))
            else:
                _import_rows(done, rows, by=by)
            counts = {name: getattr(done, name) for name in ("added", "changed", "ended", "unchanged", "refused")}
            record("entry_rule.imported", by=by, subject=done, detail=counts)
    except IntegrityError as error:
        raise Refused("import.meanwhile", _("Somebody changed these rules meanwhile. Read the file once more.")) from error
    return done


def _is_newest_of_its_source(done: RuleImport) -> bool:
    """A file that was replaced by another since may be read again."""
    if done.shape == RuleImport.Shape.MATRIX:
        return done.rules.filter(ended_at=None).exists()
    return not EntryRule.objects.filter(batch=done, ended_batch__isnull=False).exists()


def _check_source(source: str, url: str, as_of: date | None, *, is_matrix: bool) -> None:
    fault = source_problem(source, url, as_of, clock.today())
    if fault is None or (fault[0] == "source" and not source and not is_matrix):
        return
    if fault[0] == "source_date" and as_of is None and not is_matrix:
        return
    column = {"source_date": "as_of", "source_url": "url"}.get(fault[0], fault[0])
    raise Refused(f"import.{column}", fault[1])


def _kept(refused: Iterable[tuple[Row, Mapping[str, str]]]) -> list[dict[str, Any]]:
    return [
        {
            "row": row.number,
            "cells": {name: cell[:LONGEST_CELL] for name, cell in row.values.items()},
            "problems": [{"field": name, "text": text} for name, text in problems.items()],
        }
        for row, problems in refused
    ]


def _import_rows(done: RuleImport, rows: Sequence[Row], *, by: models.Model | None) -> None:
    """Our own file, row by row: the same stays, what says something else takes the place of what was said."""
    today = clock.today()
    given = {"source": done.source_name, "source_url": done.source_url, "source_date": done.as_of.isoformat() if done.as_of else ""}
    read: dict[str, RuleDetails] = {}
    numbers: dict[str, int] = {}
    refused: list[tuple[Row, Mapping[str, str]]] = []
    for row in rows:
        own = {name: cell for name, cell in row.values.items() if cell.strip()}
        # Name, address and date of a source belong together: a row that names its own takes none of the file's.
        reading = read_details(own if own.get("source") else {**given, **own}, today=today)
        if reading.details is None:
            refused.append((row, reading.problems))
            continue
        key = reading.details.key
        if key in read:
            text = _("Row %(number)d is about the same.") % {"number": numbers[key]}
            refused.append((row, {"destination": text}))
            continue
        read[key], numbers[key] = reading.details, row.number
    done.refused, done.problems = len(refused), _kept(refused[:MOST_KEPT])
    held = _held(list(read))
    same = {key for key, details in read.items() if key in held and details_of(held[key]) == details}
    changed = [key for key in read if key in held and key not in same]
    done.unchanged, done.changed = len(same), len(changed)
    done.added = len(read) - len(same) - len(changed)
    done.save(force_insert=True)
    _end_for(done, [held[key].pk for key in changed], by=by)
    new = [_row(read[key], by=by, batch=done, replaces=held.get(key)) for key in read if key not in same]
    EntryRule.objects.bulk_create(new, batch_size=200)


def _held(keys: Sequence[str]) -> dict[str, EntryRule]:
    found: dict[str, EntryRule] = {}
    for start in range(0, len(keys), 500):
        found |= {row.key: row for row in EntryRule.objects.holding().filter(key__in=keys[start : start + 500])}
    return found


def _end_for(done: RuleImport, keys: Sequence[int], *, by: models.Model | None) -> None:
    for start in range(0, len(keys), 500):
        rows = EntryRule.objects.holding().filter(pk__in=keys[start : start + 500])
        rows.update(ended_at=clock.now(), ended_batch=done, ended_by=_label(by))


def _import_matrix(done: RuleImport, cells: matrix.Cells) -> None:
    """A whole matrix takes the place of the one that was read of the same source before."""
    before = EntryRule.objects.holding().filter(
        source_name=done.source_name, batch__shape=RuleImport.Shape.MATRIX, batch__isnull=False
    )
    replaced = before.count()
    newest = before.order_by("-source_on").values_list("source_on", flat=True).first()
    if newest is not None and done.as_of is not None and done.as_of < newest:
        raise Refused(
            "matrix.older",
            _("What was read of this source is newer, of %(day)s. Take that file back first.") % {"day": newest.isoformat()},
        )  # fmt: skip
    if replaced and len(cells.destinations) < LEAST_SHARE * replaced:
        raise Refused(
            "matrix.half",
            _("The file has %(now)d rules, and %(before)d hold of this source: half a file replaces nothing.")
            % {"now": len(cells.destinations), "before": replaced},
        )  # fmt: skip
    done.refused = len(cells.refused)
    done.problems = _kept((row, {name: text}) for row, name, text in cells.refused[:MOST_KEPT])
    done.added, done.ended = len(cells.destinations), replaced
    done.save(force_insert=True)
    before.update(ended_at=done.imported_at, ended_batch=done, ended_by=done.by_label)
    _forget_older(done)
    pairs = zip(cells.destinations, cells.kinds, cells.passports, strict=True)
    bulk.insert_columns(
        EntryRule,
        {
            "id": bulk.keys(EntryRule, len(cells.destinations)),
            "key": [key_of("matrix", done.source_name, *pair) for pair in pairs],
            "destination": cells.destinations,
            "passports": cells.passports,
            "kind": cells.kinds,
            "answer": cells.answers,
            "obtained": cells.obtained,
            "stay_days": cells.stays,
        },
        same={
            "source_name": done.source_name, "source_url": done.source_url, "source_on": done.as_of, "batch_id": done.pk,
            "by_label": done.by_label, "entered_at": done.imported_at,
        },
    )  # fmt: skip


def _forget_older(done: RuleImport) -> None:
    """Drop what two later matrices of the source have overtaken: one file can be taken back, and weekly ones of 40,000
    cells would fill a disk. What somebody replaced by hand stays with what took its place."""
    ended = EntryRule.objects.filter(
        batch__shape=RuleImport.Shape.MATRIX, source_name=done.source_name, ended_at__isnull=False, replaced_by__isnull=True
    )
    overtaken = Q(ended_batch__isnull=False) & ~Q(ended_batch=done)
    ended.filter(overtaken | Q(batch__taken_back_at__isnull=False)).delete()


def take_back(done: RuleImport, *, by: models.Model | None) -> tuple[int, int]:
    """End what a file brought and let hold again what it ended; return how many of each.

    What somebody entered by hand in place of a rule of the file stays, and so does what a later file brought. Raises
    Refused when it was taken back already, or when somebody changes its rules at the same moment.
    """
    now, label = clock.now(), _label(by)
    try:
        with transaction.atomic():
            if not RuleImport.objects.filter(pk=done.pk, taken_back_at=None).update(taken_back_at=now, taken_back_by=label):
                raise Refused("import.taken_back", _("This file was taken back already."))
            ended = EntryRule.objects.holding().filter(batch=done).update(ended_at=now, ended_by=label)
            opened = _reopen(_replaced_by(done))
            record("entry_rule.taken_back", by=by, subject=done, detail={"ended": ended, "back": opened})
    except IntegrityError as error:
        raise _taken() from error
    done.refresh_from_db()
    return ended, opened


def _replaced_by(done: RuleImport) -> RuleQuerySet:
    """What a file ended and what may hold again: of what a file that was itself taken back had brought, what that one
    had replaced; nothing that says the same as a rule that holds by now."""
    gone = EntryRule.objects.filter(ended_batch=done)
    numbers: list[int] = []
    while True:
        overtaken = gone.filter(batch__taken_back_at__isnull=False, replaces__isnull=False)
        before = list(overtaken.values_list("pk", flat=True))
        if not before:
            break
        gone = EntryRule.objects.filter(replaced_by__in=before, ended_batch=F("replaced_by__batch"))
        numbers += gone.values_list("pk", flat=True)
    back = EntryRule.objects.filter(Q(ended_batch=done) | Q(pk__in=numbers)).exclude(batch__taken_back_at__isnull=False)
    return back.exclude(key__in=EntryRule.objects.holding().values("key"))


def _reopen(rows: models.QuerySet[EntryRule]) -> int:
    """The newest of each key: two of one key cannot hold."""
    newest: dict[str, int] = dict(rows.order_by("pk").values_list("key", "pk"))
    keys = list(newest.values())
    for start in range(0, len(keys), 500):
        EntryRule.objects.filter(pk__in=keys[start : start + 500]).update(ended_at=None, ended_batch=None, ended_by="")
    return len(keys)

