"""A child for tests/lib/test_children.py: says what it is, or misbehaves as asked."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from typing import Any

from safeconduct.lib.children import serve


def answer(head: dict[str, Any], body: bytes) -> Any:
    """Do as the head says."""
    match head["do"]:
        case "say":
            limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_CPU, resource.RLIMIT_DATA)]
            return {
                "length": len(body), "pid": os.getpid(), "warm": os.getppid(), "limits": limits,
                "environment": sorted(os.environ), "folder": os.getcwd(),
            }  # fmt: skip
        case "hang":
            while True:
                pass
        case "fill":
            return len(b"x" * head["bytes"])
        case "write":
            with tempfile.TemporaryFile() as file:
                return file.write(body)
        case "raise":
            raise ValueError("a fault of a reader")
        case "leave":
            with open(head["pipe"], "wb") as pipe:
                subprocess.Popen(["sleep", "30"], stdout=pipe)
            if head["signal"]:
                os.kill(os.getpid(), head["signal"])
            raise MemoryError
        case "print":
            print("this is no answer", flush=True)
            os.write(1, b"nor is this\n")
            return "answered"
    return None


if __name__ == "__main__":
    serve(answer)
