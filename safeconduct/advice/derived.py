"""What is known without any editor: rules reckoned from the shipped facts and their corrections, the authority's own
addresses, and what official advice that was read says of entry and health.

Reckoned at each question, stored nowhere. Nothing is added to what a fact or a publisher says; the words of a publisher
are quoted as its licence allows.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from safeconduct.advice.answers import Rule, Source
from safeconduct.advice.countries import codes
from safeconduct.advice.kinds import NOT_REQUIRED, REQUIRED
from safeconduct.advisories.cleaning import clean, plain
from safeconduct.advisories.models import Category
from safeconduct.advisories.queries import IssuerAdvice, SectionText, advice_for
from safeconduct.feeds.models import Source as Feed
from safeconduct.places.coverage import is_older
from safeconduct.places.effective import EffectiveFact, effective_facts
from safeconduct.places.factwords import Words
from safeconduct.places.models import FactSource
from safeconduct.places.registry import FIELDS
from safeconduct.places.statements.contacts import visa_links

CERTIFICATE, RISK, AUTHORITY = "yellow_fever_certificate", "yellow_fever", "visa_authority"
LEAD_DAYS: Final = 10
"""A certificate counts from the 10th day after the vaccination (International Health Regulations, annex 7)."""
SECTIONS: Final = ("entry", "health")
NOTICE: Final = "notice"
LICENCE, WHOLE = "licence", "whole"
HEADINGS: Final = Path(__file__).parent / "data" / "headings.csv"
WRITTEN_FOR: Final = {
    Feed.Format.FCDO: "GB",
    Feed.Format.US_STATE: "US",
    Feed.Format.CDC: "US",
    Feed.Format.CANADA: "CA",
    Feed.Format.SMARTRAVELLER: "AU",
    Feed.Format.AUSWAERTIGES_AMT: "DE",
}
"""Whose travellers a publisher writes for; one that is not here writes for everybody."""
_PART = re.compile(r"(?=<h[3-6]\b)")
_HEADING = re.compile(r"^<h[3-6]\b[^>]*>(.*?)</h[3-6]>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Link:
    """Where the authority itself says who needs what."""

    label: str
    url: str
    sources: tuple[Source, ...]

    def is_stale(self, today: date) -> bool:
        """Whether it was looked at so long ago that somebody should look again."""
        looked = [source.on for source in self.sources if source.on is not None]
        return bool(looked) and is_older(min(looked), FIELDS[AUTHORITY], today)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a publisher says of entry or health. `section`: entry, health, notice (of an outbreak, of the country or
    worldwide, no standing advice), or empty for a link alone. `kinds`: what its heading names, among `kinds.KINDS`; empty: the whole
    section. `html` is cleaned; empty where there is no more than the link. `written_for`: a country's code."""

    issuer: str
    section: str
    kinds: tuple[str, ...]
    heading: str
    html: str
    lang: str
    url: str
    written_for: str
    licence: str
    attribution: str
    fetched_at: datetime
    since: datetime | None
    caution: str
    entry: str = ""
    """Public id of the entry that it is from."""
    withheld: str = ""
    """Why `html` is empty: LICENCE, it allows no more than the link; WHOLE, none of its parts may stand alone; empty: nothing
    that holds was read (`caution` says so) or its entry says nothing of this."""
    is_of_country: bool = True
    """False: of an entry about the whole world."""


def fact_rules(countries: Collection[str], lang: str) -> list[Rule]:
    """Return the certificate of yellow fever that these destinations ask for. `lang` is that of the words."""
    facts = effective_facts(fields=(CERTIFICATE, RISK))
    risk = {fact.country_code: fact for fact in facts if fact.field == RISK}
    at_risk = frozenset(code for code, fact in risk.items() if fact.value["risk"] != "none")
    # A country of which the facts say nothing may have it.
    unsure = codes() - frozenset(risk)
    wanted = [fact for fact in facts if fact.field == CERTIFICATE and fact.country_code in countries]
    titles = _titles(wanted)
    return [_certificate(fact, titles, at_risk, unsure, Words(lang)) for fact in wanted]


def _certificate(
    fact: EffectiveFact, titles: dict[str, FactSource], at_risk: frozenset[str], unsure: frozenset[str], words: Words
) -> Rule:
    cert = fact.value["cert"]
    of_risk = cert in ("from_risk", "from_risk_or_transit12h")
    return Rule(
        kind="yellow_fever",
        destination=fact.country_code,
        answer=NOT_REQUIRED if cert == "none" else REQUIRED,
        sources=_sources(fact, titles),
        came_from=at_risk if of_risk else frozenset(),
        unsure_from=unsure if of_risk else frozenset(),
        transit_hours=fact.value.get("transit_hours"),
        otherwise_not=of_risk,
        lead_days=LEAD_DAYS,
        text=words.text(CERTIFICATE, fact.value),
        origin="fact",
    )


def _titles(facts: Iterable[EffectiveFact]) -> dict[str, FactSource]:
    wanted = {src for fact in facts for src in (fact.src, fact.src2) if src}
    return {row.src: row for row in FactSource.objects.filter(src__in=wanted)}


