"""Guides of about fifteen pages as tagged PDF: typst in a child of its own, and WeasyPrint in PDF/UA mode.

Every document is another one, each side sets it once, and both get the same blocks and the same fonts. Ours is the
whole child as the product starts it: Python, typst, fonts, everything. Of WeasyPrint only the setting is counted, in a
process that has imported it before. Figures are processor time of all threads, so that whatever else runs on the
machine counts for neither side.
"""

from __future__ import annotations

import html
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from benchmarks.common import Result

ROUNDS = 5
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WORDS = [
    "travel",
    "avoid",
    "road",
    "night",
    "city",
    "border",
    "permit",
    "visa",
    "police",
    "hospital",
    "water",
    "boiled",
    "insurance",
    "taxi",
    "airport",
    "strike",
    "protest",
    "flood",
    "season",
    "rain",
    "storm",
    "district",
    "province",
    "crossing",
    "checkpoint",
    "document",
    "copy",
    "embassy",
    "advice",
    "register",
    "contact",
    "local",
]
CSS = """
@font-face{font-family:Noto;src:url("file://REGULAR")} @font-face{font-family:Noto;font-style:italic;src:url("file://ITALIC")}
@page{size:A4;margin:24mm 20mm 22mm;@top-left{content:"NAME"}@bottom-right{content:"Page " counter(page) " of " counter(pages)}}
body{font:9.5pt/1.4 Noto} h1{border-top:1pt solid #0a5c66;font-size:18pt} h1,h2,h3{color:#0a5c66;break-after:avoid}
table{width:100%;border-collapse:collapse;font-size:8.5pt} th,td{border-bottom:.4pt solid #9bb;padding:1.5mm;text-align:start;vertical-align:top}
blockquote{border-inline-start:2pt solid #9bb;padding-inline-start:9pt} .source{font-size:7.5pt;color:#4a4f52}
.pair{display:flex;gap:14pt} .pair>*{flex:1} svg{width:100%}
"""


def run() -> list[Result]:
    """Set distinct guides on both sides, in turn."""
    _prepare()
    from safeconduct.guides import pdf
    from safeconduct.guides.outline import outline

    ours: list[float] = []
    walls: list[float] = []
    peaks: list[float] = []
    theirs: list[float] = []
    pages: list[tuple[int, int]] = []
    for number in range(ROUNDS):
        document = _guide(number)
        lines = outline(document)
        job = pdf.pdf_job(lines, on=date(2026, 11, 24))
        began = time.perf_counter()
        body, said = pdf.run_child(job, measure=True)
        walls.append(time.perf_counter() - began)
        used = json.loads(said)
        ours.append(used["seconds"])
        peaks.append(used["peak_kb"] / 1024)
        peer = _peer(_html(lines, job.fonts))
        theirs.append(peer["seconds"])
        pages.append((_pages(body), peer["pages"]))
    our_s, their_s = statistics.median(ours), statistics.median(theirs)
    alike = all(0.6 <= mine / other <= 1.6 for mine, other in pages)
    page_words = f"{statistics.median(mine for mine, _o in pages):.0f} and {statistics.median(o for _m, o in pages):.0f} pages"
    peak = max(peaks)
    return [
        Result(
            name="guide_pdf", value=round(our_s * 1000, 1), unit="ms/guide", peer="WeasyPrint, PDF/UA-1",
            peer_value=round(their_s * 1000, 1), ratio=round(their_s / our_s, 1), goal=f"≥ 6 ×, {page_words}",
            holds=their_s / our_s >= 6 and alike,
        ),
        Result(
            name="guide_pdf_memory", value=round(peak, 1), unit="MB", peer="", peer_value=None, ratio=None,
            goal=f"≤ 300 MB in the child; {statistics.median(walls):.1f} s by the clock", holds=peak <= 300,
        ),
    ]  # fmt: skip


