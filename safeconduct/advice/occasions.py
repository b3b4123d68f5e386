"""Occasions as they are typed or stand in a file: read, checked, entered, changed, removed. Every change is audited.

Refused is what names no source and no day of it: nobody should have to trust a date that nobody says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Final

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from safeconduct.advice import csv_files
from safeconduct.advice.countries import code_of
from safeconduct.advice.details import source_problem
from safeconduct.advice.models import Occasion
from safeconduct.advice.occasionmodels import LONGEST_TITLE, LONGEST_WHY, OccasionQuerySet
from safeconduct.audit.actions import label_of, record, record_all
from safeconduct.lib import clock
from safeconduct.lib.csvtable import Row, decoded, table, unguarded
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.places.folding import fold
from safeconduct.places.models import Place
from safeconduct.places.queries import search

COLUMNS: Final = (
    "country", "place", "kind", "from", "until", "title", "why", "source", "source_url", "source_date", "review_on",
)  # fmt: skip
NEEDED: Final = ("country", "from", "title", "source", "source_date")
MOST_ROWS: Final = 2000
MOST_BYTES: Final = 500_000
LONGEST_DAYS: Final = 366
TEMPLATE: Final = (
    {
        "country": "ZZ", "kind": "election", "from": "2027-08-10", "title": "An invented election: replace ZZ by a country",
        "why": "Demonstrations and closed roads are usual around the day.", "source": "Electoral Commission of Example",
        "source_url": "https://elections.example.org/calendar", "source_date": "2026-11-24", "review_on": "2027-06-01",
    },
)  # fmt: skip
"""ZZ is no country: a template that is sent back as it is enters nothing."""


@dataclass(frozen=True, slots=True)
class OccasionDetails:
    """An occasion as it is stored. `place_id` None: the whole country."""

    country: str
    kind: str
    begins_on: date
    ends_on: date
    title: str
    source_name: str
    source_on: date
    place_id: int | None = None
    why: str = ""
    source_url: str = ""
    review_on: date | None = None

    def values(self) -> dict[str, Any]:
        """Return the columns of a row."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def key(self) -> tuple[str, date, str, str]:
        """What it is about and who says it: two of the same may not both stand."""
        return self.country, self.begins_on, self.title, self.source_name


def read_details(values: Mapping[str, str], *, today: date) -> tuple[OccasionDetails | None, dict[str, str]]:
    """Return the occasion of texts by column, or what is wrong: column → sentence."""
    given = {name: " ".join(str(values.get(name) or "").split()) for name in COLUMNS}
    problems: dict[str, str] = {}
    country = code_of(given["country"])
    if not country:
        problems["country"] = _("There is no one country “%(text)s”.") % {"text": given["country"][:40] or "–"}
    kind = given["kind"].lower() or Occasion.Kind.OTHER
    if kind not in Occasion.Kind.values:
        said = {"wrong": given["kind"][:40], "words": ", ".join(Occasion.Kind.values)}
        problems["kind"] = _("Not known: %(wrong)s. One of: %(words)s.") % said
    days = {name: _day(given[name], name, problems) for name in ("from", "until", "source_date", "review_on")}
    first = days["from"]
    if first is None:
        problems.setdefault("from", _("Write the day like 2026-11-24."))
    last = days["until"] or first
    if first and last and not 0 <= (last - first).days <= LONGEST_DAYS:
        problems["until"] = _("It ends before it begins, or lasts longer than a year.")
    for name, most in (("title", LONGEST_TITLE), ("why", LONGEST_WHY)):
        if len(given[name]) > most:
            problems[name] = _("At most %(most)d letters.") % {"most": most}
    if not given["title"]:
        problems["title"] = _("Say what it is.")
    if "source_date" not in problems and (
        wrong := source_problem(given["source"], given["source_url"], days["source_date"], today)
    ):
        problems[wrong[0]] = wrong[1]
    place = None
    if country and given["place"]:
        found = places_in(country, given["place"])
        text = given["place"][:60]
        if not found:
            problems["place"] = _("No place of this country is called “%(text)s”.") % {"text": text}
        elif len(found) > 1:
            named = "; ".join(f"{one.key} {one.name}" for one in found[:5])
            problems["place"] = _("“%(text)s” may be several places; give the key of one: %(places)s.") % {
                "text": text, "places": named
            }  # fmt: skip
        else:
            place = found[0]
    if problems or first is None or last is None or days["source_date"] is None:
        return None, problems
    return (
        OccasionDetails(
            country, str(kind), first, last, given["title"], given["source"], days["source_date"],
            place.pk if place is not None else None, given["why"], given["source_url"], days["review_on"],
        ),
        {},
    )  # fmt: skip


def _day(text: str, name: str, problems: dict[str, str]) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems[name] = _("Write the day like 2026-11-24.")
        return None


def places_in(country: str, text: str) -> list[Place]:
    """Return the cities of a country that are called so, by their whole name or their key, the likeliest first."""
    rows = Place.objects.filter(country_code=country, kind=Place.Kind.CITY, state=Place.State.ACTIVE)
    if ":" in text:
        return list(rows.filter(key=text))
    keys = [
        hit.key
        for hit in search(text, limit=50)
        if hit.kind == "city"
        and hit.country == country
        and fold(text) in {fold(hit.name), fold(hit.native_name), *(fold(name) for name in hit.names)}
    ]
    return sorted(rows.filter(key__in=keys), key=lambda place: keys.index(place.key))


