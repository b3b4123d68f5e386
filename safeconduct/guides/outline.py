"""A guide document as one sequence of neutral blocks, in the reader's language: what Markdown and PDF are written from.

It says what the page says, in the same order and with the same words; what needs a screen (links into the portal,
folds, forms) is left out, and what a sheet of paper needs (addresses in full) is added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.utils import translation
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from safeconduct.guides.assembly import part_citations
from safeconduct.guides.blocks import (
    Block,
    Cell,
    Figure,
    Heading,
    Listing,
    Pair,
    Paragraph,
    Passage,
    Span,
    Spans,
    Table,
    plain,
    read_html,
    words,
)
from safeconduct.guides.document import (
    Citation,
    Editorial,
    EmergencyService,
    FactItem,
    GuideChapter,
    GuideDocument,
    GuidePart,
    MonthlyClimate,
    Note,
    Quote,
)
from safeconduct.guides.overviewblocks import chapter_blocks, front_blocks
from safeconduct.guides.phrases import (
    alt_of,
    cited_line,
    day,
    header_row,
    joined,
    line,
    link,
    moment,
    read_on,
)


@dataclass(frozen=True)
class Outline:
    """A guide ready for writing. `facts` stand on the cover: label and text."""

    name: str
    native_name: str
    kicker: str
    organisation: str
    language: str
    is_rtl: bool
    facts: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]
    words: dict[str, str]


def outline(document: GuideDocument, chapters: frozenset[str] | None = None) -> Outline:
    """The whole guide, or the chosen chapters of it."""
    chosen = tuple(each for each in document.chapters if chapters is None or each.key in chapters)
    apart = frozenset(chapter.key for chapter in chosen)
    with translation.override(document.language):
        blocks: list[Block] = []
        for chapter in chosen:
            blocks.append(Heading(1, words(chapter.label), chapter.key))
            if chapter.key == "overview":
                blocks += front_blocks(document, apart)
            blocks += chapter_blocks(document, chapter.key)
            blocks += _chapter(chapter, document)
        blocks += _sources(document, chosen)
        return Outline(
            name=document.name,
            native_name=document.native_name,
            kicker=_("Destination guide"),
            organisation=document.organisation,
            language=document.language,
            is_rtl=document.is_rtl,
            facts=_cover_facts(document, chosen),
            blocks=tuple(_levelled(blocks)),
            words=_words(document),
        )


def _words(document: GuideDocument) -> dict[str, str]:
    """What a writer says around the blocks."""
    return {
        "contents": _("Contents"),
        "page": _("Page {number} of {total}"),
        "who": _("Every statement says who says so, and when."),
        "as_of": _("As of %(day)s") % {"day": day(document.made_at.date())},
        "version": _("Version %(version)s") % {"version": document.version},
        "cut": _(
            "The rest is left out here: the text is too long for print. It stands on the page of the guide."
        ),
        "cut_rows": _("{number} more rows are left out here."),
    }


def _cover_facts(document: GuideDocument, chosen: tuple[GuideChapter, ...]) -> tuple[tuple[str, str], ...]:
    kind = [document.kind_name, document.region]
    if document.country_key:
        kind.append(document.country_name)
    numbers = (
        f"{each.label}: {', '.join(one.number for one in each.numbers)}"
        for each in document.emergency
        if each.numbers
    )
    facts = [
        (_("Place"), ", ".join(each for each in kind if each)),
        (_("Emergency numbers"), "\n".join(numbers)),
        (_("Assistance centre"), _centre_line(document)),
        (_("As of"), moment(document.made_at, document.zone)),
        (_("Newest entry"), day(document.edition_on) if document.edition_on else ""),
        (_("Version"), document.version),
        (_("For members of"), document.organisation),
    ]
    if len(chosen) < len(document.chapters):
        facts.append((_("Chapters"), ", ".join(chapter.label for chapter in chosen)))
    return tuple((label, text) for label, text in facts if text)


def _centre_line(document: GuideDocument) -> str:
    """The number to call first, and whose it is."""
    return "".join(f"{', '.join(row.phones)} ({row.name})" for row in document.centres[:1])


# Chapters.


def _chapter(chapter: GuideChapter, document: GuideDocument) -> Iterator[Block]:
    is_alone = len(chapter.parts) == 1 and chapter.parts[0].key == chapter.key
    for part in chapter.written:
        if not is_alone:
            yield Heading(2, words(part.label), part.key)
        yield from _part(part, document)
    if chapter.unwritten and chapter.key != "overview":
        labels = ", ".join(part.label for part in chapter.unwritten)
        yield line(_("Nothing is recorded here yet:") + f" {labels}.", tone="muted")


def _part(part: GuidePart, document: GuideDocument) -> Iterator[Block]:
    if part.editorial is not None:
        yield from _editorial(part.editorial)
    if part.note is not None:
        yield _note(part.note)
    if part.emergency or part.key == "contacts":
        yield from _emergency(part.emergency)
        yield from _centres(document)
    if part.facts:
        yield _facts(part.facts, part.label)
    for climate in part.climate:
        yield from _climate(climate)
    if part.key == "calendar":
        yield from _holidays(part)
    for quote in part.quotes:
        yield from _quote(quote)


def _editorial(text: Editorial) -> Iterator[Block]:
    if text.is_fallback:
        language = get_language_info(text.language)["name_translated"]
        yield line(
            _("Not yet in your language; this is the text in %(language)s.") % {"language": language},
            tone="muted",
        )
    if text.place_name:
        yield line(_("From the guide to %(country)s.") % {"country": text.place_name}, tone="muted")
    blocks = read_html(text.html)
    if text.is_fallback:
        yield Passage(_without_headings(blocks), "plain", text.language)
    else:
        yield from blocks
    edition = _("edition %(number)s") % {"number": text.number}
    said = ", ".join((_("Edited text"), edition, day(text.published_at.date())))
    if text.change_note:
        said += f": {text.change_note}"
    due = ""
    if text.is_stale:
        due = ". " + _("Old, to be read again")
    elif text.review_due_on:
        due = ". " + _("To be read again by") + f" {day(text.review_due_on)}"
    cited = cited_line(text.citations)
    yield line(said, "; " if cited else "", cited, due, tone="source")


def _note(note: Note) -> Passage:
    only = _("Only members of %(organisation)s see this note.") % {"organisation": note.organisation}
    return Passage(
        (
            line(words(_("From %(organisation)s") % {"organisation": note.organisation}, strong=True)),
            *_without_headings(read_html(note.html)),
            line(f"{note.by}, {day(note.made_at.date())}. {only}", tone="source"),
        ),
        "note",
    )


def _without_headings(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Headings of a text that stands inside another become lines in bold: they are not headings of the guide."""
    return tuple(
        Paragraph(tuple(replace(span, strong=True) for span in block.spans))
        if isinstance(block, Heading)
        else block
        for block in blocks
    )


