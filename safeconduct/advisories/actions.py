"""Writing what a register says: entries, their immutable versions, their sections, and what has ended.

An entry is written anew only when it says something else. People can be told of a version only when the publisher's
own words changed the level of the country or of its worst part, or brought a grave entry that was not listed before:
never when a source is first loaded, for an editorial touch, or because our table reads an old wording differently. An
older document never overwrites a newer one.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import OperationalError, transaction

from safeconduct.advisories import sections, versions
from safeconduct.advisories.entries import Decided, Entry, digest_of, entry_of, with_areas
from safeconduct.advisories.models import Advisory, AdvisoryVersion, Section
from safeconduct.advisories.names import count_unknown, decided_names, first_seen_names
from safeconduct.advisories.parsed import ParsedAdvisory, ParsedRegister, Problem
from safeconduct.advisories.registers import conclude, is_before_the_last, refuse_half
from safeconduct.advisories.renames import follow_renames
from safeconduct.feeds.models import Document, Source

logger = logging.getLogger(__name__)
CHUNK = 20
"""Entries in one transaction: with their sections and those that they replace well below a thousand rows."""
Change = AdvisoryVersion.Change


@dataclass
class Report:
    """What became of a register."""

    read: int = 0
    """Entries: each of them is one of the five that follow."""
    new: int = 0
    """Seen for the first time, be it that their level stands on a page that is read later."""
    opened: int = 0
    """Seen before, and their level read for the first time."""
    changed: int = 0
    unchanged: int = 0
    older: int = 0
    """Entries of which something newer is known: a late or replayed document."""
    ended: int = 0
    notable: int = 0
    """Versions of which people are told."""
    unknown_names: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    unread: int = 0
    """Entries of which no level or wording has been read yet: the document only names them."""
    understood: int = 0
    """Entries that this document states the level or the words of, and that were understood."""
    details: int = 0
    """Addresses that hold the rest of entries and are to be asked now."""
    renamed: int = 0
    """Entries that only got another identifier."""

    @property
    def note(self) -> str:
        """Return what was odd about a good document, for the try's row."""
        notes = list(self.remarks)
        if self.unknown_names:
            notes.append(f"{len(self.unknown_names)} names of places that no table knows")
        if self.older:
            notes.append(f"{self.older} entries are older than what is known of them")
        if self.renamed:
            notes.append(f"{self.renamed} entries have another address than before")
        return "; ".join(notes)


def apply_register(
    parsed: ParsedRegister,
    *,
    source: Source,
    document: Document | None,
    at: datetime,
    is_again: bool = False,
    is_taken: bool = False,
) -> Report:
    """Write what a document says. Raises Refused for one that is empty, or half of what stood in the one before.

    `at`: when the document was received. `is_again`: it was read before, so what it lacks is missing once, not twice.
    `is_taken`: an operator says that it is complete, however short. One bad entry never stops the others.
    """
    refuse_half(parsed, source, is_taken=is_taken)
    report = Report(problems=list(parsed.problems))
    decided = decided_names(source)
    is_late = parsed.is_register and not is_again and is_before_the_last(source, at)
    if not is_again:
        report.renamed = follow_renames(parsed, source, decided, at, is_late=is_late)
    writing = _Writing(source, document, at, decided, first_seen_names(source), is_late, report)
    unknown: dict[tuple[str, str], str] = {}
    for start in range(0, len(parsed.advisories), CHUNK):
        writing.chunk(parsed.advisories[start : start + CHUNK], unknown)
    count_unknown(source, unknown, at)
    report.unknown_names = {place for _scheme, place in unknown}
    if not is_again:
        report.ended += conclude(source, parsed, document, at, is_late=is_late, is_taken=is_taken)
    return report


@dataclass
class _Writing:
    """One document being written."""

    source: Source
    document: Document | None
    at: datetime
    decided: Decided
    names: Mapping[tuple[str, str], datetime]
    """Since when a name that no table knew has been seen."""
    is_late: bool
    """A register from before the last one: what it lists is nothing new."""
    report: Report

    @transaction.atomic
    def chunk(self, some: Sequence[ParsedAdvisory], unknown: dict[tuple[str, str], str]) -> None:
        """Write some entries; those whose place no table knows are put into `unknown`."""
        # A register and the rest of its entries may arrive in two workers at once.
        source = Source.objects.select_for_update().get(pk=self.source.pk)
        self.source.loaded_at = source.loaded_at
        identifiers = {one.identifier[:200] for one in some}
        known: dict[str, dict[str, Advisory]] = defaultdict(dict)
        for row in source.advisories.filter(identifier__in=identifiers).order_by("pk"):
            row.source = source
            known[row.identifier][row.country_code] = row
        seen: list[int] = []
        for parsed in some:
            try:
                with transaction.atomic():
                    entry = entry_of(parsed, source, self.decided)
                    if entry.countries is None:
                        unknown[entry.scheme, entry.place] = entry.url
                        self.report.problems.append(
                            Problem(entry.identifier, f"no table knows the place “{entry.place}”")
                        )
                        continue
                    self.report.problems += _remarks(entry)
                    self.report.read += 1
                    seen += self._write(entry, entry.countries, known[entry.identifier])
            except OperationalError:
                raise
            except Exception as error:
                logger.exception("an entry could not be written", extra={"source": source.key})
                self.report.problems.append(
                    Problem(parsed.identifier, f"could not be kept: {type(error).__name__}")
                )
        source.advisories.filter(pk__in=seen, fetched_at__lte=self.at).update(
            fetched_at=self.at, missing_since=None
        )

    def _write(self, entry: Entry, countries: tuple[str, ...], rows: dict[str, Advisory]) -> list[int]:
        """Write one entry for each of its countries; return the keys of the rows that it confirms."""
        at, report = self.at, self.report
        outcomes: set[str] = set()
        confirmed = []
        first_seen = self._first_seen(entry, rows)
        for country in countries:
            row = rows.get(country)
            is_begun = row is None
            if row is None:
                row = rows[country] = _begun(entry, country, self.source, at, first_seen)
            elif at < row.fetched_at or _is_older(entry, row, at):
                outcomes.add("older")
                continue
            confirmed.append(row.pk)
            said = entry if entry.names_areas or not row.areas else with_areas(entry, row.areas, self.source)
            version = _settle(row, said, self.document, at)
            is_first = version is not None and version.number == 1
            outcomes.add(
                "new" if is_begun else "unchanged" if version is None else "opened" if is_first else "changed"
            )
            report.notable += version is not None and version.is_notable
        for country, row in rows.items():
            if country not in countries and row.state == Advisory.State.ACTIVE and row.fetched_at <= at:
                # The places stand in the title: where it is the same, they were decided otherwise at the desk.
                versions.end(row, self.document, at, is_news=entry.title != row.title)
                report.ended += 1
        for outcome in ("new", "opened", "changed", "older", "unchanged"):
            if outcome in outcomes:
                setattr(report, outcome, getattr(report, outcome) + 1)
                break
        report.unread += any(rows[country].number == 0 for country in countries)
        report.understood += bool(confirmed) and entry.states_level and not entry.unknown
        return confirmed

    def _first_seen(self, entry: Entry, rows: Mapping[str, Advisory]) -> datetime:
        """Since when we know of an entry: a country that its place means only for us was in it before."""
        known = [self.at]
        if (named := self.names.get((entry.scheme, entry.place))) is not None:
            known.append(named)
        if self.is_late and self.source.loaded_at is not None:
            known.append(self.source.loaded_at)
        # An index may call an entry otherwise than the entry itself.
        same = [row for row in rows.values() if row.title == entry.title or not entry.states_level]
        known += [row.first_seen_at for row in same]
        return min(known)


