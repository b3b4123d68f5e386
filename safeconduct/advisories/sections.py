"""Quoted parts of an entry, each from the moment it was first said until it was said no longer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from safeconduct.advisories.entries import Part
from safeconduct.advisories.models import Advisory, Section

FAR = 10_000


def renew(row: Advisory, opened: Mapping[int, Section], parts: Sequence[Part], at: datetime) -> None:
    """Close what the entry says no longer, open what is new; what only moved keeps its date."""
    left = {(part.digest, number): pk for pk, (part, number) in _numbered(opened).items()}
    kept: dict[int, int] = {}
    new: list[Section] = []
    counts: dict[str, int] = {}
    for position, part in enumerate(parts):
        number = counts[part.digest] = counts.get(part.digest, 0) + 1
        pk = left.pop((part.digest, number), None)
        if pk is not None:
            kept[pk] = position
            continue
        new.append(
            Section(
                advisory=row, key=part.key, position=position, heading=part.heading, lang=part.lang,
                html=part.html, digest=part.digest, since=at,
            )
        )  # fmt: skip
    Section.objects.filter(pk__in=list(left.values())).update(until=at)
    moved = [pk for pk, position in kept.items() if opened[pk].position != position]
    # By way of far positions: no two may hold one at any moment.
    for offset in (FAR, 0):
        for pk in moved:
            Section.objects.filter(pk=pk).update(position=kept[pk] + offset)
    Section.objects.bulk_create(new)


def _numbered(opened: Mapping[int, Section]) -> dict[int, tuple[Section, int]]:
    """Sections with the how-manieth of the same words each is."""
    counts: dict[str, int] = {}
    found = {}
    for pk, part in sorted(opened.items(), key=lambda pair: (pair[1].position, pair[0])):
        counts[part.digest] = counts.get(part.digest, 0) + 1
        found[pk] = (part, counts[part.digest])
    return found
