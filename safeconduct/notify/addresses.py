"""Whole web addresses for mails."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.urls import reverse

MARK = "-mark-"


def absolute(path: str) -> str:
    """Return the whole address of a path of ours."""
    return f"{settings.SAFECONDUCT_URL}{path}"


def addresses_of(name: str) -> Callable[[str], str]:
    """Return a function: the one argument of a named page → its whole address. For batches: reversed once."""
    before, mark, after = absolute(reverse(name, args=[MARK])).rpartition(MARK)
    assert mark, name  # noqa: S101  # a page with one argument
    return lambda argument: f"{before}{argument}{after}"
