"""What recorded days of the German register changed, and who was told.

    python -m tests.advisories.replay_table ../shared/samples/de-auswaertiges-amt docs/evidence/advisories.md

Reads every document of the folder in the order of its days, in an empty database of its own, with one traveller in each
of seven countries. Without the second argument the table is printed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

HEAD = """# Official advice, day by day

Five recorded days of the register of the Auswärtiges Amt, read in order as the source sends them, with one traveller in
each of seven countries. Level 1 to 4 is our reading; *worst part* is the level of the worst named part of the country.

```
$ .venv/bin/python -m tests.advisories.replay_table ../shared/samples/de-auswaertiges-amt docs/evidence/advisories.md
```

By hand, in a folder made with `safeconduct setup --test`, the same for each day:

```
$ safeconduct advisories sync --source auswaertiges-amt --file travelwarning-2026-05-02.json --at 2026-05-02T12:00Z --json
$ safeconduct advisories show SA --json --at 2026-05-02T13:00Z
```

`tests/advisories/test_replay.py` fails when there is one change more or less, or when somebody is told twice.

| Document | Entries | Country | Change | Level | Worst part | The register’s flag in words | Mails |
|---|---|---|---|---|---|---|---|
"""


def table(folder: Path) -> Iterator[str]:
    """Yield the rows."""
    from tests.advisories.replaying import TOLD, replay, travellers

    travellers(TOLD)
    for line in replay(folder):
        if not line.changes:
            yield f"| {line.document} | {line.read} | – | none | – | – | – | {line.told} |"
        for country, change, old, new, old_max, new_max, words in sorted(line.changes):
            yield (
                f"| {line.document} | {line.read} | {country} | {change} | {old} → {new} | {old_max} → {new_max} | {words} "
                f"| 1 of {line.told} |"
            )


def main(arguments: list[str]) -> None:
    """Write or print the table."""
    from django.conf import settings
    from django.test.utils import get_runner, setup_test_environment

    setup_test_environment()
    runner = get_runner(settings)(verbosity=0)
    databases = runner.setup_databases()
    try:
        text = HEAD + "\n".join(table(Path(arguments[0]))) + "\n"
    finally:
        runner.teardown_databases(databases)
    if len(arguments) > 1:
        Path(arguments[1]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    import django

    import tests.environment  # noqa: F401  # a data folder of its own

    django.setup()
    main(sys.argv[1:])
