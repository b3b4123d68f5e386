"""An outline as tagged PDF (PDF/UA-1), set by typst in a child process with limits.

Text reaches typst as JSON alone. It refuses to wait without end: a child that is slow, large or dead is said to be so.
"""

from __future__ import annotations

import html
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from safeconduct.guides import fonts, tagging
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
)
from safeconduct.guides.outline import Outline
from safeconduct.lib import children
from safeconduct.lib.bidi import isolated
from safeconduct.lib.errors import Refused

logger = logging.getLogger("safeconduct.guides")
HERE: Final = Path(__file__).parent / "typst"
TEMPLATE: Final = HERE / "main.typ"
CHILD: Final = HERE / "child.py"
GUILLOCHE: Final = Path(__file__).parent.parent / "web" / "static" / "web" / "guilloche.svg"
CPU_SECONDS: Final = 30
WALL_SECONDS: Final = 45.0
# Of private memory; fonts and program are files that the system maps and do not count.
MEMORY: Final = 512 * 1024 * 1024
_LANGUAGE: Final = re.compile(r"^([a-z]{2,3})(?:-([A-Za-z]{2}|[A-Za-z]{4}))?$")
_LINK: Final = re.compile(r"^(?:https?://|mailto:|tel:)\S+$")
# What is set, and not a title for a catalogue or an alternative text.
_TEXT_KEYS: Final = frozenset(
    {"t", "caption", "left_out", "who", "cut", "page", "version", "as_of", "kicker", "contents", "name", "native_name",
     "organisation", "facts"}
)  # fmt: skip
# The colours of the day theme (web/css/tokens.css and components.css); typst puts in those of the brand.
SVG_CSS: Final = (
    ".m-land{fill:#e9e4d8;stroke:#9c9586;stroke-width:.7}.m-land--far{stroke:none;opacity:.6}"
    ".m-grid{fill:none;stroke:EDGE;stroke-width:.4;opacity:.5}.m-hatch{stroke:#b3261e;stroke-width:1;opacity:.45}"
    ".m-area{fill:none;stroke:#b3261e;stroke-width:1.6}.m-eye{fill:#fff;stroke:#1b2326;stroke-width:1.4}"
    ".m-you{fill:BRAND;stroke:#fff;stroke-width:2}"
    ".c-warm{fill:none;stroke:#1b2326;stroke-width:2}.c-dot{fill:#1b2326}.c-rain{fill:BRAND}"
    ".c-zero{fill:none;stroke:EDGE;stroke-width:.8;stroke-dasharray:3 3}"
)
INK: Final = "#1b2326"
INK_2: Final = "#414a4e"
# Letters of a drawing by class: pixels, weight, colour, where x is, whether a ground is drawn behind them.
LETTERS: Final[dict[str, tuple[float, int, str, str, bool]]] = {
    "m-text": (11, 600, INK, "start", True),
    "m-text m-text--s": (9.5, 400, INK_2, "start", True),
    "c-figure": (10, 400, INK, "middle", False),
    "c-month": (10, 400, INK_2, "middle", False),
    "c-label": (10, 600, INK_2, "start", False),
}
_BOX: Final = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_LETTERING: Final = re.compile(
    r'<text class="([^"]*)" x="(-?[\d.]+)" y="(-?[\d.]+)"( text-anchor="end")?>([^<]*)</text>'
)
_TEXT: Final = re.compile(r"<text\b.*?</text>|<title\b.*?</title>|<desc\b.*?</desc>", re.DOTALL)


@dataclass(frozen=True)
class Brand:
    """How an organisation's paper looks. `logo` is PNG or JPEG."""

    hue: int = 195
    chroma: float = 0.075
    logo: bytes = b""
    logo_alt: str = ""


@dataclass(frozen=True)
class Job:
    """What the child gets: the files that the template reads, and the fonts. `tables`: which rows of each have a name."""

    files: dict[str, bytes]
    fonts: tuple[Path, ...]
    tables: tuple[tagging.Rows, ...] = ()


