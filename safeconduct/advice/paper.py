"""A briefing as tagged PDF, as plain text and as plain values: the same statements, sources and unknowns as on its page.

The PDF is set as a guide's is, in a child with limits, and few at once; a briefing is about one person's journey, so
none is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

from django.utils import translation
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from safeconduct.advice.answers import Source
from safeconduct.advice.asking import as_data
from safeconduct.advice.briefing import STEPS, Briefing, Group, Line, Quoted, Step, checklist
from safeconduct.advisories.cleaning import plain as plain_text
from safeconduct.guides import exporting
from safeconduct.guides.blocks import (
    Block,
    Cell,
    Heading,
    Listing,
    Paragraph,
    Passage,
    Span,
    Spans,
    Table,
    read_html,
    words,
)
from safeconduct.guides.outline import Outline
from safeconduct.guides.pdf import Brand, pdf_job, set_pdf
from safeconduct.guides.phrases import day, header_row, joined, line, link, moment
from safeconduct.orgs.models import Organisation

STRONG: Final = ("warn", "stop")


def briefing_pdf(briefing: Briefing, *, organisation: Organisation | None = None) -> bytes:
    """Return the PDF (PDF/UA-1) in the briefing's language, in the organisation's colours.

    Raises Refused when it cannot be set within its limits, and Temporary when too many are asked for at once.
    """
    brand = exporting.brand_of(organisation) if organisation is not None else Brand()
    with translation.override(briefing.language):
        job = pdf_job(
            briefing_outline(briefing, organisation=organisation), on=briefing.made_at.date(), brand=brand,
            country=briefing.asked.countries[0] if briefing.asked.countries else "",
        )  # fmt: skip
        with exporting.turn():
            return set_pdf(job)


def file_name(briefing: Briefing) -> str:
    """`Safeconduct-briefing-2026-11-24.pdf`: where somebody goes stands in no name of a file."""
    return f"Safeconduct-briefing-{briefing.made_at.date().isoformat()}.pdf"


def briefing_outline(briefing: Briefing, *, organisation: Organisation | None = None) -> Outline:
    """Return the whole briefing as blocks; the active language must be its own."""
    blocks: list[Block] = []
    for step in briefing.steps:
        blocks.append(Heading(1, words(step.title), step.key))
        blocks += _checklist(briefing) if step.key == STEPS[-1] else _step(step)
    blocks += _sources(briefing)
    return Outline(
        name=briefing.title,
        native_name="",
        kicker=_("Travel briefing"),
        organisation=organisation.name if organisation is not None else "",
        language=briefing.language,
        is_rtl=bool(get_language_info(briefing.language)["bidi"]),
        facts=_cover(briefing, organisation),
        blocks=tuple(_levelled(blocks)),
        words=_words(briefing),
    )


def version_of(briefing: Briefing) -> str:
    """Return a digest of everything that it says."""
    said = repr((briefing.language, sorted(briefing.marks().items())))
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def _words(briefing: Briefing) -> dict[str, str]:
    return {
        "contents": _("Contents"),
        "page": _("Page {number} of {total}"),
        "who": _("Every statement says who says so, and when."),
        "as_of": _("As of %(day)s") % {"day": day(briefing.made_at.date())},
        "version": _("Version %(version)s") % {"version": version_of(briefing)},
        "cut": _("The rest is left out here: the text is too long for print. It stands on the page of the briefing."),
        "cut_rows": _("{number} more rows are left out here."),
    }


def _cover(briefing: Briefing, organisation: Organisation | None) -> tuple[tuple[str, str], ...]:
    asked = briefing.asked
    days = [day(one) for one in (asked.begins_on, asked.ends_on) if one]
    open_ = sum(line.is_unknown for line in briefing.lines())
    unknown = ngettext("%(n)d statement is unknown and says so", "%(n)d statements are unknown and say so", open_)
    facts = [
        (_("From"), briefing.names.get(asked.departure, asked.departure)),
        (_("To"), briefing.title),
        (_("Days"), " – ".join(dict.fromkeys(days))),
        (_("To do"), str(len(checklist(briefing)))),
        (_("Unknown"), unknown % {"n": open_} if open_ else ""),
        (_("As of"), moment(briefing.made_at, "UTC")),
        (_("Version"), version_of(briefing)),
        (_("For members of"), organisation.name if organisation is not None else ""),
    ]
    return tuple((label, text) for label, text in facts if text)


def _step(step: Step) -> Iterator[Block]:
    country = ""
    for group in step.groups:
        if not group.lines:
            continue
        if group.country_name and group.country != country:
            country = group.country
            yield Heading(2, words(group.country_name), f"{step.key}-{country}")
        yield Heading(3 if group.country_name else 2, words(group.title), group.key)
        if group.lead:
            yield line(group.lead, tone="muted")
        yield from _lines(group)


def _lines(group: Group) -> Iterator[Block]:
    """Statements as a table, quotes below it. Where nothing has a source, there is no column for any."""
    rows = [one for one in group.lines if one.quote is None]
    if rows and all(one.is_portal and not one.sources for one in rows):
        header = header_row(_("About"), _("What is known"))
        yield Table(header, tuple(_row(one)[:2] for one in rows), widths=(3, 10))
    elif rows:
        header = header_row(_("About"), _("What is known"), _("Who says so"))
        yield Table(header, tuple(_row(one) for one in rows), widths=(3, 6, 4))
    for one in group.lines:
        if one.quote is not None:
            yield from _quote(one, one.quote)


def _row(one: Line) -> tuple[Cell, ...]:
    said: list[Span] = [*words(one.text, strong=one.tone in STRONG, em=one.is_unknown)]
    for text in one.details:
        said += [Span("\n"), *words(text)]
    for label, url in one.links:
        if label not in one.text:
            said += [Span("\n"), *link(label, url)]
    sources = list(_cited(one.sources))
    if one.is_stale:
        sources += words((". " if sources else "") + _("Old, to be checked"))
    if not sources:
        sources = list(words(_("No source that we read says so.") if one.is_unknown else _("This portal")))
    return Cell(words(one.label), True), Cell(tuple(said)), Cell(tuple(sources))


def _cited(sources: Iterable[Source]) -> Spans:
    return joined(
        ((*link(one.name, one.url), *words(f", {day(one.on)}" if one.on else "")) for one in sources), "; "
    )


def _quote(one: Line, said: Quoted) -> Iterator[Block]:
    heading = f"{said.issuer}: {said.heading}" if said.heading else said.issuer
    yield Heading(4, words(heading))
    if said.written_for:
        yield line(said.written_for, tone="muted")
    if said.html:
        yield Passage(_without_headings(read_html(said.html)), "quote", said.lang)
    else:
        yield line(_("Here is no more than its address."), tone="muted")
    licence = f", {said.licence}" if said.licence else ""
    caution = f". {said.caution}" if said.caution else ""
    address = f", {said.url}" if said.url else ""
    word = _("Read")
    read = f"{licence}. {word} {moment(said.fetched_at, 'UTC')}{caution}{address}"
    yield line(link(said.attribution or said.issuer, said.url), read, tone="source")


def _without_headings(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    return tuple(
        Paragraph(tuple(replace(span, strong=True) for span in block.spans)) if isinstance(block, Heading) else block
        for block in blocks
    )


def _checklist(briefing: Briefing) -> Iterator[Block]:
    rows = tuple(
        (
            Cell(words(day(todo.by) if todo.by else _("Before you leave")), True),
            Cell((*words(todo.text, strong=todo.tone in STRONG),)),
            Cell(_cited(todo.sources) or words(_("This portal"))),
        )
        for todo in checklist(briefing)
    )
    if rows:
        yield Table(header_row(_("Last day"), _("To do"), _("Who says so")), rows, _("To do before you go"), widths=(3, 7, 4))
    yield line(_("A day without a source is that of your departure."), tone="source")


def _sources(briefing: Briefing) -> Iterator[Block]:
    newest: dict[tuple[str, str], date | None] = {}
    for one in briefing.lines():
        for source in one.sources:
            if not source.url and source.on is None:
                continue
            key = (source.name, source.url)
            newest[key] = max((on for on in (newest.get(key), source.on) if on is not None), default=None)
    yield Heading(1, words(_("Sources")), "sources")
    if newest:
        items = (
            (*words(name), *((Span(", "), *link(url, url)) if url.startswith(("http://", "https://")) else ()),
             *words(f", {day(on)}" if on else ""))
            for (name, url), on in sorted(newest.items(), key=lambda pair: pair[0][0].casefold())
        )  # fmt: skip
        yield Listing(tuple((Paragraph(spans),) for spans in items))


def _levelled(blocks: Iterable[Block]) -> Iterator[Block]:
    """No heading is more than one level below the one before it."""
    before = 0
    for block in blocks:
        if isinstance(block, Heading):
            before = min(block.level, before + 1)
            yield replace(block, level=before)
        else:
            yield block


# Plain values and plain text (docs/briefing.md).


def briefing_json(briefing: Briefing) -> dict[str, Any]:
    """Return the briefing as plain values for JSON; days are ISO 8601, instants in UTC."""
    return {
        "asked": as_data(briefing.asked),
        "made_at": _instant(briefing.made_at),
        "language": briefing.language,
        "title": briefing.title,
        "version": version_of(briefing),
        "countries": dict(sorted(briefing.names.items())),
        "steps": [
            {
                "key": step.key,
                "title": step.title,
                "groups": [
                    {
                        "key": group.key, "title": group.title, "country": group.country or None, "lead": group.lead,
                        "lines": [_line_data(one) for one in group.lines],
                    }
                    for group in step.groups
                ],
            }
            for step in briefing.steps[:-1]
        ],
        "checklist": [
            {
                "line": todo.key, "text": todo.text, "by": _iso(todo.by), "step": todo.step, "country": todo.country or None,
                "sources": _source_data(todo.sources),
            }
            for todo in checklist(briefing)
        ],
    }  # fmt: skip


def _line_data(one: Line) -> dict[str, Any]:
    data: dict[str, Any] = {
        "key": one.key, "mark": one.mark, "label": one.label, "text": one.text, "details": list(one.details),
        "is_unknown": one.is_unknown, "is_portal": one.is_portal, "is_stale": one.is_stale, "tone": one.tone,
        "sources": _source_data(one.sources), "link": one.link,
        "links": [{"label": label, "url": url} for label, url in one.links],
        "todo": one.todo, "todo_by": _iso(one.todo_by),
    }  # fmt: skip
    if one.quote is not None:
        said = one.quote
        data["quote"] = {
            "issuer": said.issuer, "heading": said.heading, "text": plain_text(said.html), "lang": said.lang, "url": said.url,
            "licence": said.licence, "attribution": said.attribution, "written_for": said.written_for,
            "fetched_at": _instant(said.fetched_at), "caution": said.caution,
        }  # fmt: skip
    return data


def _source_data(sources: Iterable[Source]) -> list[dict[str, str | None]]:
    return [{"name": one.name, "url": one.url, "on": _iso(one.on)} for one in sources]


def _iso(on: date | None) -> str | None:
    return on.isoformat() if on is not None else None


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def briefing_text(briefing: Briefing) -> str:
    """Return the briefing for a person at a shell: one statement a line, its sources behind it; quotes as addresses."""
    return "\n".join(_text(briefing))


def _text(briefing: Briefing) -> Iterator[str]:
    yield f"{briefing.title}, {moment(briefing.made_at, 'UTC')}"
    for step in briefing.steps[:-1]:
        yield f"\n{step.title.upper()}"
        for group in step.groups:
            if group.lines:
                yield f"  {group.country_name}: {group.title}" if group.country_name else f"  {group.title}"
            for one in group.lines:
                yield _text_line(one)
    yield f"\n{briefing.steps[-1].title.upper()}"
    for todo in checklist(briefing):
        until = day(todo.by) if todo.by else _("Before you leave")
        yield f"  [ ] {until}: {todo.text}"


def _text_line(one: Line) -> str:
    sources = "; ".join(f"{each.name}{f', {each.on.isoformat()}' if each.on else ''}" for each in one.sources)
    said = f"{one.label}: {one.text}" if one.label and one.label != one.text else one.text
    rest = " ".join((*one.details, *([_("Old, to be checked.")] if one.is_stale else [])))
    where = f" {one.quote.url}" if one.quote is not None and one.quote.url else ""
    return f"    - {said}{f' {rest}' if rest else ''}{where}{f' [{sources}]' if sources else ''}"
