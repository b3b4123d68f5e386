"""What the steps of a briefing are made from, looked up once for the whole journey; and the small pieces of lines.

The number of questions to the database grows with neither lines nor facts; a further place costs that of its alerts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from safeconduct.advice.answers import Source
from safeconduct.advice.briefing import Asked, Group, Line, Quoted
from safeconduct.advice.derived import written_for
from safeconduct.advice.models import Occasion
from safeconduct.advice.queries import StopReport, report_of
from safeconduct.advice.words import Names, audience_of, names_for
from safeconduct.advisories.queries import IssuerAdvice, advice_for_each
from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.queries import active_for_place
from safeconduct.centres.models import Centre
from safeconduct.centres.queries import all_centres
from safeconduct.feeds.models import Source as Feed
from safeconduct.guides.assembly import fact_items
from safeconduct.guides.document import Citation, FactItem
from safeconduct.guides.models import Edition, OrganisationNote
from safeconduct.guides.text import html_of
from safeconduct.lib.timewords import day_words
from safeconduct.orgs.access import Seat
from safeconduct.orgs.models import Organisation
from safeconduct.places.effective import EffectiveFact, effective_facts
from safeconduct.places.models import FactOverride, FactSource, Place
from safeconduct.places.queries import names_of, with_names_in
from safeconduct.ratings.models import RatingVersion
from safeconduct.ratings.queries import Explained, explained_each

LATELY: Final = timedelta(days=90)
"""As long as a change of advice or of a rating is told as one."""

OPEN_END: Final = timedelta(days=364)
"""As far is looked ahead where nobody said when a stay, or the journey, ends."""

SHOWN: Final = frozenset({
    "airports", "calling_code", "currency", "drive_side", "electricity", "hour_cycle", "languages", "malaria", "measure",
    "plugs", "religion", "speed_unit", "tap_water", "timezones", "weekend", "yellow_fever",
})  # fmt: skip
"""Facts that a briefing puts into words."""


@dataclass(frozen=True)
class Written:
    """An editor's text or an organisation's note on a part of a guide."""

    part: str
    place_key: str
    quoted: Quoted
    sources: tuple[Source, ...]
    substance: str
    is_note: bool


@dataclass(frozen=True)
class Destination:
    """A country of the journey with everything looked up. `spans`: first and last days that somebody may be there; of a
    stay whose end nobody said a year, and `open_from` its first day."""

    code: str
    name: str
    country: Place | None
    places: tuple[Place, ...]
    stops: tuple[int, ...]
    spans: tuple[tuple[date, date], ...]
    open_from: date | None
    facts: Mapping[str, FactItem]
    values: Mapping[str, Any]
    advice: tuple[IssuerAdvice, ...]
    ratings: tuple[Explained, ...]
    alerts: tuple[AlertVersion, ...]
    written: Mapping[str, tuple[Written, ...]]
    climate_correction: FactOverride | None

    @property
    def points(self) -> tuple[Place, ...]:
        """Its places, else the country itself."""
        return self.places or ((self.country,) if self.country is not None else ())


@dataclass(frozen=True)
class Materials:
    """Everything, for one language and one reader."""

    asked: Asked
    lang: str
    now: datetime
    names: Mapping[str, str]
    place_names: Mapping[str, str]
    organisation: Organisation | None
    seat: Seat | None
    destinations: tuple[Destination, ...]
    home: Mapping[str, Any]
    """Field → value of a fact of the country of departure."""
    facts: tuple[EffectiveFact, ...]
    reports: tuple[StopReport, ...]
    reason_names: Names
    """Of every country that answers and reasons mention."""
    occasions: tuple[Occasion, ...]
    rating_changes: Mapping[str, tuple[RatingVersion, ...]]
    centres: tuple[Centre, ...]
    alert_sources: frozenset[str]
    """Countries of the sources of alerts that were read lately; empty: of the whole world."""
    fact_sources: Mapping[str, FactSource]
    """Of numbers and climates, by key."""

    @property
    def today(self) -> date:
        """The day in UTC."""
        return self.now.date()

    def name(self, code: str) -> str:
        """The name of a country; a code without one stays a code."""
        return self.names.get(code, code)



def materials_of(
    asked: Asked, *, lang: str, now: datetime, seat: Seat | None, organisation: Organisation | None
) -> Materials:
    """Look everything up."""
    codes = asked.countries
    others = {asked.departure, asked.residence, *asked.passports, *(c.country for c in asked.changes)}
    wanted = {code for code in (*codes, *others) if code}
    places = _places(asked, wanted, lang)
    place_names = names_of(places.values(), lang)
    names = {code: name for key, name in place_names.items() if (code := _code(key))}
    facts = effective_facts(country_codes={*codes, asked.departure})
    advice = advice_for_each(codes)
    spans = {code: _spans(asked, code) for code in codes}
    destinations = _destinations(asked, codes, places, names, facts, advice, spans, lang, now, organisation)
    reports = report_of(asked.journey(), lang=lang, today=now.date(), advice=advice)
    return Materials(
        asked=asked, lang=lang, now=now, names=names, place_names=place_names, organisation=organisation, seat=seat,
        destinations=destinations,
        home={fact.field: fact.value for fact in facts if fact.country_code == asked.departure},
        facts=tuple(facts),
        reports=reports,
        reason_names=names_for(asked.journey(), reports, lang),
        occasions=_occasions(spans, now.date()),
        rating_changes=_rating_changes(codes, now),
        centres=tuple(all_centres()),
        alert_sources=_alert_sources(now),
        fact_sources={row.src: row for row in FactSource.objects.all()},
    )  # fmt: skip


def _code(key: str) -> str:
    return key.removeprefix("iso:") if key.startswith("iso:") else ""


def _places(asked: Asked, codes: Iterable[str], lang: str) -> dict[str, Place]:
    """Key → place, of every country and place that is mentioned."""
    keys = {f"iso:{code}" for code in codes} | {stop.place for stop in asked.stops if stop.place}
    return {row.key: row for row in with_names_in(Place.objects.filter(key__in=keys), lang)}


def _windows(asked: Asked, code: str) -> list[tuple[date, date | None]]:
    found = [asked.window(n) for n, stop in enumerate(asked.stops) if stop.country == code]
    return [span for span in found if span is not None]


def _spans(asked: Asked, code: str) -> tuple[tuple[date, date], ...]:
    return tuple(sorted((first, last or first + OPEN_END) for first, last in _windows(asked, code)))


def _destinations(
    asked: Asked, codes: Sequence[str], places: Mapping[str, Place], names: Mapping[str, str],
    facts: Sequence[EffectiveFact], advice: Mapping[str, tuple[IssuerAdvice, ...]],
    spans: Mapping[str, tuple[tuple[date, date], ...]], lang: str, now: datetime, organisation: Organisation | None,
) -> tuple[Destination, ...]:  # fmt: skip
    ratings = explained_each(codes, organisation)
    written = _written(places.values(), lang, organisation)
    corrections = {
        row.country_code: row
        for row in FactOverride.objects.filter(country_code__in=codes, field="climate", ended_at__isnull=True)
    }
    by_country: dict[str, list[EffectiveFact]] = defaultdict(list)
    for fact in facts:
        by_country[fact.country_code].append(fact)
    found = []
    for code in codes:
        mine = [places[stop.place] for stop in asked.stops if stop.country == code and stop.place in places]
        mine = list({place.key: place for place in mine if not place.is_country}.values())
        country = places.get(f"iso:{code}")
        items = fact_items([fact for fact in by_country[code] if fact.field in SHOWN], lang, now.date())
        keys = {place.key for place in mine} | {f"iso:{code}"}
        found.append(
            Destination(
                code=code,
                name=names.get(code, code),
                country=country,
                places=tuple(mine),
                stops=tuple(n for n, stop in enumerate(asked.stops) if stop.country == code),
                spans=spans[code],
                open_from=min((first for first, last in _windows(asked, code) if last is None), default=None),
                facts={item.field: item for row in items.values() for item in row},
                values={fact.field: fact.value for fact in by_country[code]},
                advice=advice.get(code, ()),
                ratings=ratings[code],
                alerts=_alerts(mine or ([country] if country is not None else []), now),
                written={
                    part: tuple(one for one in rows if one.place_key in keys) for part, rows in written.items()
                },
                climate_correction=corrections.get(code),
            )
        )
    return tuple(found)


def _alerts(places: Iterable[Place], now: datetime) -> tuple[AlertVersion, ...]:
    """What is active at the places, the worst first, each once."""
    found = {version.pk: version for place in places for version in active_for_place(place, now=now)}
    return tuple(found.values())


def _alert_sources(now: datetime) -> frozenset[str]:
    """Countries of the sources of alerts whose last good document is no older than it may be."""
    rows = Feed.objects.exclude(format__in=Feed.ADVICE)
    return frozenset(
        row.country_code for row in rows
        if row.last_read_at is not None and (now - row.last_read_at).total_seconds() <= row.limit_seconds
    )  # fmt: skip


def _written(places: Iterable[Place], lang: str, organisation: Organisation | None) -> dict[str, list[Written]]:
    """Part of a guide → texts: for each place the edition that suits the reader best, and the organisation's notes."""
    here = list(places)
    keys = {place.pk: place.key for place in here}
    found: dict[str, list[Written]] = defaultdict(list)
    if organisation is not None:
        notes = OrganisationNote.objects.for_org(organisation).filter(ended_at__isnull=True, place__in=list(keys))
        for note in notes.order_by("part", "pk"):
            source = Source(organisation.name, "", note.made_at.date())
            said = Quoted(organisation.name, "", html_of(note.body), "", "", "", organisation.name, note.made_at)
            found[note.part].append(Written(note.part, keys[note.place_id], said, (source,), note.body, is_note=True))
    editions = Edition.objects.filter(place__in=list(keys), state=Edition.State.PUBLISHED)
    rows = list(editions)
    newest: dict[tuple[int, str], int] = {}
    for row in rows:
        newest[row.place_id, row.part] = max(row.pk, newest.get((row.place_id, row.part), 0))
    chosen: dict[tuple[int, str], Edition] = {}
    for row in sorted(rows, key=lambda row: (row.language != lang, row.language != "en", row.language)):
        chosen.setdefault((row.place_id, row.part), row)
    for row in chosen.values():
        at = row.published_at or row.written_at
        issuer = _("Edited text of this portal")
        said = Quoted(issuer, "", html_of(row.body), row.language, "", "", issuer, at)
        source = Source(_("%(text)s, edition %(number)s") % {"text": issuer, "number": row.number}, "", at.date())
        found[row.part].append(
            Written(row.part, keys[row.place_id], said, (source,), f"{row.part} {newest[row.place_id, row.part]}", is_note=False)
        )
    return found


