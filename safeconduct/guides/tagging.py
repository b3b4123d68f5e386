"""Tags the cells that name a row, in a PDF that typst has set. Pure.

typst 0.15 makes header cells (TH) of a table's first row alone; what it has for the others (`pdf.header-cell`) stands
behind a switch that its Python package cannot turn. So the elements of these cells are rewritten where they stand: in
files of typst they are objects of their own, in one line each and not packed, and the table of objects is a plain one
(PDF 1.7, 7.5.4). Where the file is not as expected it is left as it is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, Final

_ELEMENT: Final = re.compile(rb"(?<=\n)(\d+) 0 obj\n<</Type/StructElem/S/(Table|TBody|TR|TD)/[^\n]*>>\nendobj")
_KIDS: Final = re.compile(rb"/K\[((?:\d+ 0 R ?)+)\]")
_REFERENCE: Final = re.compile(rb"(\d+) 0 R")
_TABLE_OF_OBJECTS: Final = re.compile(rb"\nxref\n0 (\d+)\n")
_ENTRY: Final = 20
_END: Final = re.compile(rb"startxref\n(\d+)\n%%EOF\s*$")

Rows = tuple[bool, ...]


def named_rows(blocks: list[dict[str, Any]]) -> Iterator[Rows]:
    """For every table among encoded blocks, in their order: which rows begin with a cell that names them."""
    for block in blocks:
        if block["k"] == "table":
            yield tuple(bool(row and row[0]["h"]) for row in block["rows"])
        elif block["k"] == "pair":
            yield from named_rows([block["second"]])
        elif block["k"] == "passage":
            yield from named_rows(block["blocks"])
        elif block["k"] == "list":
            for item in block["items"]:
                yield from named_rows(item)


def with_row_headers(pdf: bytes, tables: tuple[Rows, ...]) -> bytes:
    """The file with TH and its scope in place of TD for the first cell of those rows (PDF 1.7, table 349)."""
    elements = {int(found[1]): found for found in _ELEMENT.finditer(pdf)}
    shown = [found for found in elements.values() if found[2] == b"Table"]
    if len(shown) != len(tables):
        return pdf
    changes: list[tuple[int, bytes, bytes]] = []
    for table, wanted in zip(shown, tables, strict=True):
        rows = [row for body in _kids(table, elements, b"TBody") for row in _kids(body, elements, b"TR")]
        if len(rows) != len(wanted):
            return pdf
        for row, is_named in zip(rows, wanted, strict=True):
            cells = _kids(row, elements, b"TD")
            if is_named and cells:
                changes.append((cells[0].start(), cells[0][0], _as_header(cells[0][0])))
    return _replaced(pdf, sorted(changes))


def _kids(
    element: re.Match[bytes], elements: dict[int, re.Match[bytes]], kind: bytes
) -> list[re.Match[bytes]]:
    found = _KIDS.search(element[0])
    numbers = [int(each[1]) for each in _REFERENCE.finditer(found[1])] if found else []
    return [elements[number] for number in numbers if number in elements and elements[number][2] == kind]


def _as_header(cell: bytes) -> bytes:
    header = cell.replace(b"/S/TD/", b"/S/TH/", 1)
    for before, after in (
        (b"/A[<</O/Table", b"/A[<</O/Table/Scope/Row"),
        (b"/A<</O/Table", b"/A<</O/Table/Scope/Row"),
        (b"/A[", b"/A[<</O/Table/Scope/Row>>"),
    ):
        if before in header:
            return header.replace(before, after, 1)
    return header.replace(b"/S/TH/", b"/S/TH/A<</O/Table/Scope/Row>>/", 1)


def _replaced(pdf: bytes, changes: list[tuple[int, bytes, bytes]]) -> bytes:
    """The file with these pieces in the place of others, and with the table of objects that goes with them."""
    found, end = _TABLE_OF_OBJECTS.search(pdf), _END.search(pdf)
    if found is None or end is None or int(end[1]) != found.start() + 1:
        return pdf
    starts = [start for start, _old, _new in changes]
    moved = [0, *accumulate(len(new) - len(old) for _start, old, new in changes)]

    def at(offset: int) -> int:
        return offset + moved[bisect_left(starts, offset)]

    out, done = [], 0
    for start, old, new in changes:
        out += [pdf[done:start], new]
        done = start + len(old)
    first, entries = found.end(), int(found[1])
    out.append(pdf[done:first])
    for number in range(entries):
        entry = pdf[first + number * _ENTRY : first + (number + 1) * _ENTRY]
        is_used = entry[17:18] == b"n"
        out.append(b"%010d" % at(int(entry[:10])) + entry[10:] if is_used else entry)
    out += [pdf[first + entries * _ENTRY : end.start()], b"startxref\n%d\n%%%%EOF" % at(int(end[1]))]
    return b"".join(out)
