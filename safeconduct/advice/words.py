"""Answers in the reader's language: why a rule applies, what it depends on, what it says in one sentence; and as data.

It adds nothing: every sentence is a code of `answers.py` with its country, number or disease.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from safeconduct.advice.answers import Answer, Journey, Reason, Rule, Source, Statement
from safeconduct.advice.derived import NOTICE, Link, Quote
from safeconduct.advice.kinds import (
    BY_CODE,
    CONDITIONS,
    HEALTH,
    KINDS,
    OBTAINED,
    PURPOSES,
    SIGNS,
    STATES,
)
from safeconduct.advice.models import EntryRule
from safeconduct.advice.queries import StopReport
from safeconduct.advisories.cleaning import plain
from safeconduct.places.queries import country_names

MOST_BY_PASSPORT: Final = 4
"""Rules of a kind that wait for the passport: more than these are counted, not listed."""


AUDIENCES: Final = {
    "GB": gettext_lazy("Written for British travellers"),
    "CA": gettext_lazy("Written for Canadian travellers"),
    "US": gettext_lazy("Written for travellers from the United States"),
    "AU": gettext_lazy("Written for Australian travellers"),
    "DE": gettext_lazy("Written for German travellers"),
}


class Names:
    """Names of countries in one language, looked up once."""

    def __init__(self, codes: Iterable[str], lang: str) -> None:
        self._names = country_names({code for code in codes if code}, lang)

    def of(self, code: str) -> str:
        """Return the name; a code without one stays a code."""
        return self._names.get(code, code)

    def listed(self, codes: Iterable[str]) -> str:
        """Return names with commas between."""
        return ", ".join(self.of(code) for code in sorted(codes))


def names_for(journey: Journey, reports: Iterable[StopReport], lang: str) -> Names:
    """Return the names of every country that answers, reasons and quotes of a journey mention."""
    codes = {journey.departure, *journey.countries, *journey.passports}
    for report in reports:
        for answer in report.answers.answers:
            for said in _by_passport(answer)[1]:
                codes |= {said.passport, *(one.country for one in (*said.because, *said.depends_on))}
    return Names(codes, lang)


def because(reason: Reason, names: Names) -> str:
    """Why a rule applies, or why what it asks is not asked; empty for what needs no words."""
    given = {"country": names.of(reason.country), "disease": reason.disease, "number": _figure(reason.number)}
    sentences = {
        "passport": _("Your passport: %(country)s."),
        "from": _("You come from %(country)s."),
        "was_in": _("You were in %(country)s shortly before."),
        "changed": _("You change planes in %(country)s, %(number)s hours."),
        "not_from": _("You do not come from a country that the rule names."),
        "purpose": _("By the purpose of the journey."),
        "vaccination": _("By what you said of the vaccination: %(disease)s."),
        "test": _("By what you said of the test: %(disease)s."),
        "stay_longer": _("Your stay of %(number)s days is longer than it allows."),
    }
    return sentences[reason.code] % given if reason.code in sentences else ""


def depends(reason: Reason, names: Names) -> str:
    """What is not known and would decide."""
    given = {"country": names.of(reason.country), "disease": reason.disease, "number": _figure(reason.number)}
    sentences = {
        "passport": _("which passport you travel on"),
        "which_passport": _("which of your passports you travel on"),
        "purpose": _("the purpose of the journey"),
        "dates": _("the day of your arrival"),
        "stay": _("how long you stay"),
        "departure": _("where you come from"),
        "vaccination": _("whether you are vaccinated: %(disease)s"),
        "test": _("whether you have a test: %(disease)s"),
        "hours": _("whether you change planes in %(country)s for more than %(number)s hours"),
        "transit": _("whether a change of planes in %(country)s counts: the rule does not say"),
        "earlier": _("how long ago you were in %(country)s when you arrive"),
        "risk": _("whether %(country)s counts as a country with risk: no source that was read settles it"),
    }
    return sentences[reason.code] % given


def _figure(number: float | None) -> str:
    return f"{number:g}" if number is not None else ""


def sentence(said: Statement) -> str:
    """What a rule says in one sentence: the state, how it is got, for how long."""
    rule = said.rule
    parts = [str(STATES[said.state])]
    if said.state == rule.answer:
        if rule.obtained:
            parts.append(str(OBTAINED[rule.obtained]))
        if rule.stay_days:
            text = ngettext("for a stay of at most %(n)d day", "for a stay of at most %(n)d days", rule.stay_days)
            parts.append(text % {"n": rule.stay_days})
    if rule.disease:
        parts.append(rule.disease)
    if rule.condition and said.depends_on:
        parts.append(str(CONDITIONS[rule.condition]))
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Line:
    """One rule of an answer, in words."""

    words: str
    sign: str
    state: str
    because: tuple[str, ...]
    depends_on: tuple[str, ...]
    text: str
    link: str
    sources: tuple[Source, ...]
    is_stale: bool
    origin: str


@dataclass(frozen=True, slots=True)
class Row:
    """One kind at one stop, in words. `by_passport`: (state, its word, how many passports) of rules that wait for one."""

    kind: str
    label: str | Promise
    state: str
    words: str | Promise
    sign: str
    lines: tuple[Line, ...]
    depends_on: tuple[str, ...]
    by_passport: tuple[tuple[str, str | Promise, int], ...]
    quotes: tuple[Quote, ...]
    is_conflicting: bool
    is_stale: bool
    act_by: date | None
    is_health: bool


@dataclass(frozen=True, slots=True)
class StopView:
    """A stop in words. `silent`: labels of the kinds of which no rule is known and nothing is quoted."""

    number: int
    country: str
    name: str
    is_transit: bool
    arrives_on: date | None
    leaves_on: date | None
    hours: float | None
    rows: tuple[Row, ...]
    silent: tuple[Row, ...]
    links: tuple[Link, ...]
    quotes: tuple[Quote, ...]
    notices: tuple[Quote, ...]
    facts: tuple[dict[str, Any], ...]


def view_of(report: StopReport, names: Names) -> StopView:
    """Return a stop in words."""
    stop = report.answers.stop
    rows = [row_of(answer, report.quotes, names) for answer in report.answers.answers]
    return StopView(
        number=stop.number,
        country=stop.country,
        name=names.of(stop.country),
        is_transit=stop.is_transit,
        arrives_on=stop.arrives_on,
        leaves_on=stop.leaves_on,
        hours=stop.hours,
        rows=tuple(row for row in rows if row.lines or row.quotes or row.by_passport),
        silent=tuple(row for row in rows if not (row.lines or row.quotes or row.by_passport)),
        links=report.links,
        quotes=tuple(quote for quote in report.quotes if not quote.kinds and quote.section != NOTICE),
        notices=tuple(quote for quote in report.quotes if quote.section == NOTICE),
        facts=report.facts,
    )


def row_of(answer: Answer, quotes: Iterable[Quote], names: Names) -> Row:
    """Return a kind in words."""
    waiting, shown = _by_passport(answer)
    counts: dict[str, int] = {}
    for said in waiting:
        counts[said.state] = counts.get(said.state, 0) + len(said.rule.passports or (1,))
    return Row(
        kind=answer.kind,
        label=BY_CODE[answer.kind].label,
        state=answer.state,
        words=STATES[answer.state],
        sign=SIGNS[answer.state],
        lines=tuple(_line(said, names) for said in shown),
        depends_on=tuple(depends(reason, names) for reason in answer.depends_on),
        by_passport=tuple((state, STATES[state], count) for state, count in sorted(counts.items())),
        quotes=tuple(quote for quote in quotes if answer.kind in quote.kinds),
        is_conflicting=answer.is_conflicting,
        is_stale=answer.is_stale,
        act_by=answer.act_by,
        is_health=BY_CODE[answer.kind].group == HEALTH,
    )


def _by_passport(answer: Answer) -> tuple[list[Statement], list[Statement]]:
    """Statements that wait for the passport and are only counted, and those that are shown."""
    waiting: list[Statement] = []
    rest: list[Statement] = []
    for said in answer.statements:
        is_waiting = any(one.code == "passport" for one in said.depends_on)
        (waiting if is_waiting else rest).append(said)
    return (waiting, rest) if len(waiting) > MOST_BY_PASSPORT else ([], list(answer.statements))


def _line(said: Statement, names: Names) -> Line:
    return Line(
        words=sentence(said),
        sign=SIGNS[said.state],
        state=said.state,
        because=tuple(text for reason in said.because if (text := because(reason, names))),
        depends_on=tuple(depends(reason, names) for reason in said.depends_on),
        text=said.rule.text,
        link=said.rule.link,
        sources=said.rule.sources,
        is_stale=said.is_stale,
        origin=said.rule.origin,
    )


def audience(quote: Quote) -> str:
    """Whose travellers it was written for; empty for everybody's."""
    return audience_of(quote.written_for)