def _emergency(services: tuple[EmergencyService, ...]) -> Iterator[Block]:
    yield Heading(2, words(_("Emergency numbers")))
    if services:
        rows = []
        for service in services:
            numbers = joined((words(each.number, strong=True) for each in service.numbers), ", ")
            notes = joined((words(each.note) for each in service.numbers), "; ")
            cited = tuple(dict.fromkeys(source for each in service.numbers for source in each.citations))
            known = (*numbers, *(Span("\n"), *notes)) if notes else numbers
            rows.append(
                (
                    Cell(words(service.label), True),
                    Cell(known or words(_("Unknown"))),
                    Cell(cited_line(cited)),
                )
            )
        header = header_row(_("Service"), _("Number"), _("Who says so"))
        yield Table(header, tuple(rows), widths=(3, 3, 5))
    else:
        yield line(_("Unknown"), tone="unknown")
    yield line(_("Shown only where two sources agree. Ask your hosts on arrival."), tone="source")


def _centres(document: GuideDocument) -> Iterator[Block]:
    """Whom to call for assistance."""
    if not document.centres:
        return
    yield Heading(2, words(_("Assistance centres")))
    rows = tuple(
        (
            Cell(words(", ".join(dict.fromkeys((row.name, row.place)))), True),
            Cell(joined((words(number, strong=True) for number in row.phones), "\n")),
            Cell(words("\n".join([row.hours, *([_("The nearest one")] if row.is_nearest else [])]))),
        )
        for row in document.centres
    )
    yield Table(header_row(_("Centre"), _("Number"), _("Hours")), rows, widths=(4, 3, 4))


def _facts(facts: tuple[FactItem, ...], label: str) -> Table:
    return Table(
        header_row(_("Fact"), _("What is known"), _("Who says so")),
        tuple(_fact(fact) for fact in facts),
        _("Facts: %(part)s") % {"part": label},
        widths=(3, 4, 5),
    )


