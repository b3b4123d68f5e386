"""Run the benchmarks: each module here with a `run() -> list[Result]` is one, found by its name."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys

import benchmarks
from benchmarks.common import Result, store, table


def main() -> int:
    """Run all or some; return 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default="", help="some, by name, with commas between")
    wanted = [name for name in parser.parse_args().only.split(",") if name]
    names = sorted(
        found.name
        for found in pkgutil.iter_modules(benchmarks.__path__)
        if found.name not in ("common", "__main__", "sink", "crowd", "matchpeers", "guideurls")
    )
    if unknown := set(wanted) - set(names):
        sys.stderr.write(f"no benchmark {', '.join(unknown)}; there are: {', '.join(names)}\n")
        return 2
    results: list[Result] = []
    for name in names:
        module = importlib.import_module(f"benchmarks.{name}")
        if (not wanted or name in wanted) and hasattr(module, "run"):
            sys.stderr.write(f"{name} …\n")
            results += module.run()
            store(results)
    sys.stdout.write(table(results) + "\n")
    return 0 if all(one.holds for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