def _occasions(spans: Mapping[str, tuple[tuple[date, date], ...]], today: date) -> tuple[Occasion, ...]:
    days = [day for rows in spans.values() for span in rows for day in span]
    if not days:
        days = [today, today + OPEN_END]
    rows = Occasion.objects.touching(min(days), max(days)).filter(country__in=list(spans)).select_related("place")
    return tuple(
        row
        for row in rows
        if not spans[row.country] or any(row.begins_on <= last and row.ends_on >= first for first, last in spans[row.country])
    )


def _rating_changes(codes: Iterable[str], now: datetime) -> dict[str, tuple[RatingVersion, ...]]:
    """Country → changes that people were told of."""
    rows = RatingVersion.objects.filter(rating__country_code__in=list(codes), is_notable=True, made_at__gte=now - LATELY)
    found: dict[str, list[RatingVersion]] = defaultdict(list)
    for row in rows.select_related("rating").defer("inputs"):
        found[row.rating.country_code].append(row)
    return {code: tuple(each) for code, each in found.items()}


# Pieces of lines.


def day(on: date) -> str:
    """A day with its year: a briefing is kept on paper."""
    return day_words(on, this_year=0)


def cited(citations: Iterable[Citation]) -> tuple[Source, ...]:
    """Citations of a guide as sources: the document's own edition stands in the name."""
    return tuple(
        Source(f"{one.title}, {one.edition_words}" if one.edition else one.title, one.url, one.on) for one in citations
    )


