"""The documents of the footer: the newest published version in the reader's language, else English.

Published versions are rows of accounts; before set-up has loaded them, the shipped texts are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from safeconduct.accounts.models import LegalDocument
from safeconduct.lib import markdown

SHIPPED: Final = Path(__file__).resolve().parent.parent / "accounts" / "legal" / "en"


@dataclass(frozen=True)
class Document:
    """One document as it is shown. `version` is 0 for texts that come with the code."""

    title: str
    body: SafeString
    language: str
    version: int = 0
    published_at: datetime | None = None
    is_default: bool = False


def _shipped(slug: str) -> Document:
    first, body = (SHIPPED / f"{slug}.md").read_text(encoding="utf-8").split("\n", 1)
    return Document(_(first.removeprefix("# ").strip()), markdown.html(body), "en", is_default=True)


def find(slug: str, language: str) -> Document | None:
    """The document of that name, or None."""
    if slug not in LegalDocument.Slug.values:
        return None
    rows = LegalDocument.objects.filter(slug=slug).order_by("-version")
    newest = rows.first()
    if newest is None:
        return _shipped(slug)
    wanted = rows.filter(version=newest.version)
    row = wanted.filter(language=language).first() or wanted.filter(language="en").first() or newest
    return Document(
        row.title,
        markdown.html(row.body_markdown),
        row.language,
        row.version,
        row.published_at,
        row.is_default_text,
    )