def pdf_job(outline: Outline, *, on: date, brand: Brand | None = None, country: str = "") -> Job:
    """A document ready for the child. Raises Refused when fonts are not installed."""
    brand = brand or Brand()
    logo = None
    files: dict[str, bytes] = {"main.typ": TEMPLATE.read_bytes()}
    if brand.logo:
        name = "logo.png" if brand.logo.startswith(b"\x89PNG") else "logo.jpg"
        files[name] = brand.logo
        logo = {"file": name, "alt": brand.logo_alt or outline.organisation or outline.kicker}
    data: dict[str, Any] = {
        "title": f"{outline.name}: {outline.kicker}",
        "author": outline.organisation or "Safeconduct",
        "description": outline.words["who"],
        "date": [on.year, on.month, on.day],
        "lang": language_of(outline.language) or {"lang": "en", "region": None},
        "is_rtl": outline.is_rtl,
        "brand": {"hue": brand.hue, "chroma": float(brand.chroma)},
        "logo": logo,
        "name": outline.name,
        "native_name": outline.native_name,
        "kicker": outline.kicker,
        "organisation": outline.organisation,
        "facts": [list(fact) for fact in outline.facts],
        "words": outline.words,
        "blocks": [encoded(block, outline) for block in outline.blocks],
    }
    needed, replaced = fonts.fonts_for(_texts(data), outline.language, country)
    data = _cleaned(data, replaced, outline.is_rtl)
    data["fonts"] = list(needed.families)
    data["svg_css"] = SVG_CSS
    data["guilloche"] = _guilloche()
    files["guide.json"] = json.dumps(data, ensure_ascii=False).encode()
    return Job(files, needed.files, tuple(tagging.named_rows(data["blocks"])))


def set_pdf(job: Job, *, wall_seconds: float = WALL_SECONDS, memory: int = MEMORY) -> bytes:
    """Run the child. Raises Refused when it was too slow, too large or died, or when typst says that it cannot be set."""
    pdf, _said = run_child(job, wall_seconds=wall_seconds, memory=memory)
    return tagging.with_row_headers(pdf, job.tables)


def run_child(
    job: Job, *, wall_seconds: float = WALL_SECONDS, memory: int = MEMORY, measure: bool = False
) -> tuple[bytes, str]:
    """The PDF and what the child said besides."""
    head = {
        "files": {name: len(content) for name, content in job.files.items()},
        "fonts": [str(path) for path in job.fonts],
        "cpu_seconds": CPU_SECONDS,
        "memory": memory,
        "measure": measure,
    }
    sent = b"".join([json.dumps(head).encode(), b"\n", *job.files.values()])
    try:
        done = children.run(
            children.python(str(CHILD)), sent, wall_seconds=wall_seconds,
            environment=children.CLOSED | {"RAYON_NUM_THREADS": "2"},
        )  # fmt: skip
    except children.Stopped as stopped:
        raise _beyond_limits() from stopped
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode == 3:
        text = _("This guide cannot be set as PDF. Take Markdown or JSON, and tell the operator: %(reason)s")
        raise Refused("export.typst", text % {"reason": said[:300]})
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF-"):
        logger.error("a PDF was not set: the child ended with status %s", done.returncode)
        raise _beyond_limits()
    return done.stdout, said


def _beyond_limits() -> Refused:
    text = _(
        "The PDF of this guide could not be set within the limits of time and memory. Choose fewer chapters, or take Markdown or JSON."
    )
    return Refused("export.limits", text)


# Encoding: short keys, because a guide has thousands of these.


def language_of(code: str) -> dict[str, str | None] | None:
    """A language as typst takes it; None for what is not one."""
    found = _LANGUAGE.match(code.strip())
    if found is None:
        return None
    region = found[2].upper() if found[2] and len(found[2]) == 2 else None
    return {"lang": found[1], "region": region}


