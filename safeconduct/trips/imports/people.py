"""Lists of people as they are pasted: a table with a head, cells of a spreadsheet, or one address a line. Pure.

It guesses nothing: what holds no e-mail address, or two, comes back with its reason.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.lib.csvtable import table, unguarded
from safeconduct.lib.errors import Refused
from safeconduct.trips.imports.table import ADDRESS

MOST_PEOPLE: Final = 2000
NAME_LENGTH: Final = 150
_HEADS: Final = {"email": "email", "e-mail": "email", "e_mail": "email", "mail": "email"}
_BRACKETS: Final = re.compile(r"^(?P<name>[^<>]*)<(?P<email>[^<>]+)>$")


@dataclass(frozen=True)
class Person:
    """Somebody of the list. `number` is the line."""

    number: int
    email: str
    given_name: str = ""
    family_name: str = ""
    language: str = ""


@dataclass(frozen=True)
class Refusal:
    """A line that names nobody, as it was written, and why."""

    number: int
    text: str
    why: str


@dataclass(frozen=True)
class People:
    """What a list says."""

    people: tuple[Person, ...]
    refused: tuple[Refusal, ...]


def people_in(text: str) -> People:
    """Return the people of a list, each address once. Raises Refused when there are none, or more than MOST_PEOPLE."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not lines:
        raise Refused("people.none", _("The list is empty."))
    if len(lines) - 1 > MOST_PEOPLE:
        raise Refused("people.many", _("At most %(most)d people at once.") % {"most": MOST_PEOPLE})
    found = _headed(text) if _is_head(lines[0][1]) else _loose(lines)
    people: dict[str, Person] = {}
    refused: list[Refusal] = []
    for one in found:
        if isinstance(one, Refusal):
            refused.append(one)
        elif one.email in people:
            why = _("This address is in line %(number)d already.") % {"number": people[one.email].number}
            refused.append(Refusal(one.number, one.email, why))
        else:
            people[one.email] = one
    return People(tuple(people.values()), tuple(refused))


def as_list(people: tuple[Person, ...]) -> str:
    """Return people as a list that reads as the same people again, for a form to send."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="\t")
    writer.writerow(["email", "given_name", "family_name", "language"])
    writer.writerows([one.email, one.given_name, one.family_name, one.language] for one in people)
    return out.getvalue()


def _is_head(line: str) -> bool:
    cells = [cell.strip().strip('"').lower() for cell in re.split(r"[,;\t]", line)]
    return "@" not in line and any(cell in _HEADS for cell in cells)


def _headed(text: str) -> Iterator[Person | Refusal]:
    head, _newline, rest = text.lstrip().partition("\n")
    for spelling, name in _HEADS.items():
        head = re.sub(rf'(?i)(^|[,;\t"])\s*{spelling}\s*(?=$|[,;\t"\r])', rf"\1{name}", head)
    for row in table(f"{head}\n{rest}", needed=("email",), most=MOST_PEOPLE):
        values = {name: " ".join(unguarded(value).split()) for name, value in row.values.items()}
        yield _person(
            row.number, values.get("email", ""), values.get("given_name", ""), values.get("family_name", ""),
            values.get("language", ""), shown=" ".join(value for value in values.values() if value),
        )  # fmt: skip


def _loose(lines: list[tuple[int, str]]) -> Iterator[Person | Refusal]:
    for number, line in lines:
        if match := _BRACKETS.match(line.strip().rstrip(",;")):
            given, _space, family = match["name"].strip().strip('"').rpartition(" ")
            yield _person(number, match["email"], given or family, family if given else "", shown=line)
            continue
        cells = [unguarded(cell.strip().strip('"')) for cell in re.split(r"[,;\t]", line)]
        addresses = [cell for cell in cells if "@" in cell]
        names = [" ".join(cell.split()) for cell in cells if cell and "@" not in cell]
        if len(addresses) != 1 or len(names) > 2:
            why = _("A line needs one e-mail address, and if you like a given and a family name.")
            yield Refusal(number, line.strip()[:120], why)
            continue
        if len(names) == 1:
            given, _space, family = names[0].rpartition(" ")
            names = [given, family] if given else [family]
        yield _person(number, addresses[0], *names, shown=line)


def _person(
    number: int, email: str, given: str = "", family: str = "", language: str = "", *, shown: str
) -> Person | Refusal:
    address = email.strip().lower()
    if not ADDRESS.match(address) or len(address) > 254:
        why = _("“%(text)s” is no e-mail address.") % {"text": address[:80]}
        return Refusal(number, shown.strip()[:120], why)
    return Person(number, address, given.strip()[:NAME_LENGTH], family.strip()[:NAME_LENGTH], language.strip().lower()[:10])
