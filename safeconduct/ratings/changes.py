"""Whether a new value is news about the country, or about our sources. Pure: no ORM, no clock.

A value can change because somebody says something else of the country, and because a source fell silent, came back or
was switched on or off, an alert began or ended, a fact was corrected, the formula is another. Only the first is told:
the formula is asked what it would give had the publishers that counted before said what they said before. Where that
is the same value, what they say is not the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from safeconduct.ratings.formula import FACTS, NO_NOTICE, VERSION, Input, Outcome, reckon

SAID: Final = "said"
SOURCES: Final = "sources"
ALERTS: Final = "alerts"
FACTS_CHANGED: Final = "facts"
FORMULA: Final = "formula"
_ALERT_CODES: Final = frozenset({"alerts", "outbreaks"})


def reason_of(
    kind: str, before: Sequence[Mapping[str, Any]], now: Outcome, *, said: Collection[str], formula: str
) -> str:
    """Return why a value is another than before.

    `before`: the inputs that were counted, as they were kept, by the version `formula`. `said`: entries of which the
    publisher's own words changed the level since then.
    """
    old = [Input.of(row) for row in before]
    others = _with_words_of_before(old, now.inputs, said)
    supposed = reckon(kind, others)
    if supposed.value != now.value and _same_direction(reckon(kind, old), supposed, now):
        return SAID
    if formula != VERSION:
        return FORMULA
    for reason, codes in ((ALERTS, _ALERT_CODES), (FACTS_CHANGED, frozenset(FACTS))):
        rows = [row for row in now.inputs if row.code not in codes] + [
            row for row in old if row.code in codes
        ]
        if reckon(kind, rows).value != now.value:
            return reason
    return SOURCES


def entries_to_ask(before: Sequence[Mapping[str, Any]], now: Outcome) -> dict[str, int]:
    """Entries that are another version now or count no longer → the version that counted before."""
    versions = {row.entry: row.number for row in now.inputs if row.entry}
    old = [Input.of(row) for row in before]
    return {row.entry: row.number for row in old if row.entry and versions.get(row.entry) != row.number}


def _with_words_of_before(old: Sequence[Input], now: Sequence[Input], said: Collection[str]) -> list[Input]:
    """The inputs of now, where publishers that counted before say what they said before."""
    known = {row.entry: row for row in old if row.entry}
    heard_before = {row.source for row in old if row.code == "notice"}
    heard_now = {row.source for row in now if row.code == "notice"}
    rows = []
    for row in now:
        if row.entry in known:
            rows.append(known[row.entry] if row.entry in said else row)
        elif row.code != "notice" or row.says == NO_NOTICE or row.source not in heard_before:
            rows.append(row)
    # A notice that is over, of an authority that is heard still.
    standing = {row.entry for row in now}
    rows += [
        row
        for row in old
        if row.code == "notice"
        and row.entry in said
        and row.entry not in standing
        and row.source in heard_now
    ]
    return rows


def _same_direction(old: Outcome, supposed: Outcome, now: Outcome) -> bool:
    """Whether what is said moved the value the way that it went: up is not told of advice that eased."""
    if old.score is None or supposed.score is None or now.score is None:
        return True
    return (now.score - supposed.score) * (now.score - old.score) >= 0
