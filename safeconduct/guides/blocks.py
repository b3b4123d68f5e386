"""Neutral blocks: what Markdown, PDF and plain text are written from, and cleaned HTML read into them. Pure.

Bounded: a text that is too long, too deep or a table of thousands of rows is cut, and the cut is a block of its own
that a writer puts into words. A tag that is not known becomes its text; nothing of it is ever mark-up again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final, Literal

MOST_ROWS: Final = 200
MOST_COLUMNS: Final = 12
MOST_LETTERS: Final = 200_000
MOST_BLOCKS: Final = 4_000
DEEPEST: Final = 5

Tone = Literal["", "source", "muted", "unknown", "strong"]


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style. `link` empty: none."""

    text: str
    strong: bool = False
    em: bool = False
    link: str = ""


Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` 1 is a chapter."""

    level: int
    spans: Spans
    key: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines of text."""

    spans: Spans
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; `is_header` names its row or column."""

    spans: Spans
    is_header: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`header` empty: none. Every row is as wide as the table. `widths` are shares, empty: as it comes."""

    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    left_out: int = 0
    widths: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A list; each item is blocks."""

    items: tuple[tuple[Block, ...], ...]
    is_ordered: bool = False
    start: int = 1


@dataclass(frozen=True, slots=True)
class Passage:
    """Somebody else's words, or words in another language. `kind` quote is set off with a line at its side."""

    blocks: tuple[Block, ...]
    kind: Literal["quote", "plain", "note"] = "quote"
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with what it says in words."""

    svg: str
    alt: str
    caption: Spans = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two blocks that stand side by side where there is room: a drawing and its figures."""

    first: Figure
    second: Table


@dataclass(frozen=True, slots=True)
class Cut:
    """Here the text was too long."""


Block = Heading | Paragraph | Table | Listing | Passage | Figure | Pair | Cut


def words(text: str, **style: bool | str) -> Spans:
    """One run of text as spans; nothing for an empty one."""
    return (Span(text, **style),) if text else ()  # type: ignore[arg-type]  # the fields' own types


def plain(spans: Spans) -> str:
    """The text alone."""
    return "".join(span.text for span in spans)


def read_html(html: str) -> tuple[Block, ...]:
    """Cleaned HTML as blocks."""
    reader = _Reader()
    reader.feed(html[: MOST_LETTERS * 4])
    reader.close()
    return reader.finish(is_cut=len(html) > MOST_LETTERS * 4)


_HEADINGS: Final = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_BREAKING: Final = frozenset(
    {"p", "div", "section", "article", "dl", "dd", "dt", "hr", "pre", "caption", "figure"}
)
_FRAMES: Final = {
    "ul": "list", "ol": "list", "li": "item", "table": "table", "tr": "row", "td": "cell", "th": "cell",
    "blockquote": "quote",
}  # fmt: skip
_UNREADABLE: Final = frozenset({"script", "style", "template", "head", "title"})


@dataclass(slots=True)
class _Frame:
    """Something that is open. `blocks` of a list are its items' frames, done; rows and cells likewise."""

    kind: str
    blocks: list[Block] = field(default_factory=list)
    items: list[tuple[Block, ...]] = field(default_factory=list)
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    is_header: bool = False
    is_ordered: bool = False
    start: int = 1
    left_out: int = 0


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [_Frame("root")]
        self.spans: list[Span] = []
        self.strong = self.em = self.skipped = 0
        self.links: list[str] = []
        self.level = 0
        self.letters = self.count = 0
        self.is_cut = False

    # What HTMLParser calls.

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _UNREADABLE:
            self.skipped += 1
        elif tag in ("strong", "b"):
            self.strong += 1
        elif tag in ("em", "i"):
            self.em += 1
        elif tag == "a":
            self.links.append(given.get("href") or "")
        elif tag == "br":
            self._text("\n")
        elif tag in _HEADINGS:
            self._flush()
            self.level = _HEADINGS[tag]
        elif tag in _BREAKING:
            self._flush()
            self.strong += tag == "dt"
        elif tag in _FRAMES:
            self._begin(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREADABLE:
            self.skipped = max(0, self.skipped - 1)
        elif tag in ("strong", "b"):
            self.strong = max(0, self.strong - 1)
        elif tag in ("em", "i"):
            self.em = max(0, self.em - 1)
        elif tag == "a" and self.links:
            self.links.pop()
        elif tag in _HEADINGS or tag in _BREAKING:
            self._flush()
            if tag == "dt":
                self.strong = max(0, self.strong - 1)
        elif tag in _FRAMES:
            self._end(_FRAMES[tag])

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self._text(
                " ".join(data.split()) if data.strip() else " ",
                before=data[:1].isspace(),
                after=data[-1:].isspace(),
            )

    # Frames.

    def _begin(self, tag: str, given: dict[str, str | None]) -> None:
        kind = _FRAMES[tag]
        self._flush()
        if kind in ("item", "row", "cell"):
            self._close_sibling(kind)
        if len([frame for frame in self.open if frame.kind in ("list", "quote", "table")]) >= DEEPEST and kind in (
            "list", "quote", "table",
        ):  # fmt: skip
            return
        if (kind == "item" and self.open[-1].kind != "list") or (
            kind == "cell" and self.open[-1].kind != "row"
        ):
            return
        frame = _Frame(kind, is_header=tag == "th", is_ordered=tag == "ol")
        start = given.get("start") or ""
        frame.start = int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1
        self.open.append(frame)

    def _close_sibling(self, kind: str) -> None:
        """`<li>` ends the one before it, when no list began since."""
        bounds = {"item": "list", "row": "table", "cell": "row"}[kind]
        for frame in reversed(self.open):
            if frame.kind == bounds:
                return
            if frame.kind == kind:
                self._end(kind)
                return

    def _end(self, kind: str) -> None:
        if kind not in [frame.kind for frame in self.open[1:]]:
            self._flush()
            return
        while True:
            self._flush()
            frame = self.open.pop()
            self._put(frame)
            if frame.kind == kind:
                return

    def _put(self, frame: _Frame) -> None:
        """What was open is done: hand it to what it stands in."""
        parent = self.open[-1]
        if frame.kind == "item":
            if frame.blocks:
                parent.items.append(tuple(frame.blocks))
        elif frame.kind == "cell":
            parent.cells.append(Cell(_joined(frame.blocks), frame.is_header))
        elif frame.kind == "row":
            self._put_row(parent, frame)
        elif frame.kind == "list" and frame.items:
            self._add(Listing(tuple(frame.items), frame.is_ordered, frame.start))
        elif frame.kind == "table" and frame.rows:
            self._add(_table(frame))
        elif frame.kind == "quote" and frame.blocks:
            self._add(Passage(tuple(frame.blocks)))

    def _put_row(self, parent: _Frame, frame: _Frame) -> None:
        if parent.kind != "table":
            for cell in frame.cells:
                self._add(Paragraph(cell.spans))
        elif len(parent.rows) > MOST_ROWS:
            parent.left_out += 1
        elif frame.cells:
            # One more than can be shown: the first may turn out to be the header.
            parent.rows.append(tuple(frame.cells[:MOST_COLUMNS]))

    def _add(self, block: Block, holder: _Frame | None = None) -> None:
        if isinstance(block, Heading | Paragraph):
            self.count += 1
            if self.count > MOST_BLOCKS:
                self.is_cut = True
                return
        if holder is None:
            holder = next(
                frame for frame in reversed(self.open) if frame.kind not in ("list", "table", "row")
            )
        holder.blocks.append(block)

    # Text.

    def _text(self, text: str, *, before: bool = False, after: bool = False) -> None:
        if any(len(frame.rows) > MOST_ROWS for frame in self.open):
            return
        if self.letters >= MOST_LETTERS:
            self.is_cut = True
            return
        text = (" " if before else "") + text.strip(" ") + (" " if after and text.strip(" ") else "")
        last = self.spans[-1].text[-1:] if self.spans else " "
        if last.isspace():
            text = text.lstrip(" ")
        if not text:
            return
        self.letters += len(text)
        link = self.links[-1] if self.links else ""
        span = Span(text, self.strong > 0, self.em > 0, link)
        if self.spans and _same_style(self.spans[-1], span):
            self.spans[-1] = Span(self.spans[-1].text + text, span.strong, span.em, span.link)
        else:
            self.spans.append(span)

    def _flush(self) -> None:
        """What was written so far is a paragraph or a heading."""
        spans, level = _trimmed(self.spans), self.level
        self.spans, self.level = [], 0
        if not spans:
            return
        # Text between items or cells is kept, in front of what it stood in.
        holder = next(frame for frame in reversed(self.open) if frame.kind not in ("list", "table", "row"))
        is_heading = level and holder.kind == "root"
        self._add(Heading(level, spans) if is_heading else Paragraph(spans), holder)

    def finish(self, *, is_cut: bool) -> tuple[Block, ...]:
        """Close what is open."""
        while len(self.open) > 1:
            self._end(self.open[-1].kind)
        self._flush()
        blocks = tuple(self.open[0].blocks)
        return (*blocks, Cut()) if is_cut or self.is_cut else blocks


def _same_style(one: Span, other: Span) -> bool:
    return (one.strong, one.em, one.link) == (other.strong, other.em, other.link)


def _trimmed(spans: list[Span]) -> Spans:
    """Without white space at either end."""
    kept = list(spans)
    while kept and not kept[0].text.strip():
        kept.pop(0)
    while kept and not kept[-1].text.strip():
        kept.pop()
    if kept:
        first = kept[0]
        kept[0] = Span(first.text.lstrip(), first.strong, first.em, first.link)
        last = kept[-1]
        kept[-1] = Span(last.text.rstrip(), last.strong, last.em, last.link)
    return tuple(kept)


def _joined(blocks: list[Block]) -> Spans:
    """The text of blocks in one line: what stands in a cell."""
    found: list[Span] = []
    for block in blocks:
        part = _spans_of(block)
        if part and found:
            found.append(Span("\n"))
        found += part
    return tuple(found)


def _spans_of(block: Block) -> Spans:
    match block:
        case Heading() | Paragraph():
            return block.spans
        case Listing():
            return _joined([each for item in block.items for each in item])
        case Passage():
            return _joined(list(block.blocks))
        case Table():
            cells = [cell for row in (block.header, *block.rows) for cell in row]
            return _joined([Paragraph(cell.spans) for cell in cells])
        case _:
            return ()


def _table(frame: _Frame) -> Table:
    width = max(len(row) for row in frame.rows)
    rows = [(*row, *(Cell(()) for _ in range(width - len(row)))) for row in frame.rows]
    header: tuple[Cell, ...] = ()
    if all(cell.is_header for cell in frame.rows[0]):
        header, rows = tuple(Cell(cell.spans, True) for cell in rows[0]), rows[1:]
    return Table(header, tuple(rows[:MOST_ROWS]), left_out=frame.left_out + max(0, len(rows) - MOST_ROWS))
