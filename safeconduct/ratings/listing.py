"""All countries with their ratings, for the desk and the console. It reads a handful of rows for each and no inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from safeconduct.orgs.models import Organisation
from safeconduct.places.models import Place
from safeconduct.places.queries import country_names
from safeconduct.ratings import words
from safeconduct.ratings.models import Kind, OrganisationRating, Override, Rating


@dataclass(frozen=True)
class Cell:
    """One rating of one country. `value` empty: unknown."""

    kind: str
    label: str
    value: str
    word: str
    step: int
    formula_word: str
    since: datetime | None
    override: Override | None
    own: OrganisationRating | None
    own_word: str
    own_step: int


@dataclass(frozen=True)
class Line:
    """One country, security first."""

    code: str
    name: str
    cells: tuple[Cell, ...]


def lines(language: str, *, organisation: Organisation | None = None) -> list[Line]:
    """Every country and territory by name; what an organisation says of them is its own alone."""
    kinds = (Place.Kind.COUNTRY, Place.Kind.TERRITORY)
    places = Place.objects.filter(kind__in=kinds, state=Place.State.ACTIVE)
    codes = {code for code in places.values_list("country_code", flat=True) if code}
    names = country_names(codes, language)
    ratings = {(row.country_code, row.kind): row for row in Rating.objects.defer("inputs")}
    overrides = {(row.country_code, row.kind): row for row in Override.objects.filter(ended_at__isnull=True)}
    own: dict[tuple[str, str], OrganisationRating] = {}
    if organisation is not None:
        rows = OrganisationRating.objects.for_org(organisation).filter(ended_at__isnull=True)
        own = {(row.country_code, row.kind): row for row in rows}
    found = [
        Line(
            code, names.get(code, code), tuple(_cell(code, kind, ratings, overrides, own) for kind in _KINDS)
        )
        for code in codes
    ]
    return sorted(found, key=lambda line: line.name.casefold())


_KINDS = (Kind.SECURITY, Kind.MEDICAL)


def _cell(
    code: str,
    kind: Kind,
    ratings: Mapping[tuple[str, str], Rating],
    overrides: Mapping[tuple[str, str], Override],
    own: Mapping[tuple[str, str], OrganisationRating],
) -> Cell:
    row, mine = ratings.get((code, kind)), own.get((code, kind))
    value = row.value if row else ""
    return Cell(
        kind=str(kind),
        label=str(kind.label),
        value=value,
        word=words.value_word(value),
        step=words.step_of(kind, value),
        formula_word=words.value_word(row.formula_value if row else ""),
        since=row.since if row else None,
        override=overrides.get((code, kind)),
        own=mine,
        own_word=words.value_word(mine.value) if mine else "",
        own_step=words.step_of(kind, mine.value) if mine else 0,
    )