def audience_of(country: str) -> str:
    """That a text was written for the travellers of this country; empty for everybody's."""
    return str(AUDIENCES.get(country, ""))


def as_data(view: StopView) -> dict[str, Any]:
    """A stop as plain values, for `--json`."""
    return {
        "country": view.country,
        "country_name": view.name,
        "is_transit": view.is_transit,
        "arrives_on": _iso(view.arrives_on),
        "leaves_on": _iso(view.leaves_on),
        "answers": [_row_data(row) for row in _in_order((*view.rows, *view.silent))],
        "official_links": [{"label": one.label, "url": one.url, "sources": _source_data(one.sources)} for one in view.links],
        "quotes": [quote_data(quote) for quote in view.quotes],
        "health_notices": [quote_data(quote) for quote in view.notices],
        "health_facts": [
            {"label": str(fact["label"]), "text": fact["text"], "sources": _source_data(fact["sources"])} for fact in view.facts
        ],
    }  # fmt: skip


def _in_order(rows: Iterable[Row]) -> list[Row]:
    order = {kind.code: n for n, kind in enumerate(KINDS)}
    return sorted(rows, key=lambda row: order[row.kind])


def _row_data(row: Row) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "label": str(row.label),
        "state": row.state,
        "words": str(row.words),
        "depends_on": list(row.depends_on),
        "is_conflicting": row.is_conflicting,
        "is_stale": row.is_stale,
        "act_by": _iso(row.act_by),
        "rules": [
            {
                "state": line.state, "words": line.words, "because": list(line.because), "depends_on": list(line.depends_on),
                "text": line.text, "link": line.link, "sources": _source_data(line.sources), "is_stale": line.is_stale,
                "origin": line.origin,
            }
            for line in row.lines
        ],
        "rules_by_passport": {state: count for state, _word, count in row.by_passport},
        "quotes": [quote_data(quote) for quote in row.quotes],
    }  # fmt: skip


