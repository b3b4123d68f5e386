"""A guide as a file to take along: PDF, Markdown or JSON, whole or some chapters.

PDFs are kept in the data folder under the digest of all that they are made from, up to a bounded size. Few are set at
once; whoever would wait too long is told when to come again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils import translation

from safeconduct.guides import pdf
from safeconduct.guides.asjson import guide_json
from safeconduct.guides.document import GuideDocument
from safeconduct.guides.markdown import markdown_of
from safeconduct.guides.outline import outline
from safeconduct.lib.errors import NotFound, Temporary
from safeconduct.orgs.models import Organisation

FORMATS: Final = {
    "pdf": ("application/pdf", "pdf"),
    "markdown": ("text/markdown; charset=utf-8", "md"),
    "json": ("application/json", "json"),
}
MOST_BYTES: Final = 200 * 1024 * 1024
AT_ONCE: Final = 2
MOST_WAITING: Final = 8
WAIT_SECONDS: Final = 15.0
AGAIN: Final = timedelta(seconds=20)
_UNSAFE: Final = re.compile(r"[^\w.-]+")

_slots = threading.BoundedSemaphore(AT_ONCE)
_queue = threading.BoundedSemaphore(AT_ONCE + MOST_WAITING)


@dataclass(frozen=True)
class Export:
    """A file as it is downloaded. `etag` without quotation marks."""

    name: str
    content_type: str
    body: bytes
    etag: str


def export(
    document: GuideDocument,
    *,
    as_: str,
    chapters: frozenset[str] | None = None,
    organisation: Organisation | None = None,
) -> Export:
    """Make or find the file. `chapters` None: all. Raises NotFound for a format or chapter that there is not."""
    if as_ not in FORMATS:
        raise NotFound(as_)
    known = {chapter.key for chapter in document.chapters}
    if chapters is not None and not chapters <= known:
        raise NotFound(", ".join(sorted(chapters - known)))
    chosen = None if chapters is None or chapters >= known else chapters
    content_type, ending = FORMATS[as_]
    key = _key(document, as_, chosen, organisation)
    with translation.override(document.language):
        match as_:
            case "pdf":
                body = _kept_pdf(key, document, chosen, organisation)
            case "markdown":
                body = markdown_of(outline(document, chosen)).encode()
            case _:
                body = json.dumps(guide_json(document, chosen), ensure_ascii=False, indent=1).encode()
    return Export(file_name(document, ending), content_type, body, key)


def file_name(document: GuideDocument, ending: str) -> str:
    """`Safeconduct-Kenya-2026-11-24.pdf`, by the day in UTC."""
    place = _UNSAFE.sub("-", document.name).strip("-.") or "guide"
    return f"Safeconduct-{place}-{document.made_at.date().isoformat()}.{ending}"


def brand_of(organisation: Organisation | None) -> pdf.Brand:
    """How its paper looks."""
    if organisation is None:
        return pdf.Brand()
    return pdf.Brand(
        organisation.hue, float(organisation.chroma), bytes(organisation.logo or b""), organisation.name
    )


def _key(
    document: GuideDocument, as_: str, chapters: frozenset[str] | None, organisation: Organisation | None
) -> str:
    """Of all that the file is made from; the template's own digest too, so that a new release makes new files."""
    brand = brand_of(organisation)
    parts = [
        as_, document.key, document.version, document.language, document.made_at.date().isoformat(),
        ",".join(sorted(chapters)) if chapters is not None else "*",
        organisation.public_id if organisation is not None else "",
        str(brand.hue), str(brand.chroma), hashlib.sha256(brand.logo).hexdigest(), brand.logo_alt, _release(),
    ]  # fmt: skip
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]


@lru_cache(maxsize=1)
def _release() -> str:
    """Of the program that writes the files."""
    here = Path(__file__).parent
    names = (
        "blocks.py",
        "outline.py",
        "overviewblocks.py",
        "phrases.py",
        "pdf.py",
        "tagging.py",
        "fonts.py",
        "markdown.py",
        "asjson.py",
        "typst/main.typ",
        "../lib/bidi.py",
    )
    return hashlib.sha256(b"".join((here / name).read_bytes() for name in names)).hexdigest()


# The PDFs that are kept.


def folder() -> Path:
    """Where they are kept; made when it is missing."""
    place = settings.SAFECONDUCT_HOME / "cache" / "guides"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Path(place)


def _kept_pdf(
    key: str, document: GuideDocument, chapters: frozenset[str] | None, organisation: Organisation | None
) -> bytes:
    file = folder() / f"{key}.pdf"
    if (kept := _read(file)) is not None:
        return kept
    job = pdf.pdf_job(
        outline(document, chapters),
        on=document.made_at.date(),
        brand=brand_of(organisation),
        country=document.country_code,
    )
    with turn():
        # Somebody who waited for the same guide finds it done.
        if (kept := _read(file)) is not None:
            return kept
        body = pdf.set_pdf(job)
    _keep(file, body)
    return body


def _read(file: Path) -> bytes | None:
    try:
        body = file.read_bytes()
        os.utime(file)
    except FileNotFoundError:
        return None
    return body


def _keep(file: Path, body: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix="new-", delete=False) as fresh:
        fresh.write(body)
    Path(fresh.name).replace(file)
    trim(MOST_BYTES)


def trim(most: int) -> None:
    """Remove those that were asked for longest ago until the rest is small enough."""
    files = []
    for file in folder().iterdir():
        with suppress(FileNotFoundError):
            state = file.stat()
            files.append((state.st_mtime, state.st_size, file))
    total = sum(size for _at, size, _file in files)
    for _at, size, file in sorted(files):
        if total <= most:
            return
        file.unlink(missing_ok=True)
        total -= size


@contextmanager
def turn() -> Iterator[None]:
    """Wait for one of the few turns. Raises Temporary when too many wait, or for too long."""
    if not _queue.acquire(blocking=False):
        raise Temporary("too many PDFs are asked for at once", AGAIN)
    try:
        if not _slots.acquire(timeout=WAIT_SECONDS):
            raise Temporary("other PDFs are being set", AGAIN)
        try:
            yield
        finally:
            _slots.release()
    finally:
        _queue.release()