def _prepare() -> None:
    """Django with an empty folder: a guide needs its translations and nothing of a database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
    os.environ["SAFECONDUCT_HOME"] = tempfile.mkdtemp(prefix="safeconduct-bench-")
    import django

    django.setup()


def _guide(number: int) -> Any:
    """A guide that no round has seen: its words, figures, months and map are drawn anew."""
    from safeconduct.guides import document as doc
    from safeconduct.places.climatechart import climate_months, climate_svg
    from safeconduct.places.drawing import country_view, locator_svg
    from safeconduct.places.statements.climate import Climate

    chance = random.Random(number)

    def text(count: int) -> str:
        return " ".join(chance.choice(WORDS) for _ in range(count)).capitalize() + "."

    def cited() -> tuple[doc.Citation, ...]:
        return tuple(
            doc.Citation(
                text(3),
                f"https://source{chance.randrange(40)}.example/{chance.randrange(10**6)}",
                text(2),
                "CC BY 4.0",
                date(2026, 11, 24),
            )
            for _ in range(2)
        )

    def climate(city: str) -> doc.MonthlyClimate:
        year = Climate(
            tuple(chance.uniform(-5, 33) for _ in range(12)),
            tuple(chance.randrange(0, 300) for _ in range(12)),
            "",
            "",
            "",
        )
        months = tuple((each.name, each.temperature, each.rain) for each in climate_months(year, "en"))
        return doc.MonthlyClimate(
            city,
            year.temperatures,
            tuple(map(float, year.rain)),
            "",
            str(climate_svg(year, city, "en")),
            months,
            cited(),
        )

    def part(key: str) -> doc.GuidePart:
        facts = tuple(
            doc.FactItem(f"f{i}", text(2), text(chance.randrange(3, 18)), cited()) for i in range(3)
        )
        paragraphs = (
            "".join(f"<p>{text(60)}</p>" for _ in range(2))
            + "<ul>"
            + "".join(f"<li>{text(9)}</li>" for _ in range(4))
            + "</ul>"
        )
        quote = doc.Quote(
            text(1), text(3), paragraphs, "en", "https://gov.example/", text(3), "OGL 3.0", NOW, False
        )
        return doc.GuidePart(
            key, text(2), facts, quotes=(quote,), climate=(climate(text(1)),) if key.endswith("4") else ()
        )

    country = ("KE", "JP", "FR", "BR", "PH")[number % 5]
    view = country_view(country, 0, 0)
    map_svg = str(
        locator_svg(
            view, title=f"Map {number}", focus=[country], points=[(view.centroid.x, view.centroid.y, text(1))]
        )
    )
    holidays = tuple(
        doc.Holiday(date(2026, 12, 1) + timedelta(days=17 * i), text(3), False) for i in range(16)
    )
    rating = doc.RatingCard(
        "security",
        "Security",
        "high",
        "High",
        4,
        NOW,
        NOW,
        "1",
        tuple(doc.RatingInput(text(2), text(4), "+1") for _ in range(6)),
    )
    advice = tuple(
        doc.AdviceRow(
            text(1),
            "https://gov.example/",
            "",
            text(2),
            "security",
            2,
            2,
            False,
            text(9),
            (text(1),),
            NOW,
            NOW,
            False,
            False,
            text(2),
            "OGL",
        )
        for _ in range(6)
    )
    chapters = tuple(
        doc.GuideChapter(key, text(2), tuple(part(f"{key}{i}") for i in range(count)))
        for key, count in (("overview", 1), ("before", 3), ("medical", 3), ("security", 3), ("travel", 6))
    )
    chapters = (
        *chapters,
        doc.GuideChapter("calendar", "Calendar", (doc.GuidePart("calendar", "Calendar", holidays=holidays),)),
    )
    found = {
        (each.title, each.url): each
        for c in chapters
        for p in c.parts
        for f in p.facts
        for each in f.citations
    }
    return doc.GuideDocument(
        key=f"iso:{country}", name=f"Country {number}", native_name="", kind="country", kind_name="Country", code=country,
        region="", country_code=country, country_key="", country_name=f"Country {number}", is_listed=True, language="en",
        is_rtl=False, made_at=NOW, zone="UTC", zone_place="", lat=0, lon=0, map_svg=map_svg, version=f"{number:016x}",
        alerts=(), ratings=(rating,), advice=advice, chapters=chapters, citations=tuple(found.values())[:60],
    )  # fmt: skip


def _html(lines: Any, fonts: Any) -> str:
    """The same blocks as HTML."""
    css = CSS.replace("REGULAR", str(fonts[0])).replace("ITALIC", str(fonts[1])).replace("NAME", lines.name)
    facts = "".join(f"<tr><th>{html.escape(a)}</th><td>{html.escape(b)}</td></tr>" for a, b in lines.facts)
    contents = "".join(
        f"<li>{_inline(each.spans)}</li>"
        for each in lines.blocks
        if type(each).__name__ == "Heading" and each.level < 3
    )
    body = "".join(_written(block) for block in lines.blocks)
    return (
        f'<html lang="{lines.language}"><head><title>{html.escape(lines.name)}</title><style>{css}</style></head><body>'
        f'<h1>{html.escape(lines.name)}</h1><table>{facts}</table><ul style="break-before:page">{contents}</ul>'
        f'<div style="break-before:page">{body}</div></body></html>'
    )


def _inline(spans: Any) -> str:
    found = []
    for span in spans:
        text = html.escape(span.text).replace("\n", "<br>")
        text = f"<strong>{text}</strong>" if span.strong else text
        text = f"<em>{text}</em>" if span.em else text
        found.append(f'<a href="{html.escape(span.link)}">{text}</a>' if span.link else text)
    return "".join(found)


def _written(block: Any) -> str:
    match type(block).__name__:
        case "Heading":
            return f"<h{block.level}>{_inline(block.spans)}</h{block.level}>"
        case "Paragraph":
            return f'<p class="{block.tone}">{_inline(block.spans)}</p>'
        case "Listing":
            return (
                "<ul>"
                + "".join("<li>" + "".join(map(_written, item)) + "</li>" for item in block.items)
                + "</ul>"
            )
        case "Passage":
            return "<blockquote>" + "".join(map(_written, block.blocks)) + "</blockquote>"
        case "Figure":
            return f"<figure>{block.svg.replace('<svg ', '<svg style=' + chr(34) + 'fill:#cde;stroke:#555' + chr(34) + ' ', 1)}</figure>"
        case "Pair":
            return f'<div class="pair">{_written(block.first)}{_written(block.second)}</div>'
        case "Table":
            head = "".join(f"<th>{_inline(cell.spans)}</th>" for cell in block.header)
            rows = "".join(
                "<tr>" + "".join(f"<td>{_inline(cell.spans)}</td>" for cell in row) + "</tr>"
                for row in block.rows
            )
            return f"<table><caption>{html.escape(block.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    raise ValueError(block)


def _pages(body: bytes) -> int:
    import pypdfium2

    return len(pypdfium2.PdfDocument(body))


def _peer(text: str) -> dict[str, Any]:
    """WeasyPrint in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.guidepdf"], input=text.encode(), capture_output=True, check=True
    )
    return dict(json.loads(done.stdout))


def _set_with_weasyprint() -> None:
    import logging

    from weasyprint import HTML  # type: ignore[import-untyped,unused-ignore]

    logging.disable(logging.CRITICAL)
    text = sys.stdin.buffer.read().decode()
    began = time.process_time()
    body = HTML(string=text).write_pdf(pdf_variant="pdf/ua-1")
    seconds = time.process_time() - began
    sys.stdout.write(json.dumps({"seconds": seconds, "pages": _pages(body), "bytes": len(body)}))


if __name__ == "__main__":
    _set_with_weasyprint()
