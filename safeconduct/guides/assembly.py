"""Puts a guide together: facts, official advice, ratings, alerts, editors’ texts, the organisation’s notes.

It states nothing of its own: what nobody says is unknown, and everything else carries who says so and when. One guide
is for one language and one organisation (or none); it holds nothing about a person.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from safeconduct.accounts.authors import authors_of
from safeconduct.alerts.labels import SEVERITIES
from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.queries import active_for_place, texts
from safeconduct.centres.queries import centres_for
from safeconduct.guides import mapping, official, rated
from safeconduct.guides.citing import citation_of
from safeconduct.guides.climates import climates_for
from safeconduct.guides.document import (
    AdviceRow,
    AlertRow,
    CentreRow,
    Citation,
    Editorial,
    EmergencyNumber,
    EmergencyService,
    FactItem,
    GuideChapter,
    GuideDocument,
    GuidePart,
    Holiday,
    Note,
    Quote,
    RatingCard,
)
from safeconduct.guides.models import Edition, OrganisationNote
from safeconduct.guides.sections import CHAPTERS, Part
from safeconduct.guides.text import citations_of, html_of
from safeconduct.lib import clock, phones
from safeconduct.orgs.models import Organisation
from safeconduct.places.calendar import holidays_of
from safeconduct.places.clocks import clock_differences
from safeconduct.places.effective import EffectiveFact, effective_facts
from safeconduct.places.emergency import emergency_of
from safeconduct.places.factwords import Words
from safeconduct.places.models import FactSource, Place
from safeconduct.places.queries import country_names, largest_cities, localised_name, zone_of
from safeconduct.places.registry import FIELDS
from safeconduct.places.statements.contacts import visa_links

DAYS_A_MONTH: Final = 30.44
CSS: Final = {"Extreme": "s-5", "Severe": "s-4", "Moderate": "s-3", "Minor": "s-2"}
# Shown by a block of its own, not as a line.
OWN_BLOCK: Final = frozenset({"emergency", "climate"})


@dataclass(frozen=True)
class Materials:
    """What the parts are made from, read once."""

    place: Place
    country: Place | None
    language: str
    now: datetime
    facts: Mapping[str, tuple[FactItem, ...]]
    editions: Mapping[str, Editorial]
    notes: Mapping[str, Note]
    quotes: Mapping[str, tuple[Quote, ...]]
    zones: tuple[str, ...]


def guide_document(place: Place, language: str, organisation: Organisation | None = None) -> GuideDocument:
    """The whole guide of a place in a language, as members of an organisation see it."""
    now = clock.now()
    country = None if place.is_country else Place.objects.filter(key=f"iso:{place.country_code}").first()
    facts = effective_facts(country_code=place.country_code)
    advice, quotes = official.advice_and_quotes(place.country_code, language)
    materials = Materials(
        place=place,
        country=country,
        language=language,
        now=now,
        facts=fact_items(facts, language, now.date()),
        editions=_editions(place, country, language, now),
        notes=_notes(place, organisation),
        quotes=quotes,
        zones=_zones(place, facts),
    )
    versions = active_for_place(place)
    return _document(materials, versions, advice, rated.cards(place.country_code, organisation), organisation)


def _document(
    materials: Materials,
    versions: list[AlertVersion],
    advice: tuple[AdviceRow, ...],
    ratings: tuple[RatingCard, ...],
    organisation: Organisation | None,
) -> GuideDocument:
    place, language = materials.place, materials.language
    name = localised_name(place, language)
    chapters = tuple(
        GuideChapter(chapter.key, str(chapter.label), tuple(_part(part, materials) for part in chapter.parts))
        for chapter in CHAPTERS
    )
    document = GuideDocument(
        key=place.key,
        name=name,
        native_name=place.native_name if place.native_name != name else "",
        kind=place.kind,
        kind_name=str(Place.Kind(place.kind).label),
        code=place.code,
        region=place.region,
        country_code=place.country_code,
        country_key="" if place.is_country else f"iso:{place.country_code}",
        country_name=country_names({place.country_code}, language).get(
            place.country_code, place.country_code
        ),
        is_listed=place.state == Place.State.ACTIVE,
        language=language,
        is_rtl=bool(get_language_info(language)["bidi"]),
        made_at=materials.now,
        zone=zone_of(place).key,
        zone_place=mapping.zone_place(place, name, language),
        lat=place.lat,
        lon=place.lon,
        map_svg=mapping.map_svg(place, name, versions, language),
        version="",
        alerts=tuple(alert_row(version, language) for version in versions),
        ratings=ratings,
        advice=advice,
        chapters=chapters,
        citations=_all_citations(chapters, advice),
        organisation=organisation.name if organisation is not None else "",
        edition_on=_newest(materials, advice),
        clocks=_clocks(place, organisation, materials.zones, materials.now),
        centres=_centres(place, organisation),
    )
    return replace(document, version=_digest(document))


def _zones(place: Place, facts: Iterable[EffectiveFact]) -> tuple[str, ...]:
    """A place's own zone; a country's all, that of its largest city first."""
    if place.zone and not place.is_country:
        return (place.zone,)
    zones = tuple(zone for fact in facts if fact.field == "timezones" for zone in fact.value)
    return tuple(largest_cities(zones)) if len(zones) > 1 else zones


def _centres(place: Place, organisation: Organisation | None) -> tuple[CentreRow, ...]:
    """Whom to call: what stands on a page's help line depends on where its reader is, this on the place alone."""
    home = organisation.home_country if organisation is not None else ""
    return tuple(
        CentreRow(
            name=row.name,
            place=row.place,
            phones=tuple(phones.dialled(number).text for number in (row.centre.phone, row.centre.second_phone) if number),
            hours=_("Open day and night") if row.centre.is_24_hours else f"{row.centre.hours} ({row.centre.zone})",
            is_nearest=row.is_nearest,
        )
        for row in centres_for(place.lon, place.lat, home)
    )


