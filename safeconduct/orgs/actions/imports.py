"""Inviting many people from a CSV file. A bad row stops nothing: it is kept with its reason, to be shown."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from safeconduct.accounts.models import User
from safeconduct.audit.actions import record
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.actions.invitations import invite
from safeconduct.orgs.models import PeopleImport, Programme
from safeconduct.orgs.permissions import MEMBER

LARGEST_BYTES = 1024 * 1024
MOST_ROWS = 2000
# One commit for each row would wait for the disk as often; one for all would hold the write lock too long.
ROWS_PER_TRANSACTION = 100
# What a cell of a column `role` may say: a file gives no role, and must not seem to.
PLAIN = ("", MEMBER)
# What people's spreadsheets call the columns.
NAMES = {
    "e-mail": "email", "mail": "email", "email address": "email", "e-mail address": "email",
    "given name": "given_name", "first name": "given_name", "first_name": "given_name",
    "family name": "family_name", "last name": "family_name", "last_name": "family_name", "surname": "family_name",
}


def import_people_csv(
    programme: Programme, data: bytes, *, by: User | None, role: str = "", file_name: str = ""
) -> PeopleImport:
    """Invite everybody in the file (a header line, then one person a line) and return what became of each row.

    Raises Refused when the file as a whole cannot be read: too large, no text, no column `email`.
    """
    rows = list(_rows(data))
    problems: list[dict[str, Any]] = []
    invited = 0
    for start in range(0, len(rows), ROWS_PER_TRANSACTION):
        with transaction.atomic():
            for line, row in rows[start : start + ROWS_PER_TRANSACTION]:
                try:
                    _invite_row(programme, row, by=by, role=role)
                    invited += 1
                except Refused as refusal:
                    problems.append({
                        "line": line, "code": refusal.code, "text": refusal.text, "value": row.get("email", "")[:254],
                    })
    with transaction.atomic():
        outcome = PeopleImport.objects.create(
            organisation_id=programme.organisation_id, programme=programme, imported_by=by,
            imported_at=clock.now(), file_name=file_name[:200], invited=invited, problems=problems,
        )
        record("people.imported", by=by, subject=outcome, organisation=programme.organisation,
               detail={"invited": invited, "problems": len(problems)})
    return outcome


def _invite_row(programme: Programme, row: dict[str, str], *, by: User | None, role: str) -> None:
    if row.get("role", "").lower() not in PLAIN:
        raise Refused("role.file", gettext("Roles are given on the person’s page after they joined."))
    invite(
        programme,
        by=by,
        email=row.get("email", ""),
        # The page's choice is the most a file may give: a file cannot make managers by itself.
        role=role,
        given_name=row.get("given_name", ""),
        family_name=row.get("family_name", ""),
        language=_language(row.get("language", "")),
    )


def _language(code: str) -> str:
    from django.conf import settings

    return code if code in dict(settings.LANGUAGES) else ""


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    if len(data) > LARGEST_BYTES:
        raise Refused("csv.large", gettext("The file is larger than 1 MB. Split it and try again."))
    text = _text(data)
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [NAMES.get(name.strip().lower(), name.strip().lower()) for name in next(reader, [])]
        if "email" not in header:
            raise Refused("csv.header", gettext("The first line must name the columns, and one must be called email."))
        seen = 0
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            seen += 1
            if seen > MOST_ROWS:
                raise Refused("csv.rows", gettext("The file has more than 2,000 people. Split it and try again."))
            yield reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=False))
    except csv.Error as error:
        raise Refused("csv.unreadable", gettext("Line %(line)d cannot be read: %(error)s.") % {"line": reader.line_num, "error": error}) from error


def _text(data: bytes) -> str:
    if b"\0" in data:
        raise Refused("csv.unreadable", gettext("This is not a CSV file. Save the sheet as CSV (UTF-8) and try again."))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheets on Windows write cp1252; every byte is a character there but five.
        try:
            return data.decode("cp1252")
        except UnicodeDecodeError as error:
            raise Refused("csv.encoding", gettext("The file is not in UTF-8. Save it as CSV (UTF-8) and try again.")) from error