def _remarks(entry: Entry) -> Iterable[Problem]:
    for wording in entry.unknown:
        yield Problem(entry.identifier, f"no level is known for “{wording[:120]}”")
    for remark in entry.remarks:
        yield Problem(entry.identifier, remark)


def _begun(entry: Entry, country: str, source: Source, at: datetime, first_seen: datetime) -> Advisory:
    return Advisory.objects.create(
        source=source,
        identifier=entry.identifier,
        country_code=country,
        category=entry.category,
        title=entry.title,
        url=entry.url,
        lang=entry.lang,
        changed_at=entry.changed_at,
        reviewed_at=entry.reviewed_at,
        level_since=at,
        first_seen_at=first_seen,
        fetched_at=at,
    )


def _is_older(entry: Entry, row: Advisory, at: datetime) -> bool:
    """Whether the publisher itself dates this before what is known: a cache that lags behind.

    A date of the future was a slip of the publisher and may not hold up everything that follows. What an index
    says without a level is judged with the rest of the entry.
    """
    if entry.changed_at is None or row.changed_at is None or not entry.states_level:
        return False
    return entry.changed_at < row.changed_at <= at


def _settle(row: Advisory, entry: Entry, document: Document | None, at: datetime) -> AdvisoryVersion | None:
    """Bring a row up to date; return the version when it says something else than before."""
    opened = {part.pk: part for part in row.sections.filter(until__isnull=True).defer("html")}
    values = _values(row, entry)
    digests = [part.digest for part in entry.parts] if entry.parts is not None else _digests(opened.values())
    digest = digest_of(values, digests)
    is_back = row.state == Advisory.State.ENDED
    version = None
    if (entry.states_level or row.number) and (digest != row.digest or is_back):
        version = versions.next_version(row, entry, values, document, at)
        values |= {"digest": digest, "number": version.number}
        if (values["level"], values["level_max"]) != (row.level, row.level_max) and row.number:
            values["level_since"] = _since(row, entry, at)
    values |= {"state": Advisory.State.ACTIVE, "ended_at": None}
    values |= _dates(row, entry)
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        row.save(update_fields=changed)
    if entry.parts is not None:
        sections.renew(row, opened, entry.parts, at)
    return version


def _digests(opened: Iterable[Section]) -> list[str]:
    return [part.digest for part in sorted(opened, key=lambda part: (part.position, part.pk))]


def _values(row: Advisory, entry: Entry) -> dict[str, Any]:
    """The columns of the row as the entry has them; what a partial one lacks stays."""
    # An index may call an entry otherwise than the entry itself.
    is_index = not entry.states_level and bool(row.number)
    values: dict[str, Any] = {
        "title": row.title if is_index else entry.title or row.title,
        "url": row.url if is_index and row.url else entry.url or row.url,
        "category": entry.category,
        "lang": entry.lang or row.lang,
        "summary": row.summary if entry.summary is None else entry.summary,
    }
    for name in ("original_level", "original_code", "level", "level_max", "is_partial", "areas"):
        values[name] = getattr(entry if entry.states_level else row, name)
    return values


def _dates(row: Advisory, entry: Entry) -> dict[str, Any]:
    """The publisher's dates. An index that lags behind the entry itself does not set them back."""
    dates: dict[str, Any] = {}
    for name in ("changed_at", "reviewed_at"):
        new, old = getattr(entry, name), getattr(row, name)
        if new is not None and (old is None or new > old or entry.states_level):
            dates[name] = new
    return dates


def _since(row: Advisory, entry: Entry, at: datetime) -> datetime:
    """Since when the new level holds: the publisher's date when it lies between our last look and this one."""
    changed = entry.changed_at
    return changed if changed is not None and row.level_since < changed <= at else at