def quote_data(quote: Quote) -> dict[str, Any]:
    """A quote as plain values, its words as plain text."""
    return {
        "issuer": quote.issuer,
        "written_for": audience(quote),
        "section": quote.section,
        "heading": quote.heading,
        "text": plain(quote.html),
        "lang": quote.lang,
        "url": quote.url,
        "licence": quote.licence,
        "attribution": quote.attribution,
        "fetched_at": quote.fetched_at.isoformat().replace("+00:00", "Z"),
        "caution": quote.caution,
    }


def _source_data(sources: Iterable[Source]) -> list[dict[str, str | None]]:
    return [{"name": one.name, "url": one.url, "on": _iso(one.on)} for one in sources]


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def rule_sentence(rule: Rule) -> str:
    """What a rule says at the desk, whoever asks."""
    return sentence(Statement(rule, rule.answer))


def scope_words(rule: EntryRule) -> list[str]:
    """For whom a stored rule is, in short parts with codes of countries, for the desk's list."""
    lists = (
        (rule.passports, _("passports %(codes)s")),
        (rule.not_passports, _("all passports but %(codes)s")),
        (rule.came_from, _("coming from %(codes)s")),
    )
    parts = [text % {"codes": codes} for codes, text in lists if codes]
    if rule.purposes:
        parts.append(", ".join(str(PURPOSES[code]) for code in rule.purposes.split()))
    if rule.condition:
        parts.append(str(CONDITIONS[rule.condition]))
    return parts