def _clocks(
    place: Place, organisation: Organisation | None, zones: Sequence[str], now: datetime
) -> tuple[str, ...]:
    """How far the place's clocks are from home; nothing when it is home or home is not known."""
    if organisation is None or place.country_code == organisation.home_country or organisation.zone == "UTC":
        return ()
    differences = clock_differences(organisation.zone, zones, now=now)
    return tuple(f"{each.places}: {each.words}" if each.places else each.words for each in differences)


def fact_items(facts: Iterable[EffectiveFact], language: str, today: date) -> dict[str, tuple[FactItem, ...]]:
    """Part of the guide → its facts in the order of the registry, unknown ones included."""
    known = {fact.field: fact for fact in facts}
    cited = {fact.src for fact in known.values()} | {fact.src2 for fact in known.values()}
    sources = {row.src: row for row in FactSource.objects.filter(src__in=cited)}
    words = Words(language)
    found: dict[str, list[FactItem]] = defaultdict(list)
    for field in FIELDS.values():
        if field.name in OWN_BLOCK:
            continue
        fact = known.get(field.name)
        text = words.text(field.name, fact.value) if fact is not None else ""
        if fact is None or not text:
            found[field.section].append(FactItem(field.name, str(field.label), ""))
            continue
        age = (today - fact.checked_on).days
        found[field.section].append(
            FactItem(
                field.name, str(field.label), text, _cited(fact, sources),
                is_stale=age > field.fresh_months * DAYS_A_MONTH, is_override=fact.is_override, reason=fact.reason,
                links=_links(fact),
            )
        )  # fmt: skip
    return {section: tuple(items) for section, items in found.items()}


def _links(fact: EffectiveFact) -> tuple[tuple[str, str], ...]:
    """The addresses that a fact consists of."""
    if fact.field != "visa_authority" or not isinstance(fact.value, Mapping):
        return ()
    return tuple((link.label, link.url) for link in visa_links(fact.value))


def _cited(fact: EffectiveFact, sources: Mapping[str, FactSource]) -> tuple[Citation, ...]:
    if fact.is_override:
        return (Citation(fact.source_title, fact.source_url, on=fact.checked_on),)
    return tuple(citation_of(sources[src], fact.checked_on) for src in (fact.src, fact.src2) if src in sources)


def _part(part: Part, materials: Materials) -> GuidePart:
    climate = climates_for(materials.place, materials.language) if part.key == "geography-weather" else ()
    holidays: tuple[Holiday, ...] = ()
    unknown_from: date | None = None
    if part.key == "calendar":
        holidays, unknown_from = _holidays(materials)
    return GuidePart(
        key=part.key,
        label=str(part.label),
        facts=materials.facts.get(part.key, ()),
        editorial=materials.editions.get(part.key),
        quotes=tuple(quote for key in part.advice for quote in materials.quotes.get(key, ())),
        note=materials.notes.get(part.key),
        climate=climate,
        holidays=holidays,
        holidays_known=unknown_from is None or unknown_from > materials.now.date(),
        holidays_unknown_from=unknown_from,
        emergency=_emergency(materials) if part.key == "contacts" else (),
    )


def _holidays(materials: Materials) -> tuple[tuple[Holiday, ...], date | None]:
    known = holidays_of(materials.place.country_code, materials.now.date(), materials.language)
    days = tuple(Holiday(day.on, day.name, day.is_estimated, ", ".join(day.parts)) for day in known.days)
    return days, known.unknown_from


