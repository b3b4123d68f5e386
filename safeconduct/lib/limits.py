"""What a process may use, set by itself before it reads what strangers wrote. Standard library alone: children import it.

It refuses to be a sandbox: a limit ends a process that takes too much, it does not keep one from doing harm.
"""

from __future__ import annotations

import contextlib
import resource


def limit(kind: int, most: int) -> None:
    """Set a limit where the system knows it."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(kind, (most, most))


def limit_use(*, cpu_seconds: int, memory: int) -> None:
    """Limit processor time and private memory (bytes) of this process and its children; no core files."""
    limit(resource.RLIMIT_CPU, cpu_seconds)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_DATA, memory)


def peak_kb(otherwise: int) -> int:
    """The most memory of this program alone: what getrusage says begins with that of the process that started it."""
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return otherwise
