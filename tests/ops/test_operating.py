"""Health, the worker's loop, backup and restore, the demo."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import tarfile
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import management
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from safeconduct.config import cli
from safeconduct.feeds.models import Fetch, Source
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.ops import backup, colour, demo, health, sourcehealth
from safeconduct.ops.jobs import all_jobs
from safeconduct.ops.models import BackupRecord, Heartbeat, WorkerFailure
from safeconduct.ops.worker import Job, Worker
from tests.ops.test_desk import a_delivery


@pytest.fixture
def own_home(tmp_path: Path) -> Iterator[Path]:
    """Another data folder, with a mark and a secret."""
    kept = settings.SAFECONDUCT_HOME
    settings.SAFECONDUCT_HOME = tmp_path / "home"
    settings.SAFECONDUCT_HOME.mkdir()
    (settings.SAFECONDUCT_HOME / "folder.json").write_text('{"kind": "test"}\n')
    (settings.SAFECONDUCT_HOME / "signing.secret").write_text("s3cret")
    yield settings.SAFECONDUCT_HOME
    settings.SAFECONDUCT_HOME = kept


def test_commands_print_utf8_whatever_the_locale_says(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    cli.speak_utf8()
    print("日本, São Paulo", flush=True)
    assert raw.getvalue().decode() == "日本, São Paulo\n"


def state_of(code: str) -> str:
    return next(check.state for check in health.report().checks if check.code == code)


@pytest.mark.django_db
def test_the_public_answer_says_one_word(client: Client) -> None:
    answer = client.get("/health")
    assert answer.json() == {"status": "degraded"}
    Heartbeat.objects.create(holder="w", pid=1, started_at=clock.now(), beat_at=clock.now())
    assert client.get("/health").json() == {"status": "ok"}
    assert "Set-Cookie" not in answer


@pytest.mark.django_db
def test_a_silent_worker_and_a_late_delivery_are_bad() -> None:
    Heartbeat.objects.create(holder="w", pid=1, started_at=clock.now(), beat_at=clock.now())
    assert (state_of("worker"), state_of("deliveries")) == ("ok", "ok")
    a_delivery("queued", due_at=clock.now(), urgent=True, priority=0)
    with clock.held_at(clock.now() + timedelta(minutes=16)):
        assert (state_of("worker"), state_of("deliveries")) == ("bad", "bad")


@pytest.mark.django_db
def test_held_mail_is_told_to_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SAFECONDUCT_FOLDER_KIND", "real")
    a_delivery("held")
    assert (state_of("mail"), state_of("held"), state_of("backup")) == ("bad", "bad", "notice")
    BackupRecord.objects.create(made_at=clock.now(), file_name="b.tar", size_bytes=1)
    assert state_of("backup") == "ok"


@pytest.mark.django_db
def test_the_command_prints_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    management.call_command("health", "--json")
    data = json.loads(capsys.readouterr().out)
    assert data["status"] == "degraded"
    assert {"worker", "mail", "deliveries", "failures", "sources", "rejected", "disk"} <= {
        c["code"] for c in data["checks"]
    }
    with pytest.raises(SystemExit):
        management.call_command("health", "--check")


@pytest.mark.django_db
def test_one_jobs_fault_does_not_stop_the_others() -> None:
    left = [3]

    def breaks(limit: int) -> int:
        raise RuntimeError("maya@northfield.example.edu")

    def works(limit: int) -> int:
        left[0] -= 1
        return 1 if left[0] >= 0 else 0

    worker = Worker([Job("breaks", breaks), Job("works", works)])
    worker.until_idle()
    assert worker.done == {"breaks": 0, "works": 3}
    failure = WorkerFailure.objects.first()
    assert failure is not None
    assert (failure.job, failure.error) == ("breaks", "RuntimeError")
    assert "test_operating.py" in str(failure.places)
    assert "maya" not in str(failure.places)
    assert Heartbeat.objects.count() == 1
    worker.leave()
    assert Heartbeat.objects.count() == 0


@pytest.mark.django_db
def test_sources_are_asked_only_when_told_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("safeconduct.alerts.jobs.run_due", lambda limit: asked.append(limit) or 0)
    management.call_command("worker", "--until-idle", "--json")
    done = json.loads(capsys.readouterr().out)
    assert (asked, done["failed"]) == ([], {})
    assert list(done["done"]) == [job.code for job in all_jobs() if not job.polls]
    management.call_command("worker", "--until-idle", "--poll", "--json")
    assert len(asked) == 1
    assert [job.code for job in all_jobs()][1] == "alerts.poll"


@pytest.mark.django_db(transaction=True)
def test_a_slow_server_delays_neither_ends_nor_warnings() -> None:
    """Polling has threads of its own: while every lane waits for a server, the near jobs go on."""
    waiting, released = threading.Semaphore(0), threading.Event()
    near = threading.Event()

    def slow(limit: int) -> int:
        waiting.release()
        released.wait(20)
        return 0

    def quick(limit: int) -> int:
        near.set()
        return 0

    jobs = [Job("slow", slow, limit=4, polls=True, lanes=2), Job("quick", quick, rest_seconds=0.01)]
    worker = Worker(jobs)
    thread = threading.Thread(target=worker.forever)
    thread.start()
    try:
        assert waiting.acquire(timeout=10) and waiting.acquire(timeout=10)
        near.clear()
        assert near.wait(10)
    finally:
        worker.stop()
        released.set()
        thread.join(20)
    assert not thread.is_alive()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the embedded database only")
def test_a_backup_is_whole_private_and_checked(own_home: Path, tmp_path: Path) -> None:
    (own_home / "files").mkdir()
    (own_home / "files" / "a.bin").write_bytes(b"\x00\x01")
    (own_home / "cache").mkdir()
    target = tmp_path / "b.tar"
    done = backup.write_backup(target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with tarfile.open(target) as tar:
        assert set(tar.getnames()) == {
            "manifest.json",
            "safeconduct.sqlite3",
            "folder.json",
            "signing.secret",
            "files/a.bin",
        }
    assert (done.files, BackupRecord.objects.get().file_name) == (4, "b.tar")
    assert not list(own_home.glob(".backup*"))
    with pytest.raises(Refused, match="exists"):
        backup.write_backup(target)
    into = tmp_path / "into"
    into.mkdir()
    assert backup.unpack(target, into)["kind"] == "test"
    assert (into / "signing.secret").read_text() == "s3cret"
    assert stat.S_IMODE((into / "safeconduct.sqlite3").stat().st_mode) == 0o600


def spoiled(target: Path, where: int) -> Path:
    data = bytearray(target.read_bytes())
    data[where] ^= 0xFF
    other = target.with_name("spoiled.tar")
    other.write_bytes(data)
    return other


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the embedded database only")
def test_a_damaged_or_foreign_file_is_not_restored(own_home: Path, tmp_path: Path) -> None:
    target = tmp_path / "b.tar"
    backup.write_backup(target)
    half = tmp_path / "half.tar"
    half.write_bytes(target.read_bytes()[: target.stat().st_size // 2])
    text = tmp_path / "text.tar"
    text.write_text("no tar at all")
    evil = tmp_path / "evil.tar"
    with tarfile.open(evil, "w") as tar:
        tar.add(text, arcname="../outside.txt")
    for number, source in enumerate((half, text, evil, spoiled(target, target.stat().st_size // 2))):
        into = tmp_path / f"into{number}"
        into.mkdir()
        with pytest.raises(Refused):
            backup.unpack(source, into)
    assert not (tmp_path / "outside.txt").exists()


def made(path: Path, manifest: object, *members: tuple[str, bytes, bytes]) -> Path:
    """A tar as somebody else could write it: name, content and kind of each member, and a manifest."""
    entries = [("manifest.json", json.dumps(manifest).encode(), tarfile.REGTYPE), *members]
    with tarfile.open(path, "w") as tar:
        for name, content, kind in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            entry.size = len(content) if kind == tarfile.REGTYPE else 0
            tar.addfile(entry, io.BytesIO(content))
    return path


def test_a_file_that_somebody_made_up_is_refused_with_a_reason(tmp_path: Path) -> None:
    garbage = b"not a database" * 100
    sums = {"safeconduct.sqlite3": garbage, "folder.json": b"{}"}
    manifest = {
        "format": 1,
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in sums.items()},
    }
    files = [(name, content, tarfile.REGTYPE) for name, content in sums.items()]
    cases = [
        made(tmp_path / "list.tar", []),
        made(tmp_path / "sums.tar", {"format": 1, "sha256": 7}),
        made(tmp_path / "database.tar", manifest, *files),
        made(tmp_path / "twice.tar", manifest, *files, files[0]),
        made(tmp_path / "link.tar", manifest, ("files/a", b"", tarfile.SYMTYPE)),
        made(tmp_path / "hard.tar", manifest, ("files/a", b"", tarfile.LNKTYPE)),
        made(tmp_path / "up.tar", manifest, ("files/../../a", b"x", tarfile.REGTYPE)),
        made(tmp_path / "root.tar", manifest, ("/tmp/a", b"x", tarfile.REGTYPE)),
    ]
    for source in cases:
        into = tmp_path / source.stem
        into.mkdir()
        with pytest.raises(Refused):
            backup.unpack(source, into)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the embedded database only")
def test_a_filled_folder_is_not_replaced_without_being_told(own_home: Path, tmp_path: Path) -> None:
    source = tmp_path / "b.tar"
    source.write_bytes(b"")
    with pytest.raises(Refused, match="--replace"):
        backup.restore(source, replace=False)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
def test_postgresql_is_told_to_use_its_own_tool(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="pg_dump"):
        backup.write_backup(tmp_path / "b.tar")


@pytest.mark.django_db
def test_demo_data_goes_into_a_demo_folder_only() -> None:
    with pytest.raises(Refused, match="test folder"):
        demo.make()


@pytest.mark.parametrize(
    ("text", "hue"), [("#ff0000", 29), ("#0b5563", 215), ("#00aa00", 142), ("#808080", 0)]
)
def test_a_colour_becomes_hue_and_strength_that_can_be_read(text: str, hue: int) -> None:
    found, chroma = colour.brand_of(text)
    assert (found, float(chroma) <= 0.11) == (hue, True)


@pytest.mark.parametrize("hue", range(0, 360, 15))
def test_a_brand_shown_as_a_colour_is_the_same_brand(hue: int) -> None:
    found, chroma = colour.brand_of(colour.hex_of(hue, 0.06))
    assert min(abs(found - hue), 360 - abs(found - hue)) <= 2
    assert abs(float(chroma) - 0.06) < 0.005


@pytest.mark.parametrize("text", ["", "red", "#12345", "#gggggg", "rgb(1,2,3)"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        colour.brand_of(text)


def a_source(key: str, **values: Any) -> Source:
    defaults = {"url": "https://cap.example.org/x", "is_enabled": True, "last_ok_at": clock.now()}
    return Source.objects.create(key=key, name=key, format="cap", **defaults | values)


@pytest.mark.django_db
def test_sources_that_need_somebody_come_first_in_a_fixed_number_of_queries() -> None:
    a_source("fresh")
    a_source("off", is_enabled=False)
    a_source("hand", url="")
    late = a_source("late", last_ok_at=clock.now() - timedelta(hours=2))
    failing = a_source("failing", consecutive_failures=2)
    for minute in range(15):
        at = clock.now() - timedelta(minutes=15 - minute)
        Fetch.objects.create(
            source=failing, started_at=at, outcome="failed" if minute > 9 else "new", problem=f"try {minute}"
        )
    with CaptureQueriesContext(connection) as asked:
        lines = sourcehealth.source_lines()
    assert [line.state for line in lines] == ["failing", "late", "fresh", "off", "hand"]
    assert (len(lines[0].bars), lines[0].good, lines[0].wrong) == (12, 7, "try 14")
    assert len(asked) == 8
    assert sourcehealth.source_line(late).needs_you
    assert state_of("sources") == "notice"
    said = next(check for check in health.report().checks if check.code == "sources")
    assert f"{said.label}: {said.figure}." == "sources that need somebody: 2 of 4."


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the embedded database only")
def test_a_restore_does_not_need_the_folder_to_be_there(
    tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a new machine nobody made it yet: the answer is about the backup, not about a missing lock."""
    settings.SAFECONDUCT_HOME = tmp_path / "not-there-yet"
    with pytest.raises(SystemExit):
        management.call_command("restore", str(tmp_path / "no.tar"))
    assert "There is no file" in capsys.readouterr().err
    assert not settings.SAFECONDUCT_HOME.exists()