def _emergency(materials: Materials) -> tuple[EmergencyService, ...]:
    emergency = emergency_of(materials.place.country_code)
    # Numbers of a correction have one source for all.
    own = (Citation(emergency.source_title, emergency.source_url, on=emergency.checked_on),)
    return tuple(
        EmergencyService(
            line.service,
            line.label,
            tuple(
                EmergencyNumber(
                    number.number,
                    own
                    if emergency.is_override
                    else tuple(citation_of(source, number.checked_on) for source in number.sources),
                )
                for number in line.numbers
            ),
        )
        for line in emergency.lines
    )


def _editions(place: Place, country: Place | None, language: str, now: datetime) -> dict[str, Editorial]:
    """Part → the text to show: the place's own before its country's, the reader's language before English before any."""
    places = [place] if country is None else [place, country]
    names = {each.pk: "" if each.pk == place.pk else localised_name(each, language) for each in places}
    rows = list(Edition.objects.filter(place__in=places, state=Edition.State.PUBLISHED))

    def order(row: Edition) -> tuple[bool, bool, bool, str]:
        return row.place_id != place.pk, row.language != language, row.language != "en", row.language

    chosen: dict[str, Edition] = {}
    for row in sorted(rows, key=order):
        chosen.setdefault(row.part, row)
    return {part: _editorial(row, language, names[row.place_id], now) for part, row in chosen.items()}


def _editorial(row: Edition, language: str, place_name: str, now: datetime) -> Editorial:
    return Editorial(
        html=html_of(row.body),
        markdown=row.body,
        language=row.language,
        is_fallback=row.language != language,
        number=row.number,
        published_at=row.published_at or row.written_at,
        review_due_on=row.review_due_on,
        is_stale=row.review_due_on is not None and row.review_due_on < now.date(),
        change_note=row.change_note,
        citations=citations_of(row.sources),
        place_name=place_name,
    )


def _notes(place: Place, organisation: Organisation | None) -> dict[str, Note]:
    if organisation is None:
        return {}
    rows = list(OrganisationNote.objects.for_org(organisation).filter(ended_at__isnull=True, place=place))
    names = authors_of(row.by_label for row in rows)
    return {
        row.part: Note(
            organisation.name, html_of(row.body), row.body, names.get(row.by_label, row.by_label), row.made_at
        )
        for row in rows
    }


def alert_row(version: AlertVersion, language: str) -> AlertRow:
    """An alert as a guide lists it."""
    words = texts(version, language)
    return AlertRow(
        url=reverse("alerts:version", args=[version.public_id]),
        headline=words.headline,
        event=words.event,
        severity=version.severity,
        severity_word=str(SEVERITIES.get(version.severity, version.severity)),
        sender=words.sender_name,
        sent_at=version.sent_at,
        expires_at=version.expires_at,
        is_exercise=version.status == "Exercise",
        css=CSS.get(version.severity, "s-0"),
    )


def _all_citations(chapters: tuple[GuideChapter, ...], advice: tuple[AdviceRow, ...]) -> tuple[Citation, ...]:
    """Everybody who is cited, each once, the newest day of each."""
    newest: dict[tuple[str, str], Citation] = {}

    def add(citation: Citation) -> None:
        key = (citation.title, citation.url)
        old = newest.get(key)
        if old is None or (citation.on or date.min) > (old.on or date.min):
            newest[key] = citation

    for chapter in chapters:
        for part in chapter.parts:
            for citation in part_citations(part):
                add(citation)
    for row in advice:
        add(Citation(row.issuer, row.url, row.attribution, row.licence, row.fetched_at.date()))
    return tuple(sorted(newest.values(), key=lambda each: (each.publisher or each.title).casefold()))


def part_citations(part: GuidePart) -> Iterable[Citation]:
    """Everybody whom a part cites, in its order, with repetitions."""
    for fact in part.facts:
        yield from fact.citations
    if part.editorial is not None:
        yield from part.editorial.citations
    for quote in part.quotes:
        yield Citation(
            f"{quote.issuer}: {quote.heading}",
            quote.url,
            quote.attribution,
            quote.licence,
            quote.fetched_at.date(),
        )
    for climate in part.climate:
        yield from climate.citations
    for service in part.emergency:
        for number in service.numbers:
            yield from number.citations


def _newest(materials: Materials, advice: tuple[AdviceRow, ...]) -> date | None:
    """The newest day of anything: a text, a level, a checked fact."""
    days = [text.published_at.date() for text in materials.editions.values()]
    days += [row.changed_at.date() for row in advice if row.changed_at is not None]
    days += [
        each.on for items in materials.facts.values() for item in items for each in item.citations if each.on
    ]
    return max(days, default=None)


def _digest(document: GuideDocument) -> str:
    """Of everything that the guide says; the moment of making it does not count."""
    said = replace(document, made_at=datetime.min.replace(tzinfo=UTC), version="")
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]
