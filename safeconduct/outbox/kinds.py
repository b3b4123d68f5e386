"""The kinds of message there are. A room registers its kinds in its `emails.py`; one code, one kind.

A kind says how a message behaves, not what it says: the words are three templates of the room that owns it,
`<room>/mail/<code>.subject.txt`, `.txt` and `.html`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How one kind of message behaves.

    `urgent`: goes before everything and one at a time, so that a crash repeats at most one. `unsubscribable`:
    every delivery must carry an unsubscribe address; never set on account mail. `secret`: slots hold codes or
    links that are emptied once the delivery is over. `priority`: the smallest first, 1 at least (0 is what
    urgent kinds have). `useful_for`: a delivery older than
    this is cancelled instead of sent (a code that no longer works).
    """

    code: str
    room: str
    urgent: bool = False
    unsubscribable: bool = False
    secret: bool = False
    priority: int = 50
    useful_for: timedelta | None = None

    @property
    def template(self) -> str:
        """The path of the templates without their ending."""
        return f"{self.room}/mail/{self.code}"


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Add a kind and return it. The same kind again is harmless; another one with its code is refused."""
    known = _kinds.setdefault(kind.code, kind)
    if known != kind:
        raise ValueError(f"message kind {kind.code} is registered twice")
    if kind.secret and kind.unsubscribable:
        raise ValueError(f"message kind {kind.code} is account mail: nobody unsubscribes from it")
    return kind


def get(code: str) -> Kind:
    """Return the kind. Raises LookupError for a code that no room registered."""
    try:
        return _kinds[code]
    except KeyError:
        raise LookupError(f"no room registered the message kind {code}") from None


def known(code: str) -> Kind | None:
    """Return the kind, or None for a row written by a room that is no longer installed."""
    return _kinds.get(code)


def all_kinds() -> list[Kind]:
    """Return every kind, by code."""
    return [_kinds[code] for code in sorted(_kinds)]
