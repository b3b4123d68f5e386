"""Ratings and their inputs in the reader's words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from safeconduct.ratings.formula import NO_NOTICE
from safeconduct.ratings.models import Kind, Value

STEPS = {
    Kind.SECURITY: ("minimal", "low", "moderate", "high", "extreme"),
    Kind.MEDICAL: ("low", "moderate", "high", "extreme"),
}


def step_of(kind: str, value: str) -> int:
    """The step on the ladder of five, 0 for a value that is none. The medical scale has no minimal: low is the first."""
    steps = STEPS[Kind(kind)]
    if value not in steps:
        return 0
    return steps.index(value) + 1 + (kind == Kind.MEDICAL and steps.index(value) > 0)


def value_word(value: str) -> str:
    """The value as people read it."""
    return str(Value(value).label)


def label_of(row: dict[str, Any]) -> str:
    """What an input is."""
    code, who = str(row["code"]), str(row["who"])
    words = {
        "median": _("Middle of the governments"),
        "parts": _("Worst parts of the country"),
        "tap_water": _("Tap water"),
        "malaria": _("Malaria"),
        "yellow_fever": _("Yellow fever"),
    }
    if code in ("alerts", "outbreaks"):
        return _("Active alerts, severe") if who == "Severe" else _("Active alerts, extreme")
    if code in ("advice", "notice"):
        return who
    return words.get(code, code)


def says_of(row: dict[str, Any]) -> str:
    """What an input says."""
    code, says = str(row["code"]), str(row["says"])
    if code in ("advice", "notice"):
        if says == NO_NOTICE:
            return _("no notice in force")
        if says == "1" and row.get("warns_only"):
            return _("no formal warning")
        level, _slash, worst = says.partition("/")
        if worst:
            return _("level %(level)s of 4, up to %(worst)s in parts") % {"level": level, "worst": worst}
        return _("level %(level)s of 4") % {"level": level}
    if code == "median":
        return _("level %(level)s of 4") % {"level": says}
    if code == "parts":
        return _("up to level %(level)s of 4") % {"level": says}
    if code in ("alerts", "outbreaks"):
        count = int(says)
        return ngettext("%(count)d alert", "%(count)d alerts", count) % {"count": count}
    return {
        "safe": _("safe to drink"),
        "safe_cities": _("safe in cities only"),
        "not_safe": _("not safe to drink"),
        "none": _("no risk"),
        "part": _("in parts of the country"),
        "present": _("somewhere in the country"),
        "all": _("in the whole country"),
    }.get(says, says)


def points_of(row: dict[str, Any]) -> str:
    """What an input added; a range where it depends on the place; empty for one that is only counted elsewhere."""
    if row["code"] == "advice":
        return ""
    if row["says"] == NO_NOTICE and row["code"] == "notice":
        return ""
    low, high = row["points"]
    text = f"{low:g}" if low == high else f"{low:g}–{high:g}"
    return text if row["code"] == "median" else f"+{text}"


def why_of(why: str) -> str:
    """Why something was left out (`leftout.LeftOut.why`)."""
    return {
        "unknown": _("nobody knows it"),
        "never_read": _("it has not been read yet"),
        "unproved": _("it has not been read yet, and our reader of it has not been proved on the live source"),
        "silent": _("not heard for longer than what it said last counts"),
        "off": _("switched off, and what it said last no longer counts"),
        "not_named": _("it does not name this country"),
        "not_read": _("it names this country; what it says has not been read yet"),
        "no_level": _("it gives no level for the country as a whole"),
        "no_government": _("alerts count only beside the advice of a government"),
        "few_facts": _("counts only beside two known facts"),
    }[why]


def sum_of(kind: str, rows: list[dict[str, Any]], value: str) -> str:
    """How the inputs make the value, in a sentence; empty where nothing is said."""
    if not value:
        return _("Too little is known.")
    if kind == Kind.SECURITY:
        score = sum(row["points"][1] for row in rows if row["code"] in ("median", "parts"))
        score += max((row["points"][1] for row in rows if row["code"] == "alerts"), default=0.0)
        return _("Together %(score)s: %(value)s.") % {"score": f"{score:g}", "value": value_word(value)}
    low = sum(row["points"][0] for row in rows if row["code"] in ("tap_water", "malaria", "yellow_fever"))
    high = sum(row["points"][1] for row in rows if row["code"] in ("tap_water", "malaria", "yellow_fever"))
    more = max((row["points"][1] for row in rows if row["code"] == "notice"), default=0.0)
    more += max((row["points"][1] for row in rows if row["code"] == "outbreaks"), default=0.0)
    score_words = f"{low + more:g}" if low == high else f"{low + more:g}–{high + more:g}"
    return _("Together %(score)s: %(value)s.") % {"score": score_words, "value": value_word(value)}
