"""An outline as Markdown (CommonMark with tables), and as plain lines for a terminal. Pure.

Every text is escaped: what somebody wrote as `*` or `<b>` is read as that. Drawings are left out, their figures and
words are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from safeconduct.guides.blocks import (
    Block,
    Cell,
    Cut,
    Figure,
    Heading,
    Listing,
    Pair,
    Paragraph,
    Passage,
    Spans,
    Table,
    plain,
)
from safeconduct.guides.outline import Outline

# What begins something in CommonMark 0.31 or in tables, anywhere in a line; and what does at its beginning.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&])")
_AT_START = re.compile(r"^(\s*)([#+=-]|\d{1,9}[.)])", re.MULTILINE)


def markdown_of(outline: Outline) -> str:
    """The guide as Markdown; headings of chapters are of level 2."""
    name = f"{outline.name} ({outline.native_name})" if outline.native_name else outline.name
    facts = [f"- {escaped(label)}: {escaped(one_line(text))}" for label, text in outline.facts]
    parts = [f"# {escaped(name)}: {escaped(outline.kicker)}", "\n".join(facts), escaped(outline.words["who"])]
    for block in outline.blocks:
        parts += _written(block, outline)
    return "\n\n".join(part for part in parts if part) + "\n"


def one_line(text: str) -> str:
    """Lines with a semicolon between."""
    return "; ".join(text.split("\n"))


def escaped(text: str) -> str:
    """Text as text."""
    return _AT_START.sub(r"\1\\\2" if not text[:1].isdigit() else _number, _SPECIAL.sub(r"\\\1", text))


def _number(match: re.Match[str]) -> str:
    """`1.` is a list and `1\\.` is not; a backslash before the figure would be shown."""
    return (
        f"{match[1]}{match[2][:-1]}\\{match[2][-1]}" if match[2][:1].isdigit() else f"{match[1]}\\{match[2]}"
    )


def _written(block: Block, outline: Outline) -> list[str]:
    match block:
        case Heading():
            return ["#" * min(6, block.level + 1) + " " + _inline(block.spans).replace("\n", " ")]
        case Paragraph():
            text = _inline(block.spans).replace("\n", "  \n")
            return [f"*{text}*" if block.tone == "unknown" and "*" not in text else text]
        case Table():
            return _table(block, outline)
        case Listing():
            return ["\n".join(_items(block, outline))]
        case Passage():
            inner = "\n\n".join(part for each in block.blocks for part in _written(each, outline))
            return (
                ["\n".join(f"> {line}".rstrip() for line in inner.split("\n"))]
                if block.kind != "plain"
                else [inner]
            )
        case Figure():
            return [f"*{escaped(block.alt)}*"]
        case Pair():
            return [*_written(block.first, outline), *_table(block.second, outline)]
        case Cut():
            return [f"*{escaped(outline.words['cut'])}*"]


def _items(block: Listing, outline: Outline) -> Iterator[str]:
    for number, item in enumerate(block.items, start=block.start):
        mark = f"{number}. " if block.is_ordered else "- "
        inner = "\n\n".join(part for each in item for part in _written(each, outline)).split("\n")
        yield mark + inner[0]
        for line in inner[1:]:
            yield " " * len(mark) + line if line else ""


def _table(block: Table, outline: Outline) -> list[str]:
    width = len(block.header) or (len(block.rows[0]) if block.rows else 1)
    header = block.header or tuple(Cell(()) for _column in range(width))
    lines = [_row(header), "|" + " --- |" * width, *(_row(row) for row in block.rows)]
    caption = [f"**{escaped(block.caption)}**"] if block.caption else []
    left_out = outline.words["cut_rows"].replace("{number}", str(block.left_out))
    return [*caption, "\n".join(lines), *([f"*{escaped(left_out)}*"] if block.left_out else [])]


def _row(cells: tuple[Cell, ...]) -> str:
    return "| " + " | ".join(_inline(cell.spans).replace("\n", " · ") for cell in cells) + " |"


def _inline(spans: Spans) -> str:
    written = []
    for index, span in enumerate(spans):
        core = span.text.strip()
        if not core:
            written.append(span.text)
            continue
        before, after = (
            span.text[: len(span.text) - len(span.text.lstrip())],
            span.text[len(span.text.rstrip()) :],
        )
        text = escaped(core) if index == 0 else _SPECIAL.sub(r"\\\1", core)
        if span.strong:
            text = f"**{text}**"
        if span.em:
            text = f"*{text}*"
        if span.link:
            text = (
                f"<{span.link}>"
                if core == span.link and not re.search(r"[\s<>]", core)
                else f"[{text}]({_address(span.link)})"
            )
        written.append(before + text + after)
    return "".join(written)


def _address(url: str) -> str:
    """An address that ends where the bracket does."""
    return re.sub(r"[\s()<>\\]", lambda match: f"%{ord(match[0]):02X}", url)


def plain_text(outline: Outline) -> str:
    """The guide for a terminal: no marks but indentation."""
    lines = [
        f"{outline.name}: {outline.kicker}",
        *(f"{label}: {one_line(text)}" for label, text in outline.facts),
    ]
    for block in outline.blocks:
        lines += _plain(block, outline)
    return "\n".join(lines)


def _plain(block: Block, outline: Outline, indent: str = "  ") -> list[str]:
    match block:
        case Heading():
            text = plain(block.spans)
            return ["", text.upper() if block.level == 1 else "  " * (block.level - 2) + text]
        case Paragraph():
            return [indent + line for line in plain(block.spans).split("\n")]
        case Table():
            rows = [*([block.header] if block.header else []), *block.rows]
            return [
                indent + "  |  ".join(plain(cell.spans).replace("\n", ", ") for cell in row) for row in rows
            ]
        case Listing():
            return [
                line for item in block.items for each in item for line in _plain(each, outline, indent + "- ")
            ]
        case Passage():
            return [line for each in block.blocks for line in _plain(each, outline, indent + "  ")]
        case Figure():
            return [indent + block.alt]
        case Pair():
            return _plain(block.second, outline, indent)
        case Cut():
            return [indent + outline.words["cut"]]
