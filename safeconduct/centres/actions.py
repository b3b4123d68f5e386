"""Adding, changing and closing assistance centres; reading a list of them from CSV. Every change is audited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit.actions import record
from safeconduct.centres import csv_files
from safeconduct.centres.details import CentreDetails, read_details
from safeconduct.centres.models import Centre, CentreImport
from safeconduct.centres.queries import locate
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused


def _taken() -> Refused:
    return Refused("centre.name", _("There is a centre of this name already."))


def add_centre(details: CentreDetails, *, by: User | None) -> Centre:
    """Add a centre. Raises Refused when the name is taken."""
    try:
        with transaction.atomic():
            centre = Centre.objects.create(**details.values())
            record("centre.added", by=by, subject=centre)
    except IntegrityError:
        raise _taken() from None
    return centre


def change_centre(centre: Centre, details: CentreDetails, *, by: User | None) -> bool:
    """Store other details; return whether anything changed. Raises Refused when the name is taken."""
    changed = [name for name, value in details.values().items() if getattr(centre, name) != value]
    if not changed:
        return False
    for name in changed:
        setattr(centre, name, details.values()[name])
    centre.changed_at = clock.now()
    try:
        with transaction.atomic():
            centre.save(update_fields=[*changed, "changed_at"])
            record("centre.changed", by=by, subject=centre, detail={"fields": changed})
    except IntegrityError:
        raise _taken() from None
    return True


def set_active(centre: Centre, active: bool, *, by: User | None) -> None:
    """Show a centre to travellers, or take it off every page and list. Nothing happens when it is so already."""
    if centre.is_active == active:
        return
    with transaction.atomic():
        centre.is_active, centre.changed_at = active, clock.now()
        centre.save(update_fields=["is_active", "changed_at"])
        record("centre.opened" if active else "centre.closed", by=by, subject=centre)


def import_csv(data: bytes, *, file_name: str, by: User | None) -> CentreImport:
    """Add or change the centres of a CSV file by name; rows with problems are kept with them, the others taken.

    Raises Refused when the file is no such table at all.
    """
    rows = csv_files.rows(data)
    done = CentreImport(imported_by=by, file_name=file_name[:200], problems=[])
    seen: set[str] = set()
    with transaction.atomic():
        for row in rows:
            outcome, problems = _import_row(row.values, seen, by=by)
            if problems:
                name = str(row.values.get("name", ""))[:120]
                done.problems.append({"row": row.number, "name": name, "problems": problems})
            else:
                setattr(done, outcome, getattr(done, outcome) + 1)
        done.save()
        counts = {"added": done.added, "changed": done.changed, "refused": len(done.problems)}
        record("centre.imported", by=by, subject=done, detail=counts)
    return done


def _import_row(
    values: Mapping[str, Any], seen: set[str], *, by: User | None
) -> tuple[str, list[dict[str, str]]]:
    reading = read_details(values, locate=locate)
    if reading.details is None:
        return "", [{"field": name, "text": text} for name, text in reading.problems.items()]
    key = reading.details.name.lower()
    if key in seen:
        return "", [{"field": "name", "text": _("The file has this name twice.")}]
    seen.add(key)
    centre = Centre.objects.filter(name__iexact=reading.details.name).first()
    if centre is None:
        add_centre(reading.details, by=by)
        return "added", []
    return ("changed" if change_centre(centre, reading.details, by=by) else "unchanged"), []
