"""Finding places and reading facts.

`search` is for programs and for what must not be guessed: by the beginning of a name or of a word in it, without
accents, in every language at once. `find` is for somebody who types: it forgives errors and says what it took them
for. Both read the prebuilt index (`searchindex`), and neither offers a place that the data no longer has.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import F, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.places.effective import effective_facts
from safeconduct.places.folding import fold
from safeconduct.places.models import Place, PlaceName
from safeconduct.places.searchindex.opening import index
from safeconduct.places.searchindex.ranking import HIGHEST, beginnings, meaning, with_code
from safeconduct.places.searchindex.reading import SearchIndex
from safeconduct.places.searchindex.sections import Array as Scores

LONGEST_QUERY = 100
MOST = 50
LARGEST = 6
_IATA = re.compile(r"[A-Za-z]{3}")


@dataclass(frozen=True)
class PlaceHit:
    """One answer of a search; `score` is between 0 and 1."""

    kind: str
    code: str
    name: str
    native_name: str
    country: str
    country_name: str
    score: float
    key: str
    population: int | None = None
    region: str = ""
    spellings: Callable[[], list[str]] = field(default=list, repr=False, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """All spellings, the main one first: read when they are asked for, because most answers are not."""
        return tuple(self.spellings())


@dataclass(frozen=True)
class Found:
    """What somebody who types and errs may have meant; `understood` is the spelling that was taken for theirs."""

    hits: list[PlaceHit]
    understood: str = ""


def search(query: str, *, lang: str = "en", limit: int = 10) -> list[PlaceHit]:
    """Active places whose name, a later word of it, or code begins with the query; best first."""
    text, folded = _asked(query)
    if not folded:
        return []
    places = index()
    scores, _is_exact = beginnings(places, folded, _tags(lang))
    with_code(places, text, scores)
    return _hits(places, scores, lang, limit)


def find(query: str, *, lang: str = "en", limit: int = 10) -> Found:
    """Like `search`, and forgiving: words in any order, a name beside its country or "airport", typing errors."""
    text, folded = _asked(query)
    if not folded:
        return Found([])
    places = index()
    meant = meaning(places, text, folded, _tags(lang))
    hits = _hits(places, meant.scores, lang, limit)
    return Found(hits, _as_spelt(meant.corrected, hits) if meant.corrected and hits else "")


def _asked(query: str) -> tuple[str, str]:
    text = query.strip()[:LONGEST_QUERY]
    return text, fold(text)


def _as_spelt(corrected: str, hits: list[PlaceHit]) -> str:
    """The best answer's own spelling of the corrected words, where it has one."""
    return next((name for name in hits[0].names if fold(name) == corrected), corrected)


def _languages(lang: str) -> list[str]:
    """The tags to look for, best first: "pt-br" → pt-BR, pt; "zh-hant" → zh-Hant, zh."""
    language, _dash, rest = lang.replace("_", "-").partition("-")
    wider = f"{language}-{rest.title() if len(rest) == 4 else rest.upper()}" if rest else language
    return list(dict.fromkeys((wider, {"no": "nb"}.get(language, language))))


def _tags(lang: str) -> list[str]:
    """Languages whose spellings are raised; English is what every place has."""
    return [] if lang[:2] == "en" else _languages(lang)


def name_in(place: Place, names: list[PlaceName], lang: str) -> str:
    """The place's name in a language, when it is known, else its main name."""
    for tag in _languages(lang):
        if tag == "en":
            break
        for row in names:
            if tag in row.langs.split(" "):
                return row.name
    return place.name


def whole_names() -> Prefetch[str]:
    """For `prefetch_related`: the spellings of a place, without word endings."""
    return Prefetch("names", queryset=PlaceName.objects.filter(is_whole=True).order_by("pk"))


def with_names_in(rows: QuerySet[Place], lang: str) -> QuerySet[Place]:
    """Places with those of their spellings that `name_in` needs for one language: none for English."""
    wanted = Q()
    for tag in itertools.takewhile(lambda tag: tag != "en", _languages(lang)):
        wanted |= Q(langs__contains=tag)
    if not wanted:
        return rows
    return rows.prefetch_related(Prefetch("names", PlaceName.objects.filter(wanted, is_whole=True).order_by("pk")))


def names_of(places: Iterable[Place], lang: str) -> dict[str, str]:
    """Key → name of places that `with_names_in` looked up."""
    is_english = _languages(lang)[0] == "en"
    return {place.key: place.name if is_english else name_in(place, list(place.names.all()), lang) for place in places}