def _fact(fact: FactItem) -> tuple[Cell, ...]:
    if not fact.is_known:
        unknown = (Cell(words(_("Unknown"), em=True)), Cell(words(_("No source that we read says so."))))
        return (Cell(words(fact.label), True), *unknown)
    notes = []
    if fact.is_override:
        notes.append(_("(corrected here: %(reason)s)") % {"reason": fact.reason})
    if fact.is_stale:
        notes.append(_("Old, to be checked"))
    cited = cited_line(fact.citations)
    return (
        Cell(words(fact.label), True),
        Cell(words(fact.text)),
        Cell((*cited, *words((". " if cited else "") + ". ".join(notes)))) if notes else Cell(cited),
    )


def _climate(climate: MonthlyClimate) -> Iterator[Block]:
    title = _("Climate of %(city)s") % {"city": climate.city}
    yield Heading(3, words(title))
    if climate.away_km is not None:
        away = _("The nearest city with figures, %(km)s km away.") % {"km": climate.away_km}
        yield line(away, tone="muted")
    rows = tuple(
        (Cell(words(name), True), Cell(words(warm)), Cell(words(rain))) for name, warm, rain in climate.months
    )
    header = header_row(_("Month"), _("Temperature"), _("Rain"))
    yield Pair(
        Figure(climate.svg, alt_of(climate.svg) or title), Table(header, rows, title, widths=(3, 3, 2))
    )
    koppen = f"{climate.koppen}. " if climate.koppen else ""
    reason = " " + _("(corrected here: %(reason)s)") % {"reason": climate.reason} if climate.reason else ""
    yield line(koppen, cited_line(climate.citations), reason, tone="source")


def _holidays(part: GuidePart) -> Iterator[Block]:
    if not part.holidays:
        if not part.holidays_known:
            yield line(_("Public holidays: unknown"), tone="unknown")
        return
    estimated = _("estimated")
    rows = tuple(
        (
            Cell(words(day(each.on)), True),
            Cell(words(each.name + (f" ({estimated})" if each.is_estimated else ""))),
            Cell(words(each.where or _("Everywhere"))),
        )
        for each in part.holidays
    )
    header = header_row(_("Day"), _("Holiday"), _("Where"))
    yield Table(header, rows, _("Public holidays of the next 12 months"), widths=(3, 6, 5))
    yield line(_("Estimated days follow the moon and are announced late."), " holidays (MIT)", tone="source")


def _quote(quote: Quote) -> Iterator[Block]:
    yield Heading(3, words(f"{quote.issuer}: {quote.heading}" if quote.heading else quote.issuer))
    yield Passage(_without_headings(read_html(quote.html)), "quote", quote.lang)
    licence = f", {quote.licence}" if quote.licence else ""
    stale = f". {quote.caution}" if quote.caution else ""
    address = f", {quote.url}" if quote.url else ""
    yield line(
        link(quote.attribution or quote.issuer, quote.url),
        f"{licence}. " + _("Read") + f" {moment(quote.fetched_at)}{stale}{address}",
        tone="source",
    )


# Sources.


def _sources(document: GuideDocument, chosen: tuple[GuideChapter, ...]) -> Iterator[Block]:
    cited = {
        (each.title, each.url)
        for chapter in chosen
        for part in chapter.parts
        for each in part_citations(part)
    }
    for chapter in chosen:
        cited |= {(row.issuer, row.url) for row in document.advice_of(chapter.key)}
    sources = [each for each in document.citations if (each.title, each.url) in cited]
    yield Heading(1, words(_("Sources")), "sources")
    if sources:
        count = ngettext("The one source of this guide", "The %(number)s sources of this guide", len(sources))
        yield line(count % {"number": len(sources)} if len(sources) > 1 else count)
        yield Listing(tuple((line(_source(each)),) for each in sources))
    yield line(_("GeoNames data under CC BY 4.0."), tone="source")


def _source(each: Citation) -> Spans:
    publisher = f"{each.publisher}: " if each.publisher and each.publisher != each.title else ""
    rest = [each.licence, read_on(each.on)]
    address = (Span(", "), *link(each.url, each.url)) if each.url else ()
    return (
        *words(publisher),
        *words(each.title),
        *words(f", {each.edition_words}" if each.edition else ""),
        *address,
        *words("".join(f", {one}" for one in rest if one)),
    )


def _levelled(blocks: Iterable[Block]) -> Iterator[Block]:
    """No heading is more than one level below the one before it, and those of texts stay below those of parts."""
    before = 0
    for block in blocks:
        if isinstance(block, Heading):
            level = min(block.level, before + 1, 6)
            before = level
            yield replace(block, level=level)
        elif not (isinstance(block, Paragraph) and not plain(block.spans).strip()):
            yield block
