"""One process tree: what dies is started again, what is stopped ends gracefully, nothing outlives its parent."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from safeconduct.lib import folder
from safeconduct.ops import early
from safeconduct.ops.supervisor import Child, take_lock

ROOT = Path(__file__).resolve().parents[2]
# A child that says its number, notes its graceful end and sleeps; `die_with_parent` is the product's own.
CHILD = """
import os, signal, sys, time
from safeconduct.ops.processes import die_with_parent
die_with_parent(int(os.environ["SAFECONDUCT_PARENT"]))
def end(*_):
    open(sys.argv[1] + "/ended", "a").write(f"{os.getpid()}\\n"); os._exit(0)
signal.signal(signal.SIGTERM, end)
open(sys.argv[1] + "/started", "a").write(f"{os.getpid()}\\n")
time.sleep(60)
"""
PARENT = """
import sys
from pathlib import Path
from safeconduct.ops.supervisor import Child, Supervisor
home = Path(sys.argv[1])
Supervisor([Child("child", [sys.executable, str(home / "child.py"), str(home)])], home).run()
"""


def soon(answer: Callable[[], object], within: float = 20.0) -> object:
    """Return the first true answer; the last one when none came in time."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if found := answer():
            return found
        time.sleep(0.05)
    return answer()


def numbers(home: Path, name: str) -> list[int]:
    path = home / name
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Start a supervisor with one child."""
    (tmp_path / "child.py").write_text(CHILD)
    (tmp_path / "parent.py").write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, str(tmp_path / "parent.py"), str(tmp_path)]
    process = subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE)
    assert soon(lambda: numbers(tmp_path, "started"))
    yield process, tmp_path
    process.kill()
    process.communicate()
    for pid in numbers(tmp_path, "started"):
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


Tree = tuple[subprocess.Popen[bytes], Path]


def test_a_child_that_dies_is_started_again(tree: Tree) -> None:
    _process, home = tree
    for count in (1, 2):
        os.kill(numbers(home, "started")[-1], signal.SIGKILL)
        assert soon(lambda n=count: len(numbers(home, "started")) == n + 1)
    assert is_alive(numbers(home, "started")[-1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_is_graceful(tree: Tree, number: signal.Signals) -> None:
    process, home = tree
    process.send_signal(number)
    assert process.wait(20) == 0
    assert numbers(home, "ended") == numbers(home, "started")
    assert process.stderr is not None
    messages = [json.loads(line)["message"] for line in process.stderr.read().splitlines()]
    assert messages == ["started", "stopping", "stopped"]


def test_children_do_not_outlive_a_killed_parent(tree: Tree) -> None:
    process, home = tree
    child = numbers(home, "started")[0]
    process.kill()
    process.wait()
    assert soon(lambda: not is_alive(child))
    assert numbers(home, "ended") == [child]


def test_a_changed_address_starts_the_processes_again(tree: Tree) -> None:
    _process, home = tree
    folder.store_base_url(home, "https://travel.example.edu")
    assert soon(lambda: len(numbers(home, "started")) == 2)
    assert numbers(home, "ended") == numbers(home, "started")[:1]


def test_pauses_grow_while_a_child_ends_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    child = Child("child", [sys.executable, "-c", "raise SystemExit(3)"])
    for _ in range(4):
        child.start()
        assert child.process is not None
        child.process.wait()
        assert child.has_ended()
        assert child.start_at > time.monotonic()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["seconds"] for line in lines if line["message"] == "ended"] == [0.25, 0.5, 1.0, 2.0]


def test_a_process_that_runs_already_is_adopted_and_started_again_when_it_dies() -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    running = subprocess.Popen(sleeper)
    child = Child("child", sleeper)
    child.adopt(running.pid)
    assert not child.has_ended()
    child.signal(signal.SIGTERM)
    assert child.process is not None
    assert child.process.wait(20) == -signal.SIGTERM
    running.returncode = child.process.returncode
    assert child.has_ended()
    child.start()
    assert child.process is not None
    with pytest.raises(subprocess.TimeoutExpired):
        child.process.wait(0.01)
    child.process.kill()
    assert child.process.wait(20) == -signal.SIGKILL


def test_nobody_is_answered_before_set_up_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shut = tmp_path / ".gate-1"
    monkeypatch.setenv(early.GATE, str(shut))
    waiting = threading.Thread(target=early.wait_at_gate, daemon=True)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    shut.touch()
    waiting.join(20)
    assert not waiting.is_alive()


@pytest.mark.parametrize("unusual", ["new folder", "options", "port in use", "served already"])
def test_where_anything_is_unusual_nothing_is_started_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unusual: str
) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("started"))
    folder.mark(tmp_path, "test")
    if unusual != "new folder":
        (tmp_path / "signing.secret").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        if unusual == "port in use":
            monkeypatch.setenv("SAFECONDUCT_PORT", str(taken.getsockname()[1]))
        lock = take_lock(tmp_path) if unusual == "served already" else None
        early.start_web(tmp_path, ["serve", "--no-worker"] if unusual == "options" else ["serve"])
        if lock is not None:
            lock.close()
    assert early.PID not in os.environ


def test_a_folder_is_served_once(tmp_path: Path) -> None:
    lock = take_lock(tmp_path)
    assert lock is not None
    assert take_lock(tmp_path) is None
    lock.close()
    again = take_lock(tmp_path)
    assert again is not None
    again.close()


def command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "safeconduct.config.cli", *arguments]


@pytest.mark.usefixtures("django_db_setup")
def test_a_worker_beats_and_leaves_when_it_is_stopped(tmp_path: Path, django_db_blocker: Any) -> None:
    folder.mark(tmp_path, "test")
    environment = {**os.environ, "SAFECONDUCT_HOME": str(tmp_path), "SAFECONDUCT_LOG_LEVEL": "CRITICAL"}
    environment.pop("DATABASE_URL", None)
    database = sqlite3.connect(tmp_path / "safeconduct.sqlite3")
    if connection.vendor == "sqlite":
        # The tables of the tests' own database, which cost nothing more.
        with django_db_blocker.unblock():
            connection.ensure_connection()
            connection.connection.backup(database)
    else:
        subprocess.run(command(tmp_path, "migrate", "-v0"), env=environment, check=True, cwd=ROOT)

    def beats() -> list[tuple[int]]:
        return database.execute("SELECT pid FROM ops_heartbeat").fetchall()

    worker = subprocess.Popen(command(tmp_path, "worker"), env=environment, cwd=ROOT)
    try:
        assert soon(beats) == [(worker.pid,)]
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        assert beats() == []
    finally:
        worker.kill()
        worker.wait()
        database.close()