def _hits(places: SearchIndex, scores: Scores, lang: str, limit: int) -> list[PlaceHit]:
    """The best places with their names; of two that score alike the likelier one."""
    most = max(0, min(limit, MOST))
    found = np.flatnonzero(scores)
    if len(found) > most:
        least = np.partition(scores[found], -most)[-most] if most else HIGHEST + 1
        found = found[scores[found] >= least]
    best = found[np.argsort(-scores[found], kind="stable")][:most]
    return [_hit(places, int(number), int(scores[number]), lang) for number in best]


def _hit(places: SearchIndex, number: int, score: int, lang: str) -> PlaceHit:
    key, kind, code, name, native_name, country, region, population = places.record(number)
    return PlaceHit(
        kind=kind,
        code=code,
        name=_named(places, number, lang) or name,
        native_name=native_name,
        country=country,
        country_name=_country_in(places, country, lang),
        score=score / HIGHEST,
        key=key,
        population=population,
        region=region,
        spellings=partial(places.spellings, number),
    )


def _named(places: SearchIndex, number: int, lang: str) -> str | None:
    tags = list(itertools.takewhile(lambda tag: tag != "en", _languages(lang)))
    return places.name_in(number, tags) if tags else None


def _country_in(places: SearchIndex, code: str, lang: str) -> str:
    number = places.codes.get(code)
    if number is None:
        return ""
    kept = places.country_names.get((number, lang))
    if kept is None:
        kept = places.country_names[number, lang] = _named(places, number, lang) or places.record(number)[3]
    return kept


def country_names(codes: set[str], lang: str) -> dict[str, str]:
    """Names of countries in a language, by code."""
    keys = [f"iso:{code}" for code in codes]
    places = list(with_names_in(Place.objects.filter(key__in=keys), lang))
    names = names_of(places, lang)
    return {place.code: names[place.key] for place in places}


def localised_name(place: Place, lang: str) -> str:
    """The place's name for a reader."""
    return name_in(place, list(place.names.filter(is_whole=True).exclude(langs="").order_by("pk")), lang)


def place_by_key(key: str) -> Place:
    """The place of a stable key; a merged one gives its successor. NotFound when there was never such a place."""
    place = Place.objects.select_related("merged_into").filter(key=key).first()
    if place is None:
        raise NotFound(f"place {key}")
    for _step in range(5):
        if place.merged_into is None:
            break
        place = place.merged_into
    return place


def resolve(text: str) -> Place:
    """The place that a person or a file means: a key, IATA, ISO2, ISO3, or the best hit of a name.

    "Paris, FR" and "Paris, France" choose the country. Raises Refused when nothing is found.
    """
    wanted = text.strip()
    if ":" in wanted:
        return place_by_key(wanted)
    name, comma, country = wanted.rpartition(",")
    if comma:
        inside = {hit.code for hit in search(country, limit=5) if hit.kind in ("country", "territory")}
        found = [hit for hit in search(name, limit=MOST) if hit.country in inside]
        if found:
            return place_by_key(found[0].key)
    if _IATA.fullmatch(wanted):
        airport = Place.objects.filter(key=f"iata:{wanted.upper()}", state=Place.State.ACTIVE).first()
        if airport is not None and wanted.isupper():
            return airport
    hits = search(wanted, limit=1)
    if not hits:
        raise Refused("place.unknown", _("We know no place called “%(text)s”.") % {"text": wanted[:80]})
    return place_by_key(hits[0].key)


def largest_cities(zones: Collection[str]) -> dict[str, list[int]]:
    """Zone → its largest cities (primary keys), the zone of the largest city first, zones without a city last."""
    found: dict[str, list[int]] = {}
    cities = Place.objects.filter(kind=Place.Kind.CITY, state=Place.State.ACTIVE, zone__in=zones)
    for zone, pk in cities.order_by(F("population").desc(nulls_last=True), "pk").values_list("zone", "pk"):
        of_zone = found.setdefault(zone, [])
        if len(of_zone) < LARGEST:
            of_zone.append(pk)
    return found | {zone: [] for zone in zones if zone not in found}


def zone_of(place: Place) -> ZoneInfo:
    """The place's time zone: a country's is its capital's; UTC where nobody keeps a clock."""
    return ZoneInfo(place.zone or "UTC")


def only_zone(country_code: str) -> str:
    """The zone of a country whose clocks all show the same, in winter and in summer; empty for every other."""
    place = Place.objects.filter(key=f"iso:{country_code}", state=Place.State.ACTIVE).first()
    zones = [
        name for fact in effective_facts(country_code=country_code, fields=["timezones"]) for name in fact.value
    ]
    if place is None or not zones:
        return ""
    half_years = [clock.now(), clock.now() + timedelta(days=183)]
    clocks = {tuple(at.astimezone(ZoneInfo(name)).utcoffset() for at in half_years) for name in zones}
    return place.zone if len(clocks) == 1 else ""
