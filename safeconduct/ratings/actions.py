"""Reckoning ratings anew, and deciding otherwise. A value is written with everything that it came from.

A new value by the formula, an editor's override and its end are versions; new inputs with the same value only
replace the inputs. Nobody is told here: `matching` reads versions that are notable, and `changes` says which are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.advisories.models import AdvisoryVersion
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.models import Organisation
from safeconduct.places.models import Place
from safeconduct.ratings import changes, formula
from safeconduct.ratings.inputs import CountryInputs, inputs_of_all
from safeconduct.ratings.models import (
    MEDICAL_VALUES,
    SECURITY_VALUES,
    Kind,
    OrganisationRating,
    Override,
    Rating,
    RatingVersion,
)

MOST_AT_ONCE: Final = 200
Cause = RatingVersion.Cause
TOLD: Final = (Cause.SAID, Cause.DECIDED, Cause.ENDED)
"""Changes that people are told of."""
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every reckoning: an editor decided first."""


def values_of(kind: str) -> tuple[str, ...]:
    """The scale of a kind, best first."""
    return tuple(str(value) for value in (MEDICAL_VALUES if kind == Kind.MEDICAL else SECURITY_VALUES))


def reckon_all(countries: Iterable[str] | None = None) -> int:
    """Reckon every country (or those named); return how many values are new.

    Countries whose inputs are as they were cost nothing but reading; writes come in short transactions. Another worker
    may do the same at once: what was read before that which is stored changes nothing.
    """
    _end_overrides()
    read_at = clock.now()
    gathered = inputs_of_all()
    wanted = sorted(set(countries) if countries is not None else _countries())
    known = Rating.objects.filter(country_code__in=wanted)
    digests = {
        (code, kind): digest
        for code, kind, digest in known.values_list("country_code", "kind", "inputs_digest")
    }
    due = []
    for code in wanted:
        inputs = gathered.of(code)
        for kind in Kind.values:
            outcome = outcome_of(kind, inputs)
            if digests.get((code, kind)) != digest_of(outcome):
                due.append((code, kind, outcome))
    fresh = 0
    for start in range(0, len(due), MOST_AT_ONCE):
        with transaction.atomic():
            fresh += sum(_store(*row, read_at) for row in due[start : start + MOST_AT_ONCE])
    return fresh


def outcome_of(kind: str, inputs: CountryInputs) -> formula.Outcome:
    """What the formula gives."""
    if kind == Kind.SECURITY:
        return formula.security(inputs.advice, inputs.safety_alerts)
    return formula.medical(inputs.facts, inputs.notices, inputs.health_alerts)


