"""Children with limits: each piece of work in a fork of its own, stopped when it takes too much, and the next is answered."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safeconduct.lib import children

CHILD = children.python(str(Path(__file__).parent / "answering_child.py"))
MB = 1024 * 1024


@pytest.fixture(scope="module")
def warm() -> Iterator[children.Warm]:
    """One warm child for all tests of this file, whatever they do to it."""
    one = children.Warm(CHILD)
    yield one
    one.close()


def ask(
    warm: children.Warm, do: str, body: bytes = b"", wall: float = 5.0, memory: int = 256 * MB, **more: Any
) -> Any:
    return warm.ask({"do": do} | more, body, wall_seconds=wall, cpu_seconds=7, memory=memory)


def test_each_piece_of_work_has_a_process_and_its_limits(warm: children.Warm) -> None:
    first, second = ask(warm, "say", b"a" * 3 * MB), ask(warm, "say")
    assert first["length"] == 3 * MB and second["length"] == 0
    assert first["warm"] == second["warm"] != os.getpid() and first["pid"] != second["pid"]
    assert first["limits"] == [7, 256 * MB]


def test_nothing_of_ours_is_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFECONDUCT_SECRET", "x")
    fresh = children.Warm(CHILD)
    said = ask(fresh, "say")
    fresh.close()
    assert set(said["environment"]) <= {"http_proxy", "https_proxy", "LC_CTYPE"} and said["folder"] == "/"


def test_one_that_hangs_is_stopped_and_the_next_is_answered(warm: children.Warm) -> None:
    before = ask(warm, "say")["warm"]
    began = time.monotonic()
    with pytest.raises(children.Stopped) as stopped:
        ask(warm, "hang", wall=0.3)
    assert stopped.value.why == "slow" and time.monotonic() - began < 3
    assert ask(warm, "say")["warm"] == before


@pytest.mark.parametrize(("do", "more"), [("fill", {"bytes": 400 * MB}), ("raise", {}), ("write", {})])
def test_one_that_needs_too_much_or_fails_has_died(
    warm: children.Warm, do: str, more: dict[str, int]
) -> None:
    with pytest.raises(children.Stopped) as stopped:
        ask(warm, do, b"x" * (children.MOST_WRITTEN + 1), memory=200 * MB, **more)
    assert stopped.value.why == "died"
    assert ask(warm, "say")["length"] == 0


@pytest.mark.parametrize("number", [0, signal.SIGXCPU])
def test_what_one_that_died_had_started_is_ended_with_it(
    warm: children.Warm, number: int, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(children.Stopped):
            ask(warm, "leave", pipe=str(pipe), signal=number)
        # The end of the pipe comes when nobody holds its other side any more.
        assert select.select([reading], [], [], 3)[0] and os.read(reading, 1) == b""
    finally:
        os.close(reading)


def test_what_it_prints_is_no_answer(warm: children.Warm) -> None:
    assert ask(warm, "print") == "answered"


def test_when_the_warm_one_is_gone_another_is_started(warm: children.Warm) -> None:
    gone = ask(warm, "say")["warm"]
    os.kill(gone, signal.SIGKILL)
    assert ask(warm, "say")["warm"] != gone


def test_one_that_does_not_even_listen_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "START_SECONDS", 0.2)
    monkeypatch.setattr(children, "GRACE_SECONDS", 0.1)
    deaf = children.Warm(children.python("-c", "while True: pass"))
    with pytest.raises(children.Stopped):
        ask(deaf, "say", b"a" * MB, wall=0.1)


def test_a_command_that_is_slow_is_stopped() -> None:
    with pytest.raises(children.Stopped):
        children.run(children.python("-c", "while True: pass"), b"", wall_seconds=0.3)
    done = children.run(
        children.python("-c", "import sys; sys.stdout.write(sys.stdin.read()[::-1])"), b"abc", wall_seconds=20
    )
    assert done.stdout == b"cba" and done.returncode == 0
