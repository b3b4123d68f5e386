"""Pages of PDFs as pictures, for looking at: `python -m tests.guides.pictures OUT` in a folder with places (`demo`)."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pypdfium2
from PIL import Image

WANTED = (("iso:KE", "en"), ("iso:SA", "ar"), ("iso:CI", "fr"), ("iso:JP", "en"))
SHOWN = (0, 2, 3, 5, 7, 9)
ACROSS = 3
SCALE = 0.95


def main(out: Path) -> None:
    """A sheet of six pages for each of four guides."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
    import django

    django.setup()
    from django.utils import translation

    from safeconduct.guides.assembly import guide_document
    from safeconduct.guides.exporting import brand_of
    from safeconduct.guides.outline import outline
    from safeconduct.guides.pdf import pdf_job, set_pdf
    from safeconduct.orgs.models import Organisation
    from safeconduct.places.queries import place_by_key
    from tests.guides.specimens import JAPANESE, editorial, quote

    organisation = Organisation.objects.first()
    out.mkdir(parents=True, exist_ok=True)
    for key, language in WANTED:
        with translation.override(language):
            document = guide_document(place_by_key(key), language, organisation)
            if key == "iso:JP":
                # Words of a government in Japanese and a text with a table, to see both.
                part = document.chapters[1].parts[0]
                text = editorial(
                    "Carry your **passport** (パスポート) at all times.\n\n| When | What |\n|---|---|\n| on arrival | 指紋 (fingerprints) |\n"
                )
                said = quote(f"<p>{JAPANESE * 4}</p><ul><li>110 警察</li><li>119 救急</li></ul>", "ja")
                first = replace(
                    document.chapters[1],
                    parts=(replace(part, editorial=text, quotes=(said,)), *document.chapters[1].parts[1:]),
                )
                document = replace(document, chapters=(document.chapters[0], first, *document.chapters[2:]))
            job = pdf_job(
                outline(document),
                on=document.made_at.date(),
                brand=brand_of(organisation),
                country=document.country_code,
            )
            sheet(set_pdf(job), out / f"{key.removeprefix('iso:').lower()}-{language}.png")


def sheet(data: bytes, file: Path) -> None:
    """Some pages on one picture of at most 200 KB."""
    pages = pypdfium2.PdfDocument(data)
    drawn = [pages[number].render(scale=SCALE).to_pil() for number in SHOWN if number < len(pages)]
    width, height = drawn[0].size
    rows = -(-len(drawn) // ACROSS)
    whole = Image.new("RGB", (width * ACROSS, height * rows), "white")
    for number, picture in enumerate(drawn):
        whole.paste(picture, (number % ACROSS * width, number // ACROSS * height))
    for colours in (64, 32, 16, 8):
        whole.quantize(colours).save(file, optimize=True)
        if file.stat().st_size <= 200_000:
            break


if __name__ == "__main__":
    main(Path(sys.argv[1]))
