"""The documents that people agree to: shipped texts, the operator's versions, and who has agreed to which.

A version is never edited. It refuses to guess agreement: what is not recorded was not given.
"""

from __future__ import annotations

from pathlib import Path

from django.db import transaction
from django.db.models import Max
from django.utils.translation import get_language, gettext

from safeconduct.accounts.models import Consent, LegalDocument, User
from safeconduct.audit.actions import record
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused

SHIPPED = Path(__file__).parent / "legal"


def load_default_texts() -> int:
    """Store the shipped texts as version 1 where a document has none yet, and return how many rows are new."""
    added = 0
    for path in sorted(SHIPPED.glob("*/*.md")):
        language, slug = path.parent.name, path.stem
        if slug not in LegalDocument.Slug.values:
            continue
        newest = LegalDocument.objects.filter(slug=slug).order_by("-version").first()
        if newest is not None and not (newest.version == 1 and newest.is_default_text):
            continue
        title, body = _read(path)
        _row, is_new = LegalDocument.objects.get_or_create(
            slug=slug, version=1, language=language,
            defaults={
                "title": title, "body_markdown": body, "is_default_text": True, "published_at": clock.now(),
            },
        )
        added += is_new
    return added


def _read(path: Path) -> tuple[str, str]:
    first, _newline, body = path.read_text(encoding="utf-8").partition("\n")
    return first.removeprefix("#").strip(), body.strip() + "\n"


def publish(slug: str, *, title: str, body: str, by: User | None, language: str = "en") -> LegalDocument:
    """Publish the next version of a document; people who agree to it are asked again at their next log-in.

    In a language that the present version lacks, the text translates that version: nobody is asked again.
    """
    if slug not in LegalDocument.Slug.values:
        raise Refused("legal.unknown", gettext("There is no such document."))
    if not title.strip() or not body.strip():
        raise Refused("legal.empty", gettext("A document needs a title and a text."))
    with transaction.atomic():
        newest = LegalDocument.objects.filter(slug=slug).aggregate(n=Max("version"))["n"] or 0
        is_translation = newest > 0 and not LegalDocument.objects.filter(
            slug=slug, version=newest, language=language
        ).exists()
        document = LegalDocument.objects.create(
            slug=slug, version=newest if is_translation else newest + 1, language=language, title=title.strip()[:200],
            body_markdown=body.strip() + "\n", published_at=clock.now(),
        )
        record("legal.published", by=by, subject=document, detail={"slug": slug, "version": document.version, "language": language})
    return document


def current_documents(language: str | None = None) -> list[LegalDocument]:
    """Return the newest version of each document that is agreed to, in the reader's language when there is one."""
    wanted = language or get_language() or "en"
    rows = LegalDocument.objects.filter(slug__in=LegalDocument.CONSENT).order_by("slug", "-version")
    chosen: dict[str, LegalDocument] = {}
    for row in rows:
        kept = chosen.get(row.slug)
        if kept is None or (row.version == kept.version and _rank(row, wanted) < _rank(kept, wanted)):
            chosen[row.slug] = row
    return [chosen[slug] for slug in LegalDocument.CONSENT if slug in chosen]


def _rank(row: LegalDocument, wanted: str) -> int:
    return 0 if row.language == wanted else 1 if row.language == "en" else 2


def signature(documents: list[LegalDocument]) -> str:
    """Return which versions these are, as a form carries them: "privacy:3 terms:2"."""
    return " ".join(f"{document.slug}:{document.version}" for document in documents)


def missing_consents(user: User) -> list[LegalDocument]:
    """Return the current documents that the person has not agreed to."""
    given = set(Consent.objects.filter(user=user).values_list("slug", "version"))
    return [row for row in current_documents() if (row.slug, row.version) not in given]


def give_consent(user: User, documents: list[LegalDocument]) -> None:
    """Record that the person agrees to these versions now. A second time changes nothing."""
    with transaction.atomic():
        for document in documents:
            _row, is_new = Consent.objects.get_or_create(
                user=user, slug=document.slug, version=document.version, defaults={"given_at": clock.now()}
            )
            if is_new:
                record("consent.given", by=user, subject=user,
                       detail={"slug": document.slug, "version": document.version})