def encoded(block: Block, outline: Outline) -> dict[str, Any]:
    """A block as the template reads it."""
    match block:
        case Heading():
            return {"k": "h", "l": block.level, "s": _spans(block.spans)}
        case Paragraph():
            return {"k": "p", "tone": block.tone, "s": _spans(block.spans)}
        case Table():
            return _table(block, outline)
        case Listing():
            items = [[encoded(each, outline) for each in item] for item in block.items]
            return {"k": "list", "ordered": block.is_ordered, "start": block.start, "items": items}
        case Passage():
            return {
                "k": "passage",
                "kind": block.kind,
                "lang": language_of(block.lang) if block.lang else None,
                "is_rtl": _is_rtl(block.lang) if block.lang else outline.is_rtl,
                "blocks": [encoded(each, outline) for each in block.blocks],
            }
        case Figure():
            return {"k": "figure", "caption": _spans(block.caption), **_figure(block)}
        case Pair():
            return {
                "k": "pair",
                "first": encoded(block.first, outline),
                "second": _table(block.second, outline),
            }
        case Cut():
            return {"k": "cut"}


def _figure(block: Figure) -> dict[str, Any]:
    """A drawing of ours: its shapes, and its letters apart from them."""
    box = _BOX.search(block.svg)
    labels = []
    for css, x, y, is_end, text in _LETTERING.findall(block.svg):
        size, weight, fill, anchor, halo = LETTERS.get(css, LETTERS["m-text"])
        labels.append({
            "t": html.unescape(text), "x": float(x), "y": float(y), "size": size, "weight": weight, "fill": fill,
            "anchor": "end" if is_end else anchor, "halo": halo,
        })  # fmt: skip
    return {
        "svg": _TEXT.sub("", block.svg),
        "alt": block.alt,
        "width": float(box[1]) if box else 640.0,
        "height": float(box[2]) if box else 400.0,
        "labels": labels,
    }


def _table(block: Table, outline: Outline) -> dict[str, Any]:
    columns = len(block.header) or (len(block.rows[0]) if block.rows else 1)
    left_out = outline.words["cut_rows"].replace("{number}", str(block.left_out)) if block.left_out else ""
    return {
        "k": "table",
        "columns": columns,
        "caption": block.caption,
        "widths": list(block.widths),
        "header": [_cell(each) for each in block.header],
        "rows": [[_cell(each) for each in row] for row in block.rows],
        "left_out": left_out,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {"h": cell.is_header, "s": _spans(cell.spans)}


def _spans(spans: Spans) -> list[dict[str, Any]]:
    found = []
    for span in spans:
        each: dict[str, Any] = {"t": span.text}
        if span.strong:
            each["b"] = True
        if span.em:
            each["i"] = True
        if span.link and _LINK.match(span.link):
            each["u"] = span.link
        found.append(each)
    return found


def _is_rtl(code: str) -> bool:
    try:
        return bool(get_language_info(code)["bidi"])
    except KeyError:
        return False


def _texts(value: Any) -> Iterator[str]:
    """Every text in the data."""
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)


def _cleaned(value: Any, replaced: dict[int, str], is_rtl: bool, key: str = "") -> Any:
    match value:
        case str():
            text = fonts.cleaned(value, replaced)
            return isolated(text) if is_rtl and key in _TEXT_KEYS else text
        case dict():
            return {
                name: each
                if name in ("u", "file", "svg", "k", "lang")
                else _cleaned(each, replaced, is_rtl, name)
                for name, each in value.items()
            }
        case list():
            return [_cleaned(each, replaced, is_rtl, key) for each in value]
    return value


@lru_cache(maxsize=1)
def _guilloche() -> str:
    """The ornament of the pages as a drawing of its own."""
    paths = re.findall(r"<path[^>]*>", GUILLOCHE.read_text(encoding="utf-8"))
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 600" fill="none" stroke="#fff" stroke-width="1.1" opacity=".4">'
    return head + "".join(path if path.endswith("/>") else path + "</path>" for path in paths) + "</svg>"