def digest_of(outcome: formula.Outcome) -> str:
    """Of the value, the formula and all inputs."""
    whole = json.dumps([formula.VERSION, outcome.value, outcome.as_rows()], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def _countries() -> set[str]:
    kinds = (Place.Kind.COUNTRY, Place.Kind.TERRITORY)
    return set(
        Place.objects.filter(kind__in=kinds, state=Place.State.ACTIVE).values_list("country_code", flat=True)
    )


def _store(code: str, kind: str, outcome: formula.Outcome, read_at: datetime) -> bool:
    """Write one outcome; whether the value that holds is another than before."""
    rating, is_first = Rating.objects.select_for_update().get_or_create(
        country_code=code, kind=kind, defaults={"since": read_at, "reckoned_at": read_at}
    )
    digest = digest_of(outcome)
    if not is_first and (rating.reckoned_at > read_at or rating.inputs_digest == digest):
        return False
    override = Override.objects.filter(country_code=code, kind=kind, ended_at__isnull=True).first()
    value = override.value if override else outcome.value
    cause = Cause.FIRST if is_first else Cause(_cause(rating, outcome)) if value != rating.value else None
    rating.formula_value, rating.inputs, rating.formula = outcome.value, outcome.as_rows(), formula.VERSION
    rating.inputs_digest, rating.reckoned_at = digest, read_at
    if cause is not None:
        _new_version(rating, value, RatingVersion.Basis.FORMULA, cause)
    rating.save()
    return cause not in (None, Cause.FIRST)


def _cause(rating: Rating, outcome: formula.Outcome) -> str:
    """Why the formula's value is another."""
    # From or to “unknown” is news about sources, not about the country.
    if not (rating.value and outcome.value):
        return Cause.UNKNOWN
    asked = changes.entries_to_ask(rating.inputs, outcome)
    # Whether a publisher said something else, or an old wording is read differently, its own room knows.
    newer = AdvisoryVersion.objects.filter(advisory__public_id__in=list(asked), is_notable=True)
    said = {
        entry for entry, number in newer.values_list("advisory__public_id", "number") if number > asked[entry]
    }
    return changes.reason_of(rating.kind, rating.inputs, outcome, said=said, formula=rating.formula)


def _new_version(
    rating: Rating, value: str, basis: str, cause: Cause, *, reason: str = "", by_label: str = ""
) -> RatingVersion:
    """Append a version and let the rating say its value; the caller saves the rating, which it has locked."""
    now = clock.now()
    version = RatingVersion(
        rating=rating,
        number=rating.number + 1,
        value=value,
        previous_value=rating.value,
        basis=basis,
        cause=cause,
        is_notable=cause in TOLD and bool(value) and value != rating.value,
        formula=formula.VERSION,
        inputs=rating.inputs,
        reason=reason,
        by_label=by_label,
        made_at=now,
    )
    version.save(force_insert=True)
    rating.number, rating.value, rating.since = version.number, value, now
    return version


def override_rating(
    code: str, kind: str, *, value: str, reason: str, by: User, until_on: date | None = None
) -> Override:
    """Decide against the formula, with a reason. Raises Refused for a value not on the scale or no reason."""
    _check(kind, value, reason, until_on)
    now = clock.now()
    with transaction.atomic():
        rating, _is_first = Rating.objects.select_for_update().get_or_create(
            country_code=code, kind=kind, defaults={"since": now, "reckoned_at": NEVER}
        )
        Override.objects.filter(country_code=code, kind=kind, ended_at__isnull=True).update(ended_at=now)
        label = audit.label_of(by)
        override = Override(
            country_code=code, kind=kind, value=value, reason=reason.strip(), by_label=label, made_at=now,
            until_on=until_on,
        )  # fmt: skip
        override.save(force_insert=True)
        _new_version(
            rating,
            value,
            RatingVersion.Basis.OVERRIDE,
            Cause.DECIDED,
            reason=override.reason,
            by_label=label,
        )
        rating.save()
        detail = {"country": code, "kind": kind, "value": value}
        audit.record("rating.overridden", by=by, subject=rating, detail=detail)
    return override


def end_override(override: Override, *, by: User | None) -> None:
    """Let the formula decide again."""
    with transaction.atomic():
        rating = Rating.objects.select_for_update().get(
            country_code=override.country_code, kind=override.kind
        )
        ended = Override.objects.filter(pk=override.pk, ended_at__isnull=True).update(ended_at=clock.now())
        if not ended:
            return
        if rating.formula_value != rating.value:
            _new_version(rating, rating.formula_value, RatingVersion.Basis.FORMULA, Cause.ENDED)
        rating.save()
        detail = {"country": override.country_code, "kind": override.kind, "value": rating.value}
        audit.record("rating.override.ended", by=by, subject=rating, detail=detail)


def _end_overrides() -> None:
    for override in Override.objects.filter(ended_at__isnull=True, until_on__lt=clock.today()):
        end_override(override, by=None)


def rate_for_organisation(
    organisation: Organisation, code: str, kind: str, *, value: str, reason: str, by: User
) -> OrganisationRating | None:
    """What an organisation tells its own people; an empty value takes it back. Raises Refused."""
    now = clock.now()
    if value:
        _check(kind, value, reason, None)
    elif kind not in Kind.values:
        raise Refused("rating.value", _("Choose a value from the list."))
    with transaction.atomic():
        # Two managers at once: the second one's comes after the first one's.
        Organisation.objects.select_for_update().get(pk=organisation.pk)
        own = OrganisationRating.objects.for_org(organisation)
        held = own.filter(country_code=code, kind=kind, ended_at__isnull=True).first()
        if held is None and not value:
            return None
        before = held.value if held else ""
        own.filter(country_code=code, kind=kind, ended_at__isnull=True).update(ended_at=now)
        row = OrganisationRating(
            organisation=organisation, country_code=code, kind=kind, value=value, reason=reason.strip()[:1000],
            by_label=audit.label_of(by), made_at=now, ended_at=None if value else now, previous_value=before,
            is_notable=value != before,
        )  # fmt: skip
        row.save(force_insert=True)
        action = "rating.organisation" if value else "rating.organisation.ended"
        detail = {"country": code, "kind": kind, "value": value, "before": before}
        audit.record(action, by=by, subject=row, organisation=organisation, detail=detail)
    return row if value else None


def _check(kind: str, value: str, reason: str, until_on: date | None) -> None:
    if kind not in Kind.values or value not in values_of(kind):
        raise Refused("rating.value", _("Choose a value from the list."))
    if not reason.strip():
        raise Refused("rating.reason", _("Say why: people see the reason beside the rating."))
    if until_on is not None and until_on < clock.today():
        raise Refused("rating.until", _("That day is over."))
