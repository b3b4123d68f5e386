"""Finding places and reading facts.

Search is by the beginning of a name or of a word in it, without accents, in every language at once. It does not
forgive typing errors, and it never offers a place that the data no longer has.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.places.folding import fold
from safeconduct.places.models import Fact, Place, PlaceName

HIGHEST = "\U0010ffff"
LONGEST_QUERY = 100
MOST = 50
# Rows looked at by weight before scoring: enough that the best ten of any two letters are among them.
LOOKED_AT = 150
RANK_SHARE = 0.5
EXACT_KNOWN, EXACT = 0.5, 0.35
CODE_TYPED, CODE = 0.5, 0.3
# The reader's own language raises a beginning that others only call so.
OWN_LANGUAGE = 0.15
MOST_NAMES = 200
_IATA = re.compile(r"[A-Za-z]{3}")


@dataclass(frozen=True)
class PlaceHit:
    """One answer of a search; `names` are all spellings, `score` is between 0 and 1."""

    kind: str
    code: str
    name: str
    native_name: str
    names: tuple[str, ...]
    country: str
    country_name: str
    score: float
    key: str
    population: int | None = None
    region: str = ""


def search(query: str, *, lang: str = "en", limit: int = 10) -> list[PlaceHit]:
    """Active places whose name, a later word of it, or code begins with the query; best first."""
    text = query.strip()[:LONGEST_QUERY]
    folded = fold(text)
    if not folded:
        return []
    scores: dict[int, float] = defaultdict(float)
    ranks: dict[int, int] = {}
    for row in _candidates(folded, lang):
        ranks[row.place_id] = row.place.rank
        scores[row.place_id] = max(scores[row.place_id], _score(row, folded, lang))
    for place in _with_code(text):
        quality = CODE_TYPED if text.isupper() else CODE
        ranks[place.pk] = place.rank
        scores[place.pk] = max(scores[place.pk], quality + RANK_SHARE * place.rank / 100)
    best = sorted(scores, key=lambda pk: (-scores[pk], -ranks[pk], pk))[: max(0, min(limit, MOST))]
    return _hits(best, scores, lang)


def _candidates(folded: str, lang: str) -> list[PlaceName]:
    names = PlaceName.objects.filter(place__state=Place.State.ACTIVE).select_related("place")
    exact = names.filter(folded=folded).order_by("-weight")[:LOOKED_AT]
    beginning = _beginning(names, folded).order_by("-weight")
    own = beginning.filter(langs__contains=_languages(lang)[-1])[:LOOKED_AT] if lang[:2] != "en" else []
    return [*exact, *beginning[:LOOKED_AT], *own]


def _beginning(names: QuerySet[PlaceName], folded: str) -> QuerySet[PlaceName]:
    """By index on both engines: SQLite compares bytes, PostgreSQL has a pattern index on the column."""
    if connection.vendor == "sqlite":
        return names.filter(folded__gte=folded, folded__lt=folded + HIGHEST)
    return names.filter(folded__startswith=folded)


def _score(row: PlaceName, folded: str, lang: str) -> float:
    """The beginning of a name scores its stored weight (see loading.py); the whole name scores by rank."""
    is_own = _is_in_language(row, lang)
    if row.is_whole and row.folded == folded:
        is_known = bool(row.langs) or row.name == row.place.name or row.place.kind != Place.Kind.CITY
        quality = EXACT_KNOWN if is_known else EXACT
        return min(1.0, quality + (0.02 if is_own else 0) + RANK_SHARE * row.place.rank / 100)
    return min(1.0, row.weight / 1000 + (OWN_LANGUAGE if is_own else 0))


def _with_code(text: str) -> QuerySet[Place]:
    """Countries by ISO code and airports by IATA code; a city has no code that people type."""
    places = Place.objects.filter(state=Place.State.ACTIVE, code=text.upper())
    return places.exclude(kind=Place.Kind.CITY) if len(text) in (2, 3) else places.none()


def _languages(lang: str) -> list[str]:
    """The tags to look for, best first: "pt-br" → pt-BR, pt; "zh-hant" → zh-Hant, zh."""
    language, _dash, rest = lang.replace("_", "-").partition("-")
    wider = f"{language}-{rest.title() if len(rest) == 4 else rest.upper()}" if rest else language
    return list(dict.fromkeys((wider, {"no": "nb"}.get(language, language))))


def _is_in_language(row: PlaceName, lang: str) -> bool:
    used = row.langs.split(" ")
    return lang[:2] != "en" and any(tag in used for tag in _languages(lang))


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


def _hits(pks: list[int], scores: dict[int, float], lang: str) -> list[PlaceHit]:
    places = Place.objects.filter(pk__in=pks).prefetch_related(whole_names())
    by_pk = {place.pk: place for place in places}
    countries = country_names({place.country_code for place in by_pk.values()}, lang)
    hits = []
    for pk in pks:
        place = by_pk[pk]
        names = list(place.names.all())
        hits.append(
            PlaceHit(
                kind=place.kind,
                code=place.code,
                name=name_in(place, names, lang),
                native_name=place.native_name,
                names=tuple(dict.fromkeys([place.name, *(row.name for row in names)]))[:MOST_NAMES],
                country=place.country_code,
                country_name=countries.get(place.country_code, ""),
                score=round(scores[pk], 4),
                key=place.key,
                population=place.population,
                region=place.region,
            )
        )
    return hits


def country_names(codes: set[str], lang: str) -> dict[str, str]:
    """Names of countries in a language, by code."""
    keys = [f"iso:{code}" for code in codes]
    places = Place.objects.filter(key__in=keys).prefetch_related(whole_names())
    return {place.code: name_in(place, list(place.names.all()), lang) for place in places}


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


def zone_of(place: Place) -> ZoneInfo:
    """The place's time zone: a country's is its capital's; UTC where nobody keeps a clock."""
    return ZoneInfo(place.zone or "UTC")


def only_zone(country_code: str) -> str:
    """The zone of a country whose clocks all show the same, in winter and in summer; empty for every other."""
    place = Place.objects.filter(key=f"iso:{country_code}", state=Place.State.ACTIVE).first()
    fact = Fact.objects.filter(country_code=country_code, field="timezones").first()
    if place is None or fact is None:
        return ""
    half_years = [clock.now(), clock.now() + timedelta(days=183)]
    clocks = {tuple(at.astimezone(ZoneInfo(name)).utcoffset() for at in half_years) for name in fact.value}
    return place.zone if len(clocks) == 1 else ""
