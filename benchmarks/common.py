"""What every benchmark returns, and how the results are shown and stored."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "latest.json"


@dataclass(frozen=True)
class Result:
    """One figure. `ratio`: ours is better than the peer by this factor; `goal` in words; `holds` or not."""

    name: str
    value: float
    unit: str
    peer: str
    peer_value: float | None
    ratio: float | None
    goal: str
    holds: bool


def table(results: Iterable[Result]) -> str:
    """The results as lines of text, one a figure."""
    lines = [f"{'name':<28}{'value':>12} {'unit':<10}{'peer':<30}{'peer value':>12}{'ratio':>9}  goal"]
    for one in results:
        peer_value = "" if one.peer_value is None else f"{one.peer_value:,.1f}"
        ratio = "" if one.ratio is None else f"{one.ratio:.1f} ×"
        mark = "holds" if one.holds else "MISSED"
        lines.append(
            f"{one.name:<28}{one.value:>12,.1f} {one.unit:<10}{one.peer:<30}{peer_value:>12}{ratio:>9}  {one.goal}: {mark}"
        )
    return "\n".join(lines)


def store(results: Iterable[Result]) -> None:
    """Write results/latest.json; figures of benchmarks that were not run this time are kept."""
    fresh = [asdict(one) for one in results]
    names = {one["name"] for one in fresh}
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    RESULTS.parent.mkdir(exist_ok=True)
    rows = [one for one in kept if one["name"] not in names] + fresh
    RESULTS.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