def _sources(fact: EffectiveFact, titles: dict[str, FactSource]) -> tuple[Source, ...]:
    """Who says so, on the day that the fact was last checked: that is what is known of its age."""
    if fact.is_override:
        return (Source(fact.source_title, fact.source_url, fact.checked_on),)
    rows = [titles[src] for src in (fact.src, fact.src2) if src in titles]
    return tuple(Source(f"{row.publisher}: {row}", row.url, fact.checked_on) for row in rows)


def links_of(countries: Collection[str]) -> dict[str, tuple[Link, ...]]:
    """Return where the authority of each country says who needs what; a country without an address is missing."""
    facts = effective_facts(country_codes=countries, fields=(AUTHORITY,))
    titles = _titles(facts)
    return {
        fact.country_code: tuple(Link(one.label, one.url, _sources(fact, titles)) for one in visa_links(fact.value))
        for fact in facts
    }


def written_for(row: IssuerAdvice) -> str:
    """Return the country whose travellers a publisher writes for; empty for everybody's."""
    return WRITTEN_FOR.get(Feed.Format(row.format), "") if row.format else ""


def quotes_of(country: str, lang: str, rows: Sequence[IssuerAdvice] | None = None) -> tuple[Quote, ...]:
    """Return what is quoted of entry and health, that of the reader's language first: each section whole, then the parts
    of it whose heading names a kind of rule; and the notices of health authorities. An entry that may not be quoted, not in
    parts, or was not read yet, is a link. `rows`: what `advice_for` says, where somebody has asked already."""
    found: list[Quote] = []
    rows = advice_for(country) if rows is None else rows
    for row in sorted(rows, key=lambda row: (not row.lang.startswith(lang), row.issuer_name)):
        audience = written_for(row)
        if row.category == Category.HEALTH:
            html = row.summary if row.display == Feed.Display.FULL else ""
            found.append(replace(_quote(row, audience, None, row.title, html), section=NOTICE, since=row.changed_at))
            continue
        if row.is_worldwide:
            continue
        sections = [part for key in SECTIONS for part in row.single_sections.get(key, ())]
        for part in sections:
            found.append(_quote(row, audience, part, part.heading, part.html))
            if row.display == Feed.Display.FULL:
                found += _parts(row, audience, part)
        if not sections and row.url:
            found.append(_quote(row, audience, None, row.title, ""))
    return tuple(found)


def _quote(
    row: IssuerAdvice, written_for: str, part: SectionText | None, heading: str, html: str, kinds: tuple[str, ...] = ()
) -> Quote:
    return Quote(
        issuer=row.issuer_name,
        section=part.key if part is not None else "",
        kinds=kinds,
        heading=heading,
        html=html,
        lang=part.lang if part is not None else row.lang,
        url=row.url,
        written_for=written_for,
        licence=row.licence,
        attribution=row.attribution,
        fetched_at=row.fetched_at,
        since=part.since if part is not None else None,
        caution=row.caution,
        entry=row.advisory_id,
        withheld="" if html else _withheld(row),
        is_of_country=not row.is_worldwide,
    )


def _withheld(row: IssuerAdvice) -> str:
    if row.source_display in (Feed.Display.LINK, Feed.Display.EXCERPT):
        return LICENCE
    return WHOLE if row.source_display == Feed.Display.WHOLE and row.is_read and not row.is_stale else ""


def _parts(row: IssuerAdvice, written_for: str, part: SectionText) -> Iterable[Quote]:
    """The parts of a section under headings of its own that name a kind; each ends at the next heading."""
    for heading, kinds, html in _pieces(part.html):
        yield _quote(row, written_for, part, heading, html, kinds)


@lru_cache(maxsize=1000)
def _pieces(html: str) -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """(heading, kinds, text) of the parts of a section; remembered, because a section stays the same for weeks."""
    found = []
    for piece in _PART.split(html):
        named = _HEADING.match(piece)
        if named is None:
            continue
        heading = plain(named[1])[:200]
        kinds = kinds_named(heading)
        rest = piece[named.end() :]
        if kinds and plain(rest):
            found.append((heading, kinds, clean(rest)[0]))
    return tuple(found)


def kinds_named(heading: str) -> tuple[str, ...]:
    """Return the kinds of rule that a heading names, by `data/headings.csv`."""
    return tuple(dict.fromkeys(kind for pattern, kind in _headings() if pattern.search(heading)))


@cache
def _headings() -> tuple[tuple[re.Pattern[str], str], ...]:
    with HEADINGS.open(encoding="utf-8", newline="") as file:
        return tuple((re.compile(row["pattern"], re.IGNORECASE), row["kind"]) for row in csv.DictReader(file))


def health_facts(countries: Collection[str], lang: str) -> dict[str, tuple[dict[str, Any], ...]]:
    """Return what the facts say of yellow fever and malaria in the countries themselves: no rule, and good to know."""
    fields = (RISK, "malaria")
    facts = effective_facts(country_codes=countries, fields=fields)
    titles, words = _titles(facts), Words(lang)
    found: dict[str, list[dict[str, Any]]] = {}
    for fact in sorted(facts, key=lambda fact: fields.index(fact.field)):
        said = {"label": FIELDS[fact.field].label, "text": words.text(fact.field, fact.value), "sources": _sources(fact, titles)}
        found.setdefault(fact.country_code, []).append(said)
    return {code: tuple(rows) for code, rows in found.items()}