def as_row(row: Occasion) -> dict[str, str]:
    """Return the texts that a form or a file would have for an occasion."""
    return {
        "country": row.country, "place": row.place.key if row.place is not None else "", "kind": row.kind,
        "from": row.begins_on.isoformat(), "until": row.ends_on.isoformat(), "title": row.title, "why": row.why,
        "source": row.source_name, "source_url": row.source_url, "source_date": row.source_on.isoformat(),
        "review_on": row.review_on.isoformat() if row.review_on else "",
    }  # fmt: skip


# Reading.


def the_occasion(public_id: str) -> Occasion:
    """Return an occasion. Raises NotFound."""
    row = Occasion.objects.select_related("place").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("occasion")
    return row


def listed_occasions(*, country: str = "", only: str = "", today: date) -> OccasionQuerySet:
    """Return those to come, by their day. `only`: "past", or "review", those to be looked at again."""
    rows = Occasion.objects.select_related("place")
    if country:
        rows = rows.filter(country=country)
    if only == "past":
        return rows.filter(ends_on__lt=today).order_by("-begins_on", "pk")
    if only == "review":
        rows = rows.filter(review_on__lt=today)
    return rows.filter(ends_on__gte=today)


# Writing.


def add_occasion(details: OccasionDetails, *, by: models.Model | None) -> Occasion:
    """Enter an occasion. Raises Refused when the same source says the same of the same day already."""
    row = Occasion(**details.values(), by_label=_label(by), added_at=clock.now(), changed_at=clock.now())
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            record("occasion.added", by=by, subject=row, detail=_where(row))
    except IntegrityError:
        raise _taken() from None
    return row


def change_occasion(row: Occasion, details: OccasionDetails, *, by: models.Model | None) -> Occasion:
    """Say something else of it; nothing happens when it is the same. Raises Refused as `add_occasion` does."""
    if not _differs(row, details):
        return row
    try:
        with transaction.atomic():
            for name, value in details.values().items():
                setattr(row, name, value)
            row.by_label, row.changed_at = _label(by), clock.now()
            row.save()
            record("occasion.changed", by=by, subject=row, detail=_where(row))
    except IntegrityError:
        raise _taken() from None
    return row


def remove_occasion(row: Occasion, *, by: models.Model | None) -> None:
    """Take it out of every briefing."""
    with transaction.atomic():
        record("occasion.removed", by=by, subject=row, detail=_where(row))
        row.delete()


def _differs(row: Occasion, details: OccasionDetails) -> bool:
    return any(getattr(row, name) != value for name, value in details.values().items())


def _taken() -> Refused:
    return Refused("occasion.taken", _("This source says the same of this day already. Change that one."))


def _label(by: models.Model | None) -> str:
    return label_of(by) if by is not None else "system"


def _where(row: Occasion) -> dict[str, str]:
    return {"country": row.country, "day": row.begins_on.isoformat()}


# Files.


@dataclass(slots=True)
class FileReading:
    """A file before anything is entered. `fresh`, `changed`, `same`: what each good row would do; `problems`:
    [{row, cells, problems: [{field, text}]}]."""

    fresh: list[OccasionDetails] = field(default_factory=list)
    changed: list[tuple[Occasion, OccasionDetails]] = field(default_factory=list)
    same: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)


def text_of(data: bytes) -> str:
    """Return the text of a file. Raises Refused when it is too large or no text."""
    if len(data) > MOST_BYTES:
        raise Refused("csv", _("At most %(most)d kB at once.") % {"most": MOST_BYTES // 1000})
    return decoded(data)


def read_file(text: str) -> FileReading:
    """Return what a file would do; it changes nothing. Raises Refused when it is no such table."""
    found, today = FileReading(), clock.today()
    stored = {(row.country, row.begins_on, row.title, row.source_name): row for row in Occasion.objects.select_related("place")}
    seen: dict[tuple[str, date, str, str], int] = {}
    for row in table(text, needed=NEEDED, most=MOST_ROWS):
        values = {name: unguarded(cell) for name, cell in row.values.items()}
        details, problems = read_details(values, today=today)
        if details is not None and details.key in seen:
            problems = {"title": _("Row %(number)d says the same.") % {"number": seen[details.key]}}
        if details is None or problems:
            found.problems.append(_refused(row, problems))
            continue
        seen[details.key] = row.number
        old = stored.get(details.key)
        if old is None:
            found.fresh.append(details)
        elif _differs(old, details):
            found.changed.append((old, details))
        else:
            found.same += 1
    return found


def _refused(row: Row, problems: Mapping[str, str]) -> dict[str, Any]:
    texts = [{"field": name, "text": text} for name, text in problems.items()]
    return {"row": row.number, "cells": {name: cell[:300] for name, cell in row.values.items()}, "problems": texts}


def import_occasions(text: str, *, by: models.Model | None) -> FileReading:
    """Enter every good row of a file in one transaction; the others are returned with their reasons."""
    reading = read_file(text)
    now, label = clock.now(), _label(by)
    done: list[tuple[str, models.Model, Mapping[str, Any]]] = []
    with transaction.atomic():
        for details in reading.fresh:
            made = Occasion.objects.create(
                **details.values(), is_imported=True, by_label=label, added_at=now, changed_at=now
            )
            done.append(("occasion.added", made, _where(made)))
        for row, details in reading.changed:
            for name, value in details.values().items():
                setattr(row, name, value)
            row.is_imported, row.by_label, row.changed_at = True, label, now
            row.save()
            done.append(("occasion.changed", row, _where(row)))
        record_all(done, by=by)
    return reading


def template() -> str:
    """Return a file to fill in, with an example that is refused until somebody names a country."""
    return csv_files.written(COLUMNS, TEMPLATE)


def as_csv(rows: Iterable[Occasion]) -> str:
    """Return occasions as a file that can be read in again."""
    return csv_files.written(COLUMNS, (as_row(row) for row in rows))
