"""What an entry rule says, as it is typed or stands in a file: read, checked field by field. Pure: no ORM, no clock.

Refuses a rule without a source and a date, and what its own words contradict.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from safeconduct.advice import countries
from safeconduct.advice.kinds import (
    ANSWERS,
    BY_CODE,
    CONDITIONS,
    NOT_REQUIRED,
    OBTAINED,
    PURPOSES,
    RECOMMENDED,
    REQUIRED,
)

LONGEST_TEXT: Final = 2000
LONGEST_URL: Final = 500
LONGEST_SOURCE: Final = 160
LONGEST_DISEASE: Final = 60
MOST_DAYS: Final = 3660
YES: Final = frozenset({"yes", "y", "true", "1", "on", "x"})
NO: Final = frozenset({"", "no", "n", "false", "0", "off"})

COLUMNS: Final = (
    "destination", "kind", "answer", "passports", "not_passports", "came_from", "within_days", "transit_hours",
    "purposes", "disease", "condition", "stay_days", "obtained", "lead_days", "also_transit", "otherwise_not",
    "valid_from", "valid_until", "text", "link", "source", "source_url", "source_date", "review_on",
)  # fmt: skip
"""Of the form, of our own file, and of the export, in this order."""
NEEDED: Final = ("destination", "kind", "answer")


@dataclass(frozen=True, slots=True)
class RuleDetails:
    """An entry rule. Lists of countries and purposes are codes with spaces between, sorted."""

    destination: str
    kind: str
    answer: str
    source_name: str
    source_on: date
    source_url: str = ""
    passports: str = ""
    not_passports: str = ""
    came_from: str = ""
    within_days: int | None = None
    transit_hours: int | None = None
    purposes: str = ""
    disease: str = ""
    condition: str = ""
    stay_days: int | None = None
    obtained: str = ""
    lead_days: int | None = None
    also_transit: bool = False
    otherwise_not: bool = False
    valid_from: date | None = None
    valid_until: date | None = None
    text: str = ""
    link: str = ""
    review_on: date | None = None

    def values(self) -> dict[str, Any]:
        """Return the columns of a row."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def key(self) -> str:
        """What the rule is about and who says it: two of the same source may not both hold."""
        return key_of(
            self.source_name, self.destination, self.kind, self.passports, self.not_passports, self.came_from,
            self.purposes, self.disease.casefold(), self.condition, self.also_transit, self.transit_hours, self.valid_from,
        )  # fmt: skip


def key_of(*parts: object) -> str:
    """Return 32 hexadecimal digits of what a rule is about."""
    said = "\0".join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


@dataclass(slots=True)
class Reading:
    """The details, or what is wrong: column → sentence."""

    details: RuleDetails | None = None
    problems: dict[str, str] = field(default_factory=dict)


def read_details(values: Mapping[str, str], *, today: date) -> Reading:
    """Read a rule from texts by column. What may be empty may be missing."""
    reader = _Reader({name: " ".join(str(values.get(name) or "").split()) for name in COLUMNS if name != "text"})
    reader.given["text"] = str(values.get("text") or "").replace("\r\n", "\n").strip()
    found = reader.rule(today)
    return Reading(None if reader.problems else found, reader.problems)


def source_problem(name: str, url: str, on: date | None, today: date) -> tuple[str, str] | None:
    """Return (column, what is wrong) with who says so; None when nothing is."""
    if not name or len(name) > LONGEST_SOURCE:
        return "source", _("Say who says so, in at most %(most)d letters.") % {"most": LONGEST_SOURCE}
    if url and not is_address(url):
        return "source_url", _("A whole address that begins with https:// or http://.")
    if on is None:
        return "source_date", _("Say of which day the source is, like 2026-11-24.")
    if on > today:
        return "source_date", _("This day has not come yet.")
    return None