def fact_line(step: str, destination: Destination, field: str) -> Line:
    """A fact, or that nobody says it."""
    item = destination.facts[field]
    key = f"{step}.fact.{field}.{destination.code}"
    if not item.is_known or not item.citations:
        return Line(key, _("Unknown: no source that is read here says it."), label=item.label, is_unknown=True)
    details = (item.reason,) if item.reason else ()
    return Line(
        key, item.text, cited(item.citations), label=item.label, details=details, is_stale=item.is_stale, links=item.links,
        substance=repr(destination.values.get(field)),
    )  # fmt: skip


def quote_lines(step: str, destination: Destination, sections: Sequence[str], lang: str) -> list[Line]:
    """What governments write in these sections, those in the reader's language first."""
    found = []
    for row in sorted(destination.advice, key=lambda row: (not row.lang.startswith(lang), row.issuer_name)):
        for key in sections:
            for number, part in enumerate(row.single_sections.get(key, ())):
                said = Quoted(
                    row.issuer_name, part.heading, part.html, part.lang, row.url, row.licence, row.attribution,
                    row.fetched_at, audience_of(written_for(row)), row.caution,
                )  # fmt: skip
                name = f"{step}.quote.{row.advisory_id}.{key}.{number}"
                found.append(quote_line(name, said))
    return found


