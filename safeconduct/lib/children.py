"""Programs of ours in processes of their own, for what is large or what strangers wrote.

`run` starts one for one piece of work. `Warm` keeps one with its libraries loaded, which forks for each piece of work:
a document that hangs or dies takes nothing with it, and the next does not wait for a start. Children get no environment
but `CLOSED`: nothing of ours to read, and no way out to fetch anything. Refuses to wait without end.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, Final

from safeconduct.lib.limits import limit, limit_use

CLOSED: Final = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
GRACE_SECONDS: Final = 5.0
"""How much longer than a child's own limit is waited for the one that watches it."""
START_SECONDS: Final = 30.0
MOST_ANSWER: Final = 16 * 1024 * 1024
MOST_WRITTEN: Final = 16 * 1024 * 1024
"""Of one file: programs that a child calls may need scratch files."""
_PIECE: Final = 1 << 16


class Stopped(Exception):
    """A child gave no answer. `why`: "slow" beyond its time; "died" of its memory, its processor time or a fault."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(f"a child was {why}" if why == "slow" else f"a child {why} with status {status}")
        self.why = why
        self.status = status


def python(*arguments: str) -> list[str]:
    """The command of a Python that reads no environment and no folder but its own."""
    return [sys.executable, "-I", "-B", *arguments]


def run(
    command: Sequence[str], sent: bytes, *, wall_seconds: float, environment: Mapping[str, str] = CLOSED
) -> subprocess.CompletedProcess[bytes]:
    """Run a command once on these bytes. Raises Stopped when it is slow; how it ended is the caller's to judge."""
    try:
        return subprocess.run(
            command, input=sent, capture_output=True, timeout=wall_seconds, check=False,
            env=dict(environment), cwd="/",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Stopped("slow") from None


class Warm:
    """A program of ours that was started once, calls `serve` and answers piece after piece.

    One piece at a time; whoever comes meanwhile waits. Started at the first question, and again when it has died.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(
        self, head: Mapping[str, Any], body: bytes, *, wall_seconds: float, cpu_seconds: int, memory: int
    ) -> Any:
        """Return the answer to one question, JSON both ways. Raises Stopped."""
        limits = {"wall_seconds": wall_seconds, "cpu_seconds": cpu_seconds, "memory": memory}
        asked = json.dumps({"head": dict(head), "limits": limits, "length": len(body)}).encode() + b"\n"
        with self._lock:
            for is_last in (False, True):
                process, is_new = self._started()
                try:
                    answer = self._answer(
                        process, asked, body, wall_seconds + (START_SECONDS if is_new else 0)
                    )
                except (BrokenPipeError, EOFError):
                    self._end()
                    if is_last:
                        raise Stopped("died") from None
                    continue
                except Stopped:
                    self._end()
                    raise
                break
        if "stopped" in answer:
            raise Stopped(answer["stopped"], answer["status"])
        return answer["answer"]

    def close(self) -> None:
        """End the child, when there is one."""
        with self._lock:
            self._end()

    def _started(self) -> tuple[subprocess.Popen[bytes], bool]:
        # After a fork the pipes belong to the process that opened them.
        if self._process is not None and self._owner == os.getpid() and self._process.poll() is None:
            return self._process, False
        self._end()
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=dict(CLOSED), cwd="/", start_new_session=True,
        )  # fmt: skip
        self._owner = os.getpid()
        atexit.unregister(self.close)
        atexit.register(self.close)
        return self._process, True

    def _answer(
        self, process: subprocess.Popen[bytes], asked: bytes, body: bytes, wall_seconds: float
    ) -> dict[str, Any]:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
        longest = wall_seconds + GRACE_SECONDS
        # Writing waits for a reader, and a child that is stuck is none.
        watch = threading.Timer(longest, process.kill)
        watch.start()
        try:
            process.stdin.write(asked)
            process.stdin.write(body)
            process.stdin.flush()
            line = _read_until(process.stdout.fileno(), time.monotonic() + longest, ends_with=b"\n")
        finally:
            watch.cancel()
        if not line.endswith(b"\n"):
            raise EOFError
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self._owner == os.getpid():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()


def _read_until(descriptor: int, deadline: float, *, ends_with: bytes = b"") -> bytes:
    """What comes until the end of the pipe, or until something ends with these bytes. Raises Stopped at the deadline."""
    pieces: list[bytes] = []
    size = 0
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left)[0]:
            continue
        piece = os.read(descriptor, _PIECE)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
        if size > MOST_ANSWER:
            raise Stopped("died")
        if ends_with and piece.endswith(ends_with):
            return b"".join(pieces)
    raise Stopped("slow")


# The side of the child.


def serve(answer: Callable[[dict[str, Any], bytes], Any]) -> None:
    """Answer questions from standard input, each in a fork with the limits that it names, until the input ends."""
    questions = sys.stdin.buffer
    # What a library prints must not stand among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    while line := questions.readline():
        asked = json.loads(line)
        body = questions.read(asked["length"])
        if len(body) < asked["length"]:
            return
        answers.write(json.dumps(_forked(answer, asked, body, questions)).encode() + b"\n")
        answers.flush()


def _forked(
    answer: Callable[[dict[str, Any], bytes], Any], asked: dict[str, Any], body: bytes, questions: BinaryIO
) -> dict[str, Any]:
    limits = asked["limits"]
    coming, going = os.pipe()
    child = os.fork()
    if child == 0:
        _work(answer, asked, body, questions, going)
    os.close(going)
    try:
        said = _read_until(coming, time.monotonic() + limits["wall_seconds"])
    except Stopped as stopped:
        _kill(child)
        return {"stopped": stopped.why, "status": 0}
    finally:
        os.close(coming)
    # Its number stays its own until it is reaped, and so its group is still its own.
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    status = _reap(child)
    if status == 0 and said:
        return {"answer": json.loads(said)}
    over_time = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (
        signal.SIGXCPU,
        signal.SIGKILL,
        signal.SIGALRM,
    )
    return {"stopped": "slow" if over_time else "died", "status": status}


def _work(
    answer: Callable[[dict[str, Any], bytes], Any],
    asked: dict[str, Any],
    body: bytes,
    questions: BinaryIO,
    going: int,
) -> None:
    """In the fork: answer and end, whatever happens; nothing of the forked program may run on."""
    status = 1
    try:
        os.setpgid(0, 0)
        # Ends it also when the process that watches it is gone.
        signal.setitimer(signal.ITIMER_REAL, asked["limits"]["wall_seconds"] + 1)
        limit_use(cpu_seconds=asked["limits"]["cpu_seconds"], memory=asked["limits"]["memory"])
        limit(resource.RLIMIT_FSIZE, MOST_WRITTEN)
        os.dup2(1, questions.fileno())
        said = json.dumps(answer(asked["head"], body)).encode()
        with os.fdopen(going, "wb") as pipe:
            pipe.write(said)
        status = 0
    except BaseException:  # noqa: BLE001 - the parent says that it died; there is nobody here to say more
        status = 1
    finally:
        os._exit(status)


def _kill(child: int) -> None:
    # It may not have a group of its own yet.
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _reap(child)


def _reap(child: int) -> int:
    """End what it started and left running, and return how it ended itself."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    return status
