"""What a password must be: the portal's own list, or NIST SP 800-63B-4 where the organisation chose it.

One table feeds the check, the checklist of the page and the help text. It refuses nothing that the list does not say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from allauth.core import context
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from safeconduct.accounts import hooks
from safeconduct.accounts.models import User

LONGEST = 256
SHORTEST_RUN = 4


@dataclass(frozen=True)
class Rule:
    """One line of the checklist. Codes are known to the page's script (web/js/password.js)."""

    code: str
    text: str | Promise
    min: int = 0


PORTAL = (
    Rule("length", _("At least 10 characters"), 10),
    Rule("digit", _("At least 1 number")),
    Rule("symbol", _("At least 1 symbol")),
    Rule("lower", _("At least 1 lower-case letter")),
    Rule("upper", _("At least 1 upper-case letter")),
    Rule("name", _("No part of your user name")),
    Rule("common", _("Not a common password (checked when you submit)")),
)
# NIST SP 800-63B-4 §3.1.1.2: 15 characters for a password that stands alone, no composition rule, a blocklist that
# includes context-specific words such as the user name.
NIST = (
    Rule("length", _("At least 15 characters; a short sentence is good"), 15),
    Rule("name", _("No part of your user name")),
    Rule("common", _("Not a common password (checked when you submit)")),
)
RULES = {"portal": PORTAL, "nist": NIST}


def runs(name: str) -> set[str]:
    """Return every run of four letters or digits in a name; a longer run contains these."""
    found: set[str] = set()
    for chunk in re.split(r"[\W_]+", name.lower()):
        found.update(chunk[start : start + SHORTEST_RUN] for start in range(len(chunk) - SHORTEST_RUN + 1))
    return found


def missed(password: str, rules: Iterable[Rule], names: Iterable[str]) -> list[Rule]:
    """Return the rules that the password does not meet; the common list is checked by Django's own validator."""
    return [rule for rule in rules if not _meets(password, rule, list(names))]


def _meets(password: str, rule: Rule, names: list[str]) -> bool:
    match rule.code:
        case "length":
            return len(password) >= rule.min
        case "digit":
            return any(letter.isdecimal() for letter in password)
        case "symbol":
            return any(not letter.isalnum() and not letter.isspace() for letter in password)
        case "lower":
            return any(unicodedata.category(letter) == "Ll" for letter in password)
        case "upper":
            return any(unicodedata.category(letter) == "Lu" for letter in password)
        case "name":
            lower = password.lower()
            return not any(run in lower for name in names for run in runs(name))
    return True


def names_of(user: object) -> list[str]:
    """Return what counts as the user name: the part before the @, and the given name when it is known."""
    email = str(getattr(user, "email", "") or "")
    return [name for name in (email.split("@")[0], str(getattr(user, "given_name", "") or "")) if name]


def rules_for(request: HttpRequest | None, *, email: str = "", user: User | None = None) -> tuple[Rule, ...]:
    """Return the rules that hold for this person or address."""
    return RULES[hooks.password_rule(email, request, user)]


class OrganisationPasswordValidator:
    """Django's way to ask; used by sign-up, reset and change alike."""

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError with one sentence for each rule that is not met."""
        person = user if isinstance(user, User) and user.pk else None
        email = str(getattr(user, "email", "") or "")
        rules = rules_for(context.request, email=email, user=person)
        faults = [ValidationError(f"{rule.text}.", code=rule.code) for rule in missed(password, rules, names_of(user))]
        if len(password) > LONGEST:
            text = ngettext("At most %(most)d character.", "At most %(most)d characters.", LONGEST)
            faults.append(ValidationError(text % {"most": LONGEST}, code="long"))
        if faults:
            raise ValidationError(faults)

    def get_help_text(self) -> str:
        """Return the portal's list in one line."""
        return ". ".join(str(rule.text) for rule in PORTAL)
