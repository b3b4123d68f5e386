"""What PDF/UA-1 (ISO 14289-1) asks of a file, as far as its structure shows it: faults in words, none when it is well.

The numbers are those of the Matterhorn Protocol 1.1. Read with pikepdf (qpdf).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pikepdf

CELLS = {"TH", "TD"}
SHOWN = {"Tj", "TJ", "'", '"', "f", "F", "f*", "S", "s", "B", "B*", "b", "b*", "Do", "sh"}


def faults(data: bytes) -> list[str]:
    """Everything that is wrong."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return [*_catalogue(pdf), *_structure(pdf), *_content(pdf), *_fonts(pdf), *_annotations(pdf)]


def elements(pdf: pikepdf.Pdf) -> Iterator[tuple[str, Any, list[str]]]:
    """Standard type, element and the types above it, in reading order."""
    root = pdf.Root.StructTreeRoot
    roles = {str(key): str(value) for key, value in dict(root.get("/RoleMap", {})).items()}

    def walk(node: Any, above: list[str]) -> Iterator[tuple[str, Any, list[str]]]:
        if isinstance(node, pikepdf.Array):
            for each in node:
                yield from walk(each, above)
        elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
            kind = str(node.S)
            kind = roles.get(kind, kind).lstrip("/")
            yield kind, node, above
            if "/K" in node:
                yield from walk(node.K, [*above, kind])

    if "/K" in root:
        yield from walk(root.K, [])


def _catalogue(pdf: pikepdf.Pdf) -> Iterator[str]:
    root = pdf.Root
    if not bool(root.get("/MarkInfo", {}).get("/Marked", False)):
        yield "06/01-003: MarkInfo.Marked is not true"
    if not str(root.get("/Lang", "")):
        yield "11-006: no language"
    if not bool(root.get("/ViewerPreferences", {}).get("/DisplayDocTitle", False)):
        yield "07-001: DisplayDocTitle is not true"
    if "/StructTreeRoot" not in root or "/ParentTree" not in root.StructTreeRoot:
        yield "01-005: no structure tree"
    with pdf.open_metadata() as xmp:
        if str(xmp.get("pdfuaid:part", "")) != "1":
            yield "06-002: the metadata do not say PDF/UA-1"
        if not xmp.get("dc:title"):
            yield "06-003: no title in the metadata"


def _structure(pdf: pikepdf.Pdf) -> Iterator[str]:
    before = 0
    headers: dict[int, int] = {}
    for kind, node, above in elements(pdf):
        parent = above[-1] if above else ""
        if kind == "Figure" and not str(node.get("/Alt", "")).strip():
            yield "13-004: a figure without alternative text"
        if kind == "Formula" and not str(node.get("/Alt", "")):
            yield "17-002: a formula without alternative text"
        if len(kind) == 2 and kind[0] == "H" and kind[1].isdigit():
            level = int(kind[1])
            if level > before + 1:
                yield f"14-003: heading {level} after {before}"
            before = level
        if kind == "TR" and parent not in {"Table", "THead", "TBody", "TFoot"}:
            yield f"15: TR in {parent}"
        if kind in CELLS and parent != "TR":
            yield f"15: {kind} in {parent}"
        if kind == "TH" and not _scope(node):
            yield "15-003: a header cell that says neither row nor column"
        if kind == "Table":
            headers[node.objgen[0]] = len([1 for each, _n, _a in _below(pdf, node) if each == "TH"])
        if kind == "LI" and parent != "L":
            yield f"16: LI in {parent}"
        if kind in {"Lbl", "LBody"} and parent not in {"LI", "Note", "TOCI", "FENote"}:
            yield f"16: {kind} in {parent}"
        if kind == "TOCI" and parent != "TOC":
            yield f"TOCI in {parent}"
    if 0 in headers.values():
        yield "15-003: a table without header cells"


def _scope(cell: Any) -> str:
    """Of which row or column a header cell is the header (PDF 1.7, table 349)."""
    given = cell.get("/A", [])
    attributes = list(given) if isinstance(given, pikepdf.Array) else [given]
    return next((str(each.Scope) for each in attributes if "/Scope" in each), "")


def _below(pdf: pikepdf.Pdf, wanted: Any) -> Iterator[tuple[str, Any, list[str]]]:
    inside = False
    depth = 0
    for kind, node, above in elements(pdf):
        if inside and len(above) <= depth:
            return
        if inside:
            yield kind, node, above
        if not inside and node.objgen == wanted.objgen:
            inside, depth = True, len(above)


def _content(pdf: pikepdf.Pdf) -> Iterator[str]:
    """01-005: all real content is tagged, all else is an artifact."""
    for number, page in enumerate(pdf.pages, start=1):
        stack: list[str] = []
        for operands, operator in pikepdf.parse_content_stream(page):
            name = str(operator)
            if name in ("BMC", "BDC"):
                properties = operands[1] if len(operands) > 1 else {}
                tagged = isinstance(properties, pikepdf.Dictionary) and "/MCID" in properties
                stack.append("artifact" if str(operands[0]) == "/Artifact" else "tagged" if tagged else "")
            elif name == "EMC":
                stack.pop()
            elif name in SHOWN and not any(stack):
                yield f"01-005: page {number} shows something ({name}) that is neither tagged nor an artifact"
                break


def _fonts(pdf: pikepdf.Pdf) -> Iterator[str]:
    for page in pdf.pages:
        for name, font in dict(page.get("/Resources", {}).get("/Font", {})).items():
            inner = font.DescendantFonts[0] if "/DescendantFonts" in font else font
            described = inner.get("/FontDescriptor", {})
            if str(font.get("/Subtype")) != "/Type3" and not any(
                key in described for key in ("/FontFile", "/FontFile2", "/FontFile3")
            ):
                yield f"31-009: font {name} is not embedded"
            if "/ToUnicode" not in font:
                yield f"10-001: font {name} does not say its text"


def _annotations(pdf: pikepdf.Pdf) -> Iterator[str]:
    for number, page in enumerate(pdf.pages, start=1):
        notes = page.get("/Annots", [])
        for note in notes:
            if "/StructParent" not in note:
                yield f"28-002: a link on page {number} is not in the structure"
            if str(note.get("/Subtype")) == "/Link" and not str(note.get("/Contents", "")):
                yield f"28-012: a link on page {number} has no description"
        if len(notes) and str(page.get("/Tabs", "")) != "/S":
            yield f"28-009: the order of page {number} is not that of the structure"