def is_address(url: str) -> bool:
    """Whether it is an address on the web that a page may link to."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_web = parts.scheme in ("https", "http") and "." in (parts.hostname or "")
    return is_web and not parts.username and len(url) <= LONGEST_URL and " " not in url


class _Reader:
    def __init__(self, given: dict[str, str]) -> None:
        self.given = given
        self.problems: dict[str, str] = {}

    def rule(self, today: date) -> RuleDetails | None:
        given = self.given
        found: dict[str, Any] = {
            "destination": self._country("destination"),
            "kind": self._word("kind", BY_CODE, is_needed=True),
            "answer": self._word("answer", ANSWERS, is_needed=True),
            "obtained": self._word("obtained", OBTAINED),
            "condition": self._word("condition", CONDITIONS),
            "purposes": self._purposes(),
            "disease": given["disease"],
            "text": given["text"],
            "link": given["link"],
            "source_name": given["source"],
            "source_url": given["source_url"],
            "source_on": self._day("source_date"),
        }
        found |= {name: self._countries(name) for name in ("passports", "not_passports", "came_from")}
        found |= {name: self._number(name) for name in ("within_days", "transit_hours", "stay_days", "lead_days")}
        found |= {name: self._flag(name) for name in ("also_transit", "otherwise_not")}
        found |= {name: self._day(name) for name in ("valid_from", "valid_until", "review_on")}
        if "source_date" not in self.problems:
            fault = source_problem(found["source_name"], found["source_url"], found["source_on"], today)
            if fault is not None:
                self.problems[fault[0]] = fault[1]
        self._lengths()
        if self.problems:
            return None
        rule = RuleDetails(**found)
        self._sense(rule)
        return rule

    def _country(self, name: str) -> str:
        code = countries.code_of(self.given[name])
        if not code:
            said = self.given[name][:40] or "–"
            self.problems[name] = _("There is no one country “%(text)s”.") % {"text": said}
        return code

    def _countries(self, name: str) -> str:
        known, wrong = countries.listed(self.given[name])
        if wrong:
            self.problems[name] = _("Not codes of countries: %(words)s.") % {"words": ", ".join(wrong[:8])}
        return " ".join(known)

    def _purposes(self) -> str:
        words = self.given["purposes"].lower().replace(",", " ").replace(";", " ").split()
        if wrong := [word[:20] for word in words if word not in PURPOSES]:
            self.problems["purposes"] = self._one_of(wrong, PURPOSES)
        return " ".join(sorted(set(words)))

    def _word(self, name: str, table: Mapping[str, object], *, is_needed: bool = False) -> str:
        word = self.given[name].lower()
        if word not in table and (word or is_needed):
            self.problems[name] = self._one_of([self.given[name][:40] or "–"], table)
        return word

    @staticmethod
    def _one_of(wrong: list[str], table: Mapping[str, object]) -> str:
        said = {"wrong": ", ".join(wrong), "words": ", ".join(table)}
        return _("Not known: %(wrong)s. One of: %(words)s.") % said

    def _number(self, name: str) -> int | None:
        text = self.given[name]
        if not text:
            return None
        if not (text.isascii() and text.isdigit()) or len(text) > 4 or int(text) > MOST_DAYS:
            self.problems[name] = _("A whole number, at most %(most)d.") % {"most": MOST_DAYS}
            return None
        return int(text)

    def _flag(self, name: str) -> bool:
        word = self.given[name].lower()
        if word not in YES | NO:
            self.problems[name] = _("Write yes or no.")
        return word in YES

    def _day(self, name: str) -> date | None:
        if not self.given[name]:
            return None
        try:
            return date.fromisoformat(self.given[name])
        except ValueError:
            self.problems[name] = _("Write the day like 2026-11-24.")
            return None

    def _lengths(self) -> None:
        for name, most in (("text", LONGEST_TEXT), ("disease", LONGEST_DISEASE)):
            if len(self.given[name]) > most:
                self.problems[name] = _("At most %(most)d letters.") % {"most": most}
        if self.given["link"] and not is_address(self.given["link"]):
            self.problems["link"] = _("A whole address that begins with https:// or http://.")

    def _sense(self, rule: RuleDetails) -> None:
        """What contradicts itself."""
        if rule.stay_days is not None and (rule.answer != NOT_REQUIRED or rule.stay_days < 1):
            self.problems["stay_days"] = _("Days of a stay go with “not_required”, and are one at least.")
        if rule.obtained and rule.answer not in (REQUIRED, RECOMMENDED):
            self.problems["obtained"] = _("Only what is required or recommended is got in some way.")
        if rule.condition and not rule.disease:
            self.problems["disease"] = _("Say of which disease the condition is.")
        if rule.valid_from and rule.valid_until and rule.valid_until < rule.valid_from:
            self.problems["valid_until"] = _("It ends before it begins.")
        if (rule.within_days is not None or rule.transit_hours is not None) and not rule.came_from:
            self.problems["came_from"] = _("Say from which countries.")
        if set(rule.passports.split()) & set(rule.not_passports.split()):
            self.problems["not_passports"] = _("A passport stands in both lists.")
