"""Ratings as pages and commands read them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from safeconduct.accounts.authors import authors_of
from safeconduct.orgs.models import Organisation
from safeconduct.ratings import formula, leftout, words
from safeconduct.ratings.models import Kind, OrganisationRating, Override, Rating, RatingVersion


@dataclass(frozen=True)
class Explained:
    """A rating of a country with everything that it came from. `value` empty: unknown."""

    country_code: str
    kind: str
    kind_label: str
    value: str
    word: str
    step: int
    formula: str
    formula_value: str
    inputs: tuple[dict[str, Any], ...]
    sum_words: str
    since: datetime | None
    reckoned_at: datetime | None
    override: Override | None
    own: OrganisationRating | None


@dataclass(frozen=True)
class Step:
    """One change in the history."""

    value: str
    word: str
    previous_word: str
    made_at: datetime
    basis: str
    cause: str
    """Why, in words."""
    is_notable: bool
    """People were told, or are being told."""
    reason: str
    by: str


@dataclass(frozen=True)
class InputLine:
    """One input in the reader's words."""

    label: str
    says: str
    points: str
    url: str
    on: str


def explained(country_code: str, organisation: Organisation | None = None) -> tuple[Explained, ...]:
    """Security, then medical. An organisation sees its own rating beside ours, never another's."""
    return explained_each([country_code], organisation)[country_code]


def explained_each(
    country_codes: Collection[str], organisation: Organisation | None = None
) -> dict[str, tuple[Explained, ...]]:
    """The same for several countries, looked up at once."""
    ratings = {(row.country_code, row.kind): row for row in Rating.objects.filter(country_code__in=country_codes)}
    overrides = {
        (row.country_code, row.kind): row
        for row in Override.objects.filter(country_code__in=country_codes, ended_at__isnull=True)
    }
    own: dict[tuple[str, str], OrganisationRating] = {}
    if organisation is not None:
        rows = OrganisationRating.objects.for_org(organisation).filter(
            country_code__in=country_codes, ended_at__isnull=True
        )
        own = {(row.country_code, row.kind): row for row in rows}
    return {
        code: tuple(
            _explained(code, kind, ratings.get((code, kind)), overrides.get((code, kind)), own.get((code, kind)))
            for kind in (Kind.SECURITY, Kind.MEDICAL)
        )
        for code in country_codes
    }


def _explained(
    code: str, kind: Kind, rating: Rating | None, override: Override | None, own: OrganisationRating | None
) -> Explained:
    value = rating.value if rating else ""
    rows = list(rating.inputs) if rating else []
    return Explained(
        country_code=code,
        kind=str(kind),
        kind_label=str(kind.label),
        value=value,
        word=words.value_word(value),
        step=words.step_of(kind, value),
        formula=formula.VERSION,
        formula_value=rating.formula_value if rating else "",
        inputs=tuple(rows),
        sum_words=words.sum_of(kind, rows, rating.formula_value if rating else ""),
        since=rating.since if rating else None,
        reckoned_at=rating.reckoned_at if rating else None,
        override=override,
        own=own,
    )


def history_of(country_code: str, kind: str) -> list[Step]:
    """Every value that a rating had, newest first."""
    rows = RatingVersion.objects.filter(rating__country_code=country_code, rating__kind=kind).defer("inputs")
    return [
        Step(
            row.value, words.value_word(row.value), words.value_word(row.previous_value), row.made_at, row.basis,
            str(row.get_cause_display()), row.is_notable, row.reason, row.by_label,
        )
        for row in rows
    ]  # fmt: skip


def own_history_of(organisation: Organisation, country_code: str, kind: str) -> list[OrganisationRating]:
    """What an organisation thought of a destination, newest first; without a value: taken back."""
    rows = OrganisationRating.objects.for_org(organisation)
    return list(rows.filter(country_code=country_code, kind=kind))


def input_lines(row: Explained) -> list[InputLine]:
    """Every input of a rating in the active language."""
    return [
        InputLine(
            words.label_of(each), words.says_of(each), words.points_of(each), str(each.get("url", "")),
            str(each.get("on", "")),
        )
        for each in row.inputs
    ]  # fmt: skip


@dataclass(frozen=True)
class LeftOutLine:
    """One thing that did not count, in the reader's words."""

    label: str
    why: str
    url: str
    on: str


def left_out_lines(country_code: str, kind: str) -> list[LeftOutLine]:
    """Everything that did not count, and why, in the active language."""
    return [
        LeftOutLine(words.label_of({"code": row.code, "who": row.who}), words.why_of(row.why), row.url, row.on)
        for row in leftout.left_out(country_code, kind)
    ]


def values_by_country(kind: str) -> dict[str, str]:
    """Country code → value, for a map; countries without a value are missing."""
    rows = Rating.objects.filter(kind=kind).exclude(value="")
    return dict(rows.values_list("country_code", "value"))


def author_of(override: Override) -> str:
    """Who decided, by name while the person exists: an id tells a reader nothing."""
    return authors_of([override.by_label]).get(override.by_label, override.by_label)


def in_short(row: Explained) -> dict[str, Any]:
    """What `ratings --json` prints."""
    return {"country": row.country_code, "kind": row.kind, "value": row.value or None, "since": row.since}


def as_json(row: Explained) -> dict[str, Any]:
    """What `ratings --explain --json` prints; the value can be reckoned again from it."""
    override: dict[str, Any] | None = None
    if row.override is not None:
        until: date | None = row.override.until_on
        override = {
            "value": row.override.value,
            "reason": row.override.reason,
            "by": author_of(row.override),
            "made_at": row.override.made_at,
            "until": until,
        }
    return {
        **in_short(row),
        "formula": row.formula,
        "formula_value": row.formula_value or None,
        "inputs": list(row.inputs),
        "how": row.sum_words,
        "reckoned_at": row.reckoned_at,
        "left_out": [asdict(each) for each in leftout.left_out(row.country_code, row.kind)],
        "override": override,
    }
