"""A document read with limits: what it says is found in a child, what that means is settled here.

The child gets bytes and gives findings, which are plain values; only they come into this process.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from safeconduct.lib.children import Stopped, Warm, python
from safeconduct.trips.bookings import kitinerary
from safeconduct.trips.bookings.containers import MOST_DOCUMENT
from safeconduct.trips.bookings.merging import merged
from safeconduct.trips.bookings.model import Atlas, Findings, Problem, Reading
from safeconduct.trips.bookings.settling import settled

WALL_SECONDS: Final = 30.0
CPU_SECONDS: Final = 20
MEMORY: Final = 512 * 1024 * 1024
KITINERARY_SECONDS: Final = 10.0
CHILD: Final = python("-m", "safeconduct.trips.bookings.child")


class DocumentReader:
    """Reads documents one after another in a child that stays warm. `second`: the path of `kitinerary-extractor`;
    None looks for it, empty does without."""

    def __init__(self, second: str | None = None) -> None:
        self._second = kitinerary.installed() if second is None else second
        self._child = Warm(CHILD)

    def read(
        self,
        data: bytes,
        *,
        atlas: Atlas,
        context: date | None,
        wall_seconds: float = WALL_SECONDS,
        cpu_seconds: int = CPU_SECONDS,
        memory: int = MEMORY,
    ) -> Reading:
        """What the document holds. `context`: the day on which it came in, from which missing years are inferred. A
        document that goes beyond the limits has no reservations and a problem."""
        try:
            found = self.findings(
                data, context=context, wall_seconds=wall_seconds, cpu_seconds=cpu_seconds, memory=memory
            )
        except Stopped as stopped:
            return Reading((), (Problem(f"document.{stopped.why}"),))
        return interpreted(found, atlas=atlas, context=context)

    def findings(
        self,
        data: bytes,
        *,
        context: date | None,
        wall_seconds: float = WALL_SECONDS,
        cpu_seconds: int = CPU_SECONDS,
        memory: int = MEMORY,
    ) -> Findings:
        """What is written in the document, before anything is made of it. Raises Stopped beyond the limits."""
        if len(data) > MOST_DOCUMENT:
            findings = Findings()
            findings.problem("document.large", detail=f"{len(data) // 1024 // 1024} MB")
            return findings
        head = {
            "context": context.isoformat() if context else None,
            "kitinerary": self._second,
            "kitinerary_seconds": min(KITINERARY_SECONDS, wall_seconds / 2),
        }
        answer = self._child.ask(
            head, data, wall_seconds=wall_seconds, cpu_seconds=cpu_seconds, memory=memory
        )
        return Findings.from_json(answer)

    def close(self) -> None:
        """End the child."""
        self._child.close()


def interpreted(findings: Findings, *, atlas: Atlas, context: date | None) -> Reading:
    """What findings mean: settled one by one, then put together."""
    near = findings.context or context
    all_of_it = [one for found in findings.found if (one := settled(found, atlas, near)) is not None]
    problems = list(findings.problems)
    reservations = merged(all_of_it)
    if not reservations and not problems:
        problems.append(Problem("nothing"))
    return Reading(reservations, tuple(problems), tuple(sorted(findings.read)))
