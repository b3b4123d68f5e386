"""What was not counted for a rating, and why: publishers that are not heard or give no level, facts that nobody knows.

Of one country, from the rows that `inputs` reads for all of them. It reads; what counts is decided there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Max

from safeconduct.advisories.models import Advisory, Category
from safeconduct.feeds.models import Source
from safeconduct.feeds.shaped import is_built_to_shape
from safeconduct.lib import clock
from safeconduct.places.effective import effective_facts
from safeconduct.ratings import inputs
from safeconduct.ratings.formula import FACTS, LEAST_MEDICAL_FACTS, PRESENCE, WATER
from safeconduct.ratings.models import Kind

HEALTH_FORMATS: Final = frozenset({Source.Format.CDC, Source.Format.WHO_DON})
"""Registers of health authorities; every other one is a government's advice on security."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One thing. `code` is that of the input that it would be (`formula.Input`), `who` who says it or how severe it is,
    `why` a key of `words.why_of`, `on` the day (ISO) that it was heard last, `url` where it can be read."""

    code: str
    who: str
    why: str
    on: str = ""
    url: str = ""


def left_out(country_code: str, kind: str) -> tuple[LeftOut, ...]:
    """Everything about a country that its rating does not count, facts first."""
    facts, lacks_facts = _facts(country_code) if kind == Kind.MEDICAL else ([], False)
    said, counted = _advice(country_code, kind)
    found = [*facts, *said]
    if kind == Kind.SECURITY and not counted:
        found += _alerts(country_code, kind, "no_government")
    elif kind == Kind.MEDICAL and lacks_facts:
        found += [LeftOut("notice", name, "few_facts") for name in counted]
        found += _alerts(country_code, kind, "few_facts")
    return tuple(found)


def _facts(code: str) -> tuple[list[LeftOut], bool]:
    """The facts that nobody knows, and whether too few are known for a rating."""
    known = {
        fact.field for fact in effective_facts(country_code=code, fields=FACTS)
        if inputs.says_of(fact) in (WATER if fact.field == "tap_water" else PRESENCE)
    }  # fmt: skip
    missing = [LeftOut(field, "", "unknown") for field in FACTS if field not in known]
    return missing, len(known) < LEAST_MEDICAL_FACTS


def _advice(code: str, kind: str) -> tuple[list[LeftOut], list[str]]:
    """What publishers say that does not count, once for each and reason, and the names of those who count."""
    now = clock.now()
    rows: dict[int, list[Advisory]] = defaultdict(list)
    for row in Advisory.objects.filter(country_code=code, state=Advisory.State.ACTIVE).order_by("pk"):
        if (row.category == Category.HEALTH) == (kind == Kind.MEDICAL):
            rows[row.source_id].append(row)
    seen = dict(Advisory.objects.order_by().values_list("source").annotate(Max("fetched_at")))
    found: dict[tuple[str, str], LeftOut] = {}
    counted = []
    for source in Source.objects.filter(format__in=Source.ADVICE).order_by("name"):
        mine = rows.get(source.pk, [])
        is_asked = source.is_enabled and (source.format in HEALTH_FORMATS) == (kind == Kind.MEDICAL)
        if not mine and not is_asked:
            continue
        for one in _of_source(source, mine, seen.get(source.pk), kind, now):
            found.setdefault((source.key, one.why), one)
        is_heard = inputs.is_heard(source, now, seen.get(source.pk))
        if is_heard and any(row.level is not None for row in mine):
            counted.append(source.name)
    return list(found.values()), counted


def _of_source(
    source: Source, rows: Iterable[Advisory], seen_at: datetime | None, kind: str, now: datetime
) -> Iterator[LeftOut]:
    """What does not count of one source, whatever it says of the country."""
    code = "notice" if kind == Kind.MEDICAL else "advice"
    last = max((at for at in (source.last_ok_at, seen_at) if at is not None), default=None)
    on = last.date().isoformat() if last is not None else ""
    listed = list(rows)
    if last is None:
        yield LeftOut(code, source.name, "unproved" if is_built_to_shape(source) else "never_read")
    elif not inputs.is_heard(source, now, seen_at):
        why = "silent" if source.is_enabled else "off"
        yield LeftOut(code, source.name, why, on, inputs.page_of(listed[0]) if listed else "")
    elif not listed and kind == Kind.SECURITY:
        yield LeftOut(code, source.name, "not_named", on)
    else:
        for row in listed:
            if row.level is None:
                why = "no_level" if row.number else "not_read"
                yield LeftOut(code, source.name, why, row.fetched_at.date().isoformat(), inputs.page_of(row))


def _alerts(code: str, kind: str, why: str) -> list[LeftOut]:
    """Alerts that count only beside something else."""
    found: Mapping[str, inputs.CountryInputs] = inputs.alerts_of_all()
    if code not in found:
        return []
    is_security = kind == Kind.SECURITY
    counts = found[code].safety_alerts if is_security else found[code].health_alerts
    return [LeftOut("alerts" if is_security else "outbreaks", row.severity, why, "", row.url) for row in counts]
