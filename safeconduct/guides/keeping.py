"""Keeps guides and their pages in the process, as long as nothing that they are made from has changed.

A *stamp* is a digest of what a guide is made from, asked for at most every few seconds: what changed meanwhile is seen
that much later. A page is kept for one person in one seat, one language and one appearance, so nothing of another
person can be in it; what differs at every request (the token against forgery, the time at the place) is left open and
filled in. Not shared between processes, empty after a start.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from django.utils.safestring import SafeString

from safeconduct.advisories.models import WORLDWIDE, Advisory
from safeconduct.alerts.queries import active_for_place
from safeconduct.centres.queries import all_centres
from safeconduct.feeds.models import LinkedMessage, Source
from safeconduct.guides.assembly import guide_document
from safeconduct.guides.document import GuideDocument
from safeconduct.guides.models import Edition, OrganisationNote
from safeconduct.lib import clock
from safeconduct.lib.kept import Kept
from safeconduct.orgs.models import Organisation
from safeconduct.places.models import FactLoad, FactOverride, Place
from safeconduct.places.queries import place_by_key
from safeconduct.ratings.models import OrganisationRating, Rating

STAMP_SECONDS: Final = 5.0
PAGE_SECONDS: Final = 30.0
"""How late the frame of a page (count of alerts, nearest centre) may be."""
MOST_STAMPS, MOST_DOCUMENTS, MOST_PAGES, MOST_FRAGMENTS = 4000, 100, 1000, 40


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a guide is made from now. `key` is the place's own, which may not be the one that was asked for."""

    key: str
    digest: str
    place: Place


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it goes out, in pieces: between two of them stands what the slot of that name says."""

    pieces: tuple[bytes, ...]
    slots: tuple[str, ...]
    digest: str
    """Of the page with its slots open."""

    def filled(self, values: dict[str, bytes]) -> bytes:
        """The whole page."""
        parts = [self.pieces[0]]
        for name, piece in zip(self.slots, self.pieces[1:], strict=True):
            parts += [values[name], piece]
        return b"".join(parts)


STAMPS: Final[Kept[Stamp]] = Kept(MOST_STAMPS, STAMP_SECONDS)
DOCUMENTS: Final[Kept[GuideDocument]] = Kept(MOST_DOCUMENTS, 3600.0)
PAGES: Final[Kept[Page]] = Kept(MOST_PAGES, PAGE_SECONDS)
FRAGMENTS: Final[Kept[SafeString]] = Kept(MOST_FRAGMENTS, 3600.0)
"""Pieces of pages that many people see, named by everything that they are made from: none is ever out of date."""


def forget() -> None:
    """Empty everything (tests, and whoever changes something and wants to see it at once in this process)."""
    for kept in (STAMPS, DOCUMENTS, PAGES, FRAGMENTS):
        kept.clear()


def stamp_of(key: str, organisation: Organisation | None) -> Stamp:
    """The stamp of a place's guide. Raises NotFound for no such place."""
    name = (key, organisation.pk if organisation is not None else None, clock.today())
    return STAMPS.of(name, lambda: _stamp(place_by_key(key), organisation))


def document_of(stamp: Stamp, language: str, organisation: Organisation | None) -> GuideDocument:
    """The guide for a stamp, made when it is not kept."""
    return DOCUMENTS.of((stamp.digest, language), lambda: guide_document(stamp.place, language, organisation))


def cut(html: str, slots: dict[str, str]) -> Page:
    """Cut a rendered page at the marks of its slots (name → mark)."""
    rows = sorted((at, name, mark) for name, mark in slots.items() for at in _found(html, mark))
    pieces, names, start = [], [], 0
    for at, name, mark in rows:
        pieces.append(html[start:at].encode())
        names.append(name)
        start = at + len(mark)
    pieces.append(html[start:].encode())
    return Page(tuple(pieces), tuple(names), hashlib.sha256(html.encode()).hexdigest())


def _found(html: str, mark: str) -> list[int]:
    found, at = [], html.find(mark)
    while at >= 0:
        found.append(at)
        at = html.find(mark, at + len(mark))
    return found


def _stamp(place: Place, organisation: Organisation | None) -> Stamp:
    code = place.country_code
    country = f"iso:{code}"
    said = [
        list(FactLoad.objects.order_by("pk").values_list("digest", flat=True)),
        list(
            FactOverride.objects.filter(country_code=code, ended_at__isnull=True)
            .order_by("pk")
            .values_list("pk", flat=True)
        ),
        list(
            Edition.objects.filter(place__key__in=(place.key, country), state=Edition.State.PUBLISHED)
            .order_by("pk")
            .values_list("pk", flat=True)
        ),
        *_advice(code),
        [source.is_stale for source in Source.objects.filter(format__in=Source.ADVICE).order_by("pk")],
        list(Rating.objects.filter(country_code=code).order_by("pk").values_list("number", "inputs_digest")),
        [version.pk for version in active_for_place(place)],
        place.state,
        list(all_centres().order_by("pk").values_list("pk", "changed_at")),
        clock.today(),
    ]
    if organisation is not None:
        notes = OrganisationNote.objects.for_org(organisation).filter(place=place, ended_at__isnull=True)
        own = OrganisationRating.objects.for_org(organisation).filter(
            country_code=code, ended_at__isnull=True
        )
        said += [
            organisation.pk,
            organisation.name,
            organisation.zone,
            organisation.home_country,
            list(notes.order_by("pk").values_list("pk", flat=True)),
            list(own.order_by("pk").values_list("pk", flat=True)),
        ]
    digest = hashlib.sha256(repr((place.key, said)).encode()).hexdigest()[:24]
    return Stamp(place.key, digest, place)


def _advice(code: str) -> tuple[list[object], list[object]]:
    """Every entry, and those of which the rest is not read: they are marked so and may no longer be quoted."""
    columns = (
        "pk", "source_id", "identifier", "number", "state", "fetched_at", "reviewed_at", "changed_at",
    )  # fmt: skip
    rows = Advisory.objects.filter(country_code__in=(code, WORLDWIDE)).order_by("pk").values_list(*columns)
    entries = list(rows)
    links = LinkedMessage.objects.exclude(state=LinkedMessage.State.READ).filter(
        source_id__in={row[1] for row in entries}, key__in={row[2] for row in entries}
    )
    return list(entries), list(links.order_by("pk").values_list("pk", "state", "tries"))
