"""Entry and documents, and health before one goes: answers of rules stop by stop, and the words of governments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.advice import words
from safeconduct.advice.answers import Answer, Source
from safeconduct.advice.briefing import Group, Line, Quoted, Tone
from safeconduct.advice.derived import NOTICE, Link, Quote
from safeconduct.advice.gathered.materials import (
    Destination,
    Materials,
    fact_line,
    group,
    quote_line,
    written_lines,
)
from safeconduct.advice.gathered.rated import rating_lines
from safeconduct.advice.kinds import (
    BY_CODE,
    DEPENDS,
    DOCUMENTS,
    HEALTH,
    NOT_REQUIRED,
    RECOMMENDED,
    REFUSED,
    REQUIRED,
    UNKNOWN,
)
from safeconduct.advice.queries import StopReport

TONES: Final[dict[str, Tone]] = {
    REFUSED: "stop", REQUIRED: "warn", RECOMMENDED: "note", DEPENDS: "note", NOT_REQUIRED: "good", UNKNOWN: "",
}  # fmt: skip
HEALTH_FACTS: Final = ("yellow_fever", "malaria", "tap_water")
LONG_STAY_DAYS: Final = 90


def entry_groups(materials: Materials) -> Iterator[Group]:
    """One group a stop: rules, what nobody says, the authority, what governments write; then the reader's own texts."""
    for report in materials.reports:
        yield from _stop_group(materials, report, materials.reason_names, DOCUMENTS, "entry")
    for destination in materials.destinations:
        if lines := written_lines("entry", destination, ("entry", "preparation")):
            yield group("entry", "texts", _("Notes and edited texts"), lines, destination)


def health_groups(materials: Materials) -> Iterator[Group]:
    """What is asked at each stop, then each country: its rating, diseases, water, notices, what governments write."""
    for report in materials.reports:
        yield from _stop_group(materials, report, materials.reason_names, HEALTH, "health")
    for destination in materials.destinations:
        yield group(
            "health", "country", _("Health in the country"),
            [*rating_lines("health", destination, "medical"), *_fact_lines(materials, destination),
             *written_lines("health", destination, ("vaccinations", "care", "food-water", "threats"))],
            destination,
        )  # fmt: skip
    worldwide = _notices(materials)
    if worldwide:
        yield group("health", "worldwide", _("Notices of health authorities for every destination"), worldwide)


def _stop_group(
    materials: Materials, report: StopReport, names: words.Names, kinds: str, step: str
) -> Iterator[Group]:
    stop = report.answers.stop
    answers = [each for each in report.answers.answers if BY_CODE[each.kind].group == kinds]
    if stop.is_transit and not answers:
        return
    tail = f"{stop.country}.via" if stop.is_transit else stop.country
    place = names.of(stop.country)
    lines: list[Line] = []
    silent: list[Answer] = []
    for answer in answers:
        if answer.statements:
            lines.append(_rule_line(materials, answer, report, names, step, tail, place))
        else:
            silent.append(answer)
    if silent:
        lines.append(_silent_line(materials, silent, report, step, tail, place))
    if step == "entry" and not stop.is_transit:
        lines += [_link_line(n, link, tail, materials.today) for n, link in enumerate(report.links)]
    if not stop.is_transit:
        lines += _quotes(report.quotes, step, tail)
    title = _("Change of planes: %(country)s") % {"country": place} if stop.is_transit else _titles()[step]
    # The place's own name stands beside the title, as it does in every step.
    yield Group(f"{step}.stop.{stop.number}", title, tuple(lines), stop.country, place, _days(stop.days, stop.is_transit))


def _titles() -> dict[str, str]:
    return {"entry": _("Documents"), "health": _("What is asked of your health")}


def _days(days: int | None, is_transit: bool) -> str:
    if is_transit or days is None or days <= LONG_STAY_DAYS:
        return ""
    return _("You stay for %(days)s days. Many rules speak of shorter stays alone; ask about a long one by name.") % {
        "days": days
    }


def _rule_line(
    materials: Materials, answer: Answer, report: StopReport, names: words.Names, step: str, tail: str, place: str
) -> Line:
    row = words.row_of(answer, report.quotes, names)
    details = []
    if row.depends_on:
        details.append(_("It depends on: %(what)s.") % {"what": "; ".join(row.depends_on)})
    if row.is_conflicting:
        details.append(_("These rules contradict each other; all are shown."))
    is_alone = len(row.lines) == 1 and not row.depends_on
    for line in row.lines:
        words_of = "" if is_alone else f"{line.words}."
        said = " ".join(part for part in (words_of, *line.because, line.text) if part)
        if line.depends_on:
            said = _("If so: %(says)s") % {"says": said}
        if not said:
            continue
        whose = ", ".join(source.name for source in line.sources)
        said = _("%(says)s (%(who)s)") % {"says": said, "who": whose} if len(row.lines) > 1 else said
        # The answer as a whole is called old when all of its rules are.
        details.append(" ".join((said, _("Old, to be checked."))) if line.is_stale and not row.is_stale else said)
    for _state, word, count in row.by_passport:
        details.append(_("%(answer)s: by rules for %(count)s passports.") % {"answer": word, "count": count})
    details += _written_about(row.quotes)
    sources = tuple(dict.fromkeys(source for said in answer.statements for source in said.rule.sources))
    todo, by = _todo(materials, answer, row, place)
    return Line(
        f"{step}.{answer.kind}.{tail}", row.lines[0].words if is_alone else str(row.words), sources, TONES[answer.state], str(row.label), row.sign,
        tuple(details), is_stale=answer.is_stale, link=next((line.link for line in row.lines if line.link), ""),
        todo=todo, todo_by=by, substance=_substance(answer),
    )  # fmt: skip


