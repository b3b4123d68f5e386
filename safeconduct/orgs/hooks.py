"""What this room asks of the rooms above it; they fill it in their `apps.py`. Unfilled: nothing to do."""

from __future__ import annotations

from collections.abc import Callable

from safeconduct.accounts.models import User

joined: Callable[[User], object] | None = None
"""Called when somebody became a member, in that transaction. Filled by trips: what was entered for them becomes theirs."""


def has_joined(user: User) -> None:
    """Say that the person is a member of one more programme."""
    if joined is not None:
        joined(user)
