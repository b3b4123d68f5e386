"""Finding the place that a subscription is for."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import get_language

from safeconduct.lib.errors import NotFound
from safeconduct.notify.models import Subscription
from safeconduct.places.models import Place
from safeconduct.places.queries import PlaceHit, localised_name, place_by_key, search

MOST_SHOWN = 8
CLEARLY_MEANT = 0.4


def found_places(words: str) -> list[PlaceHit]:
    """Return what the words may mean, best first; one alone when it is clear."""
    hits = search(words, lang=get_language() or "en", limit=MOST_SHOWN)
    typed = words.casefold()
    named = [hit for hit in hits if typed in {name.casefold() for name in hit.names}]
    if len(named) == 1 or (len(named) > 1 and named[0].score - named[1].score > CLEARLY_MEANT):
        return named[:1]
    return hits


def the_place(key: str) -> Place | None:
    """Return the place of a key; None for one that there is not, or that is nowhere to travel to any more."""
    try:
        place = place_by_key(key)
    except NotFound:
        return None
    return place if place.state == Place.State.ACTIVE else None


def name_of(place: Place) -> str:
    """Return the place's name in the reader's language."""
    return localised_name(place, get_language() or "en")


def named(rows: Iterable[Subscription]) -> list[tuple[Subscription, str]]:
    """Return subscriptions with the name of their place for the reader."""
    return [(row, name_of(row.place)) for row in rows]
