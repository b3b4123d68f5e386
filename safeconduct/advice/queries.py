"""What is known of entry and health for a journey: stored and reckoned rules, addresses, quotes; and lists for the desk.

Reads shared rows only; what is asked is kept nowhere and written into no log.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from safeconduct.advice import derived
from safeconduct.advice.answers import Journey, Rule, Source, StopAnswers, answers_for
from safeconduct.advice.derived import Link, Quote
from safeconduct.advice.kinds import BY_CODE
from safeconduct.advice.models import EntryRule, RuleImport, RuleQuerySet
from safeconduct.advisories.queries import IssuerAdvice, advice_for_each
from safeconduct.lib import clock
from safeconduct.lib.errors import found


@dataclass(frozen=True, slots=True)
class StopReport:
    """A stop with its answers, where its authority says so, what is quoted of it and what is known of its diseases."""

    answers: StopAnswers
    links: tuple[Link, ...]
    quotes: tuple[Quote, ...]
    facts: tuple[dict[str, Any], ...]


def report_of(
    journey: Journey,
    *,
    lang: str,
    today: date | None = None,
    kinds: Collection[str] = tuple(BY_CODE),
    advice: Mapping[str, Sequence[IssuerAdvice]] | None = None,
) -> tuple[StopReport, ...]:
    """Return everything that is known for a journey, stop by stop. `lang`: of facts, and whose quotes come first.

    `advice`: country → what governments say, where somebody has asked already; of the rest it is asked here.
    """
    wanted = journey.countries
    rules = [*stored_rules(wanted, journey.passports), *derived.fact_rules(wanted, lang)]
    links = derived.links_of(wanted)
    known = advice if advice is not None else {}
    rows = {**known, **advice_for_each(wanted - set(known))} if wanted - set(known) else known
    quotes = {code: derived.quotes_of(code, lang, rows[code]) for code in wanted}
    facts = derived.health_facts(wanted, lang)
    found = answers_for(journey, rules, today=today or clock.today(), kinds=kinds)
    return tuple(
        StopReport(one, links.get(one.stop.country, ()), quotes[one.stop.country], facts.get(one.stop.country, ()))
        for one in found
    )


def stored_rules(countries: Collection[str], passports: Collection[str] = ()) -> list[Rule]:
    """Return the rules that hold for these destinations; with passports, none that is for others alone, unless it says
    something of everybody else as well."""
    rows = EntryRule.objects.holding().filter(destination__in=sorted(countries))
    if passports:
        named = Q(passports="") | Q(otherwise_not=True)
        for code in passports:
            named |= Q(passports__contains=code)
        rows = rows.filter(named)
    return [as_rule(row) for row in rows.order_by("source_name", "pk")]


def as_rule(row: EntryRule) -> Rule:
    """Return a stored rule as `answers` reckons with it."""
    return Rule(
        kind=row.kind,
        destination=row.destination,
        answer=row.answer,
        sources=(Source(row.source_name, row.source_url, row.source_on),),
        passports=frozenset(row.passports.split()),
        not_passports=frozenset(row.not_passports.split()),
        came_from=frozenset(row.came_from.split()),
        within_days=row.within_days,
        transit_hours=row.transit_hours,
        purposes=frozenset(row.purposes.split()),
        disease=row.disease,
        condition=row.condition,
        stay_days=row.stay_days,
        obtained=row.obtained,
        lead_days=row.lead_days,
        also_transit=row.also_transit,
        otherwise_not=row.otherwise_not,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        review_on=row.review_on,
        text=row.text,
        link=row.link,
        origin="imported" if row.batch_id else "entered",
        rule_id=row.public_id,
    )


def diseases_asked() -> list[str]:
    """Return the diseases of which a rule asks whether somebody is vaccinated or tested, each once."""
    rows = EntryRule.objects.holding().exclude(condition="").order_by("disease").values_list("disease", flat=True)
    return list({disease.casefold(): disease for disease in rows.distinct()}.values())


def the_rule(public_id: str) -> EntryRule:
    """Return a rule, ended ones too. Raises NotFound."""
    return found(EntryRule.objects.select_related("batch").filter(public_id=public_id).first(), "entry rule")


def the_import(public_id: str) -> RuleImport:
    """Return what became of a file. Raises NotFound."""
    return found(RuleImport.objects.filter(public_id=public_id).first(), "import")


def listed_rules(
    *, country: str = "", kind: str = "", passport: str = "", source: str = "", only: str = ""
) -> RuleQuerySet:
    """Return rules that hold, by country and kind. `only`: "entered" by hand, or "review", those to be looked at again
    by their own review date."""
    rows = EntryRule.objects.holding()
    if country:
        rows = rows.filter(destination=country)
    if kind:
        rows = rows.filter(kind=kind)
    if passport:
        rows = rows.filter(Q(passports="") | Q(passports__contains=passport)).exclude(not_passports__contains=passport)
    if source:
        rows = rows.filter(source_name__icontains=source)
    if only == "entered":
        rows = rows.filter(batch__isnull=True)
    if only == "review":
        rows = rows.filter(review_on__lt=clock.today())
    return rows.order_by("destination", "kind", "passports", "pk")


def as_rows(rows: Iterable[EntryRule]) -> Iterable[dict[str, Any]]:
    """Return rules as columns by name, for the export."""
    for row in rows:
        yield {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}