def quote_line(key: str, said: Quoted) -> Line:
    """A publisher's words as a line; only the link where they may not be shown."""
    text = said.heading or said.issuer
    return Line(
        key, text, (Source(said.attribution or said.issuer, said.url, said.fetched_at.date()),), label=said.issuer,
        quote=said, link=said.url, substance=said.html or said.url,
    )  # fmt: skip


def written_lines(step: str, destination: Destination, parts: Iterable[str]) -> list[Line]:
    """Notes of the organisation, then edited texts."""
    found = []
    for part in parts:
        rows = destination.written.get(part, ())
        for n, one in enumerate(sorted(rows, key=lambda one: (not one.is_note, one.place_key))):
            kind = "note" if one.is_note else "text"
            found.append(
                Line(
                    f"{step}.{kind}.{part}.{one.place_key}.{n}", one.quoted.issuer, one.sources, label=one.quoted.issuer,
                    tone="note" if one.is_note else "", quote=one.quoted, substance=one.substance,
                )
            )  # fmt: skip
    return found


def group(
    step: str, name: str, title: str, lines: Iterable[Line], destination: Destination | None = None, lead: str = ""
) -> Group:
    """A group; of a country, or of the whole journey."""
    code = destination.code if destination is not None else ""
    key = f"{step}.{name}" + (f".{code}" if code else "")
    return Group(key, title, tuple(lines), code, destination.name if destination is not None else "", lead)


def unlike(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines whose keys would be the same get a number: a country may be on the way twice."""
    seen: dict[str, int] = {}
    found = []
    for line in lines:
        seen[line.key] = seen.get(line.key, 0) + 1
        found.append(line if seen[line.key] == 1 else replace(line, key=f"{line.key}.{seen[line.key]}"))
    return tuple(found)