def _substance(answer: Answer) -> str:
    """The state, and what each rule says, whoever's language; not when it was last looked at."""
    rules = sorted(
        repr((s.state, s.rule.stay_days, s.rule.obtained, s.rule.lead_days, s.rule.condition, s.rule.disease, s.passport))
        for s in answer.statements
    )
    return repr((answer.state, answer.is_conflicting, rules))


def _todo(materials: Materials, answer: Answer, row: words.Row, place: str) -> tuple[str, date | None]:
    """What to do about an answer, and until when: as the rule says, else before the journey begins."""
    given = {"what": row.label, "country": place, "how": row.words}
    by = answer.act_by or materials.asked.begins_on
    if answer.state == REFUSED:
        return _("%(what)s, %(country)s: no admission by a rule. Clear this up before you book.") % given, by
    if answer.state in (REQUIRED, RECOMMENDED):
        how = [line.words for line in row.lines if line.state == answer.state]
        given["how"] = how[0] if how else row.words
        return _("%(what)s for %(country)s: %(how)s.") % given, by
    if answer.state == DEPENDS:
        return _("%(what)s for %(country)s: find out which rule is yours.") % given, by
    return "", None


def _written_about(quotes: Iterable[Quote]) -> list[str]:
    """Where governments write about a kind, for who has no rule or wants more."""
    said = dict.fromkeys(f"{quote.issuer}: {quote.heading}" for quote in quotes)
    return [_("Governments write about it below: %(where)s.") % {"where": "; ".join(said)}] if said else []


def _silent_line(
    materials: Materials, silent: list[Answer], report: StopReport, step: str, tail: str, place: str
) -> Line:
    kinds = {answer.kind for answer in silent}
    labels = "; ".join(str(BY_CODE[answer.kind].label) for answer in silent)
    about = [quote for quote in report.quotes if kinds & set(quote.kinds)]
    todo = ""
    if step == "entry" and not report.answers.stop.is_transit:
        todo = _("Ask the authority of %(country)s what is asked of you: %(what)s.") % {"country": place, "what": labels}
    return Line(
        f"{step}.silent.{tail}", _("No rule is known here; that does not mean that nothing is asked."),
        label=labels, sign="0", is_unknown=True, details=tuple(_written_about(about)),
        link=report.links[0].url if report.links else "", todo=todo,
        todo_by=materials.asked.begins_on if todo else None, substance=repr(sorted(kinds)),
    )  # fmt: skip


def _link_line(number: int, link: Link, tail: str, today: date) -> Line:
    return Line(
        f"entry.authority.{tail}.{number}", link.label, link.sources, label=_("The authority’s own address"),
        is_stale=link.is_stale(today), link=link.url, links=((link.label, link.url),), substance=link.url,
    )  # fmt: skip


def _quotes(quotes: Iterable[Quote], step: str, tail: str) -> list[Line]:
    """Whole sections; a part of one under a kind is in them. A link alone stands in the step of entry."""
    found = []
    for quote in quotes:
        is_whole = not quote.kinds and quote.section == step
        is_link = step == "entry" and not quote.section
        is_notice = step == "health" and quote.section == NOTICE and quote.is_of_country
        if is_whole or is_link or is_notice:
            found.append(_quote_line(quote, f"{step}.quote.{tail}", is_notice=is_notice))
    return found


def _quote_line(quote: Quote, key: str, *, is_notice: bool) -> Line:
    said = Quoted(
        quote.issuer, quote.heading, quote.html, quote.lang, quote.url, quote.licence, quote.attribution, quote.fetched_at,
        words.audience(quote), quote.caution, quote.withheld,
    )  # fmt: skip
    line = quote_line(f"{key}.{quote.section or 'page'}.{quote.entry}", said)
    if not is_notice:
        return line
    return Line(
        line.key, quote.heading, (Source(quote.attribution or quote.issuer, quote.url, quote.fetched_at.date()),), "note",
        _("Health notice of %(issuer)s") % {"issuer": quote.issuer}, quote=said, link=quote.url,
        substance=line.substance,
    )  # fmt: skip


def _notices(materials: Materials) -> list[Line]:
    """Notices that hold worldwide, each once."""
    found: dict[str, Line] = {}
    for report in materials.reports:
        for quote in report.quotes:
            if quote.section == NOTICE and not quote.is_of_country:
                line = _quote_line(quote, "health.worldwide", is_notice=True)
                found.setdefault(line.key, line)
    return list(found.values())


def _fact_lines(materials: Materials, destination: Destination) -> Iterator[Line]:
    todos = {
        "yellow_fever": _("Ask a travel clinic whether you need the vaccination against yellow fever for %(country)s."),
        "malaria": _("Ask a travel clinic how to protect yourself from malaria in %(country)s."),
        "tap_water": _("Plan for safe drinking water in %(country)s."),
    }
    for field in HEALTH_FACTS:
        line = fact_line("health", destination, field)
        if _is_risk(field, destination):
            todo = todos[field] % {"country": destination.name}
            yield Line(
                line.key, line.text, line.sources, "warn", line.label, "", line.details, is_stale=line.is_stale, todo=todo,
                todo_by=materials.asked.begins_on, substance=line.substance,
            )  # fmt: skip
        else:
            yield line


def _is_risk(field: str, destination: Destination) -> bool:
    value = destination.values.get(field)
    if not isinstance(value, dict):
        return False
    said = value.get("risk" if field == "yellow_fever" else "level", "")
    return bool(said) and said not in ("none", "safe")
