"""Reasons of approval in the reader's words: the level, the country, whose it is, since when, what the rule asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from safeconduct.advisories.labels import sign_of
from safeconduct.lib import clock
from safeconduct.lib.timewords import day_words
from safeconduct.places.queries import country_names
from safeconduct.ratings.words import label_of, says_of, value_word
from safeconduct.trips.weighing import Reason


@dataclass(frozen=True)
class Line:
    """One reason. `source` says whose level it is and since when; `inputs` what it was made of."""

    text: str
    source: str
    url: str
    asks: str
    inputs: tuple[str, ...]
    step: str
    """The sign of the look, "" for none."""


def lines_of(reasons: Iterable[Reason]) -> list[Line]:
    """Return the reasons in the active language, the worst first."""
    rows = sorted(reasons, key=lambda one: (-one["rank"], one["country"], one["kind"]))
    names = country_names({one["country"] for one in rows if one["country"]}, get_language() or "en")
    return [_line(one, names.get(one["country"]) or one["country"]) for one in rows]


def in_short(reasons: Sequence[Reason]) -> str:
    """Return all of them as sentences, for a mail."""
    return " ".join(f"{one.text}{f', {one.source}' if one.source else ''}." for one in lines_of(reasons))


def rule_lines(rule: Any) -> list[str]:
    """Return what a rule asks for, line by line."""
    found = [_("Every trip")] if rule.always else []
    if rule.security_from:
        found.append(_("Security rating %(value)s or worse") % {"value": value_word(rule.security_from)})
    if rule.medical_from:
        found.append(_("Medical rating %(value)s or worse") % {"value": value_word(rule.medical_from)})
    if rule.advisory_from:
        found.append(_("Official advice at level %(level)d of 4 or worse") % {"level": rule.advisory_from})
    if rule.countries:
        names = country_names(set(rule.countries), get_language() or "en")
        found.append(", ".join(sorted(names.get(code, code) for code in rule.countries)))
    return found


def _line(one: Reason, country: Any) -> Line:
    kind = one["kind"]
    if kind == "always":
        return Line(_("Every trip needs approval"), "", "", "", (), "")
    if kind == "country":
        return Line(_("Trips to %(country)s need approval") % {"country": country}, "", "", "", (), "")
    if kind == "advisory":
        text = _("Official advice for %(country)s: level %(level)d of 4") % {"country": country, "level": one["rank"]}
        if not one["rank"]:
            text = _("Official advice for %(country)s: no level stated") % {"country": country}
        source = _since(_("by %(name)s") % {"name": one["name"]}, one["since"])
        asks = _("Approval is needed from level %(level)s") % {"level": one["from"]} if one["from"] else ""
        return Line(text, source, one["url"], asks, (), str(sign_of(one["rank"])))
    words = {"country": country, "value": value_word(one["value"])}
    if kind == "security":
        text = _("Security rating of %(country)s: %(value)s") % words
    else:
        text = _("Medical rating of %(country)s: %(value)s") % words
    inputs = tuple(f"{label_of(row)}: {says_of(row)}" for row in one["inputs"])
    asks = _("Approval is needed from %(value)s") % {"value": value_word(one["from"])} if one["from"] else ""
    return Line(text, _since(_basis(one["source"]), one["since"]), "", asks, inputs, str(one["rank"]))


def _basis(source: str) -> str:
    if source == "own":
        return _("rated by your organisation")
    if source == "editor":
        return _("set by an editor of this portal")
    return _("by the published formula")


def _since(text: str, iso: str) -> str:
    if not iso:
        return text
    day = day_words(date.fromisoformat(iso), this_year=clock.now().year)
    return _("%(source)s, since %(day)s") % {"source": text, "day": day}
