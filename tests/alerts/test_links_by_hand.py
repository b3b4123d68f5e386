"""`ingest` of an index: links are looked up below a folder, or fetched; and indexes larger than reason."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import call_command

from safeconduct.alerts.formats import cap
from safeconduct.alerts.formats import index as index_format
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.feeds.models import LinkedMessage, Rejection
from safeconduct.lib import clock

from .index_site import Site
from .messages import NOW, SQUARE, message

pytestmark = pytest.mark.django_db
State = LinkedMessage.State


def run(*arguments: str) -> tuple[int, Any]:
    out, err = StringIO(), StringIO()
    status = 0
    with clock.held_at(NOW):
        try:
            call_command("ingest", *arguments, "--json", stdout=out, stderr=err)
        except SystemExit as end:
            status = int(end.code or 0)
    return status, json.loads(out.getvalue())


def index(*addresses: str) -> bytes:
    items = "".join(f"<item><link>{address}</link></item>" for address in addresses)
    return f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>".encode()


def test_ingest_looks_links_up_below_the_folder(tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / "2026" / "11").mkdir(parents=True)
    (tmp_path / "secret.xml").write_bytes(message("SECRET"))
    (base / "2026" / "11" / "a b.xml").write_bytes(message("A"))
    (base / "b.xml").write_bytes(message("B", headline="Another"))
    (base / "bad.xml").write_bytes(b"<alert>")
    (base / "link.xml").symlink_to(tmp_path / "secret.xml")
    (base / "index.xml").write_bytes(
        index(
            f"https://example.org/cap/2026/11/{quote('a b.xml')}", "https://example.org/x/y/b.xml", "bad.xml",
            "https://example.org/%2e%2e/secret.xml", "..%2Fsecret.xml", "https://example.org/link.xml",
            "https://example.org/index.xml", "https://example.org/missing.xml", "https://example.org/",
        )
    )  # fmt: skip
    status, answer = run("cap", "index.xml", "--base", str(base))
    assert status == 0
    assert (answer["documents"], answer["new"], answer["unreachable"]) == (4, 2, 5)
    problems = {row["where"]: row["problem"] for row in answer["not_reached"]}
    assert len(problems) == 5
    assert problems["https://example.org/missing.xml"] == "not among the files of --base"
    (bad,) = answer["rejected"]
    assert bad["where"] == "bad.xml" and "too early" in bad["problem"]
    assert not Event.objects.filter(identity_key="SECRET").exists()
    assert Rejection.objects.filter(where="https://example.org/missing.xml").count() == 1
    assert not LinkedMessage.objects.exists()
    # The file may also be named as it stands.
    assert run("cap", str(base / "index.xml"), "--base", str(base))[1]["unchanged"] == 2


def test_ingest_without_a_folder_counts_links_as_not_reached(tmp_path: Path) -> None:
    (tmp_path / "index.xml").write_bytes(index("a.xml", "b.xml"))
    (tmp_path / "a.xml").write_bytes(message("A"))
    status, answer = run("cap", str(tmp_path / "index.xml"))
    assert (status, answer["documents"], answer["new"], answer["unreachable"]) == (0, 1, 0, 2)
    assert answer["rejected"] == []
    assert answer["not_reached"] == [{"where": "links", "problem": "2 messages not looked up: no --base"}]


def test_ingest_of_an_address_follows_its_links_politely(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("safeconduct.feeds.hosts.sleep", waited.append)
    site.put_index("/list.xml", {"a": "1", "gone": "1"})
    site.put("/a", message("A", polygon=SQUARE))
    status, answer = run("cap", f"{site.url}/list.xml")
    assert (status, answer["documents"], answer["new"], answer["unreachable"]) == (0, 2, 1, 1)
    assert site.asked == ["/list.xml", "/a", "/gone"]
    assert waited == [pytest.approx(1.0)]


def test_recorded_indexes_are_read_and_their_messages_counted(samples: Path) -> None:
    folder = samples / "tsunami"
    status, answer = run("cap", "PAAQAtom-2026-08-17.xml", "--base", str(folder))
    assert (status, answer["documents"], answer["unreachable"]) == (0, 1, 1)
    assert answer["not_reached"][0]["where"].endswith("/PAAQCAP.xml")


def test_a_warnings_shapes_beside_its_file_are_read_with_it(samples: Path) -> None:
    name = "mow.DE-HE-KS-SE106-20250313-106-001.json"
    status, answer = run("nina", name, "--base", str(samples / "cap-national"))
    assert (status, answer["cancelled"], answer["rejected"]) == (0, 1, [])
    assert AlertVersion.objects.get().impact_origin == "given"


BIG = """
from safeconduct.alerts.formats import cap
item = (
    "<item><title>Warning %d for &lt;b&gt;the coast</title><description>%s</description>"
    "<link>https://example.org/cap/%d.xml</link><pubDate>Fri, 20 Nov 2026 %02d:%02d:00 +0000</pubDate>"
    '<guid isPermaLink="false">id-%d</guid></item>'
)
rows = ((item % (n, "x" * 270, n, n // 60 % 24, n % 60, n)).encode() for n in range(40000))
data = b"<rss version='2.0'><channel><title>Big</title>" + b"".join(rows) + b"</channel></rss>"
assert 18_000_000 < len(data) < 20 * 1024 * 1024, len(data)
parsed = cap.parse(data)
assert len(parsed.links) == 40000 and not parsed.problems
# The peak of this program alone: ru_maxrss remembers the parent's.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_an_index_of_40000_entries_and_20_mb_needs_little_memory() -> None:
    asked = subprocess.run([sys.executable, "-c", BIG], capture_output=True, text=True, check=True)
    assert int(asked.stdout) < 150_000, "kilobytes"


def test_an_index_beyond_reason_is_cut_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_format, "MOST_LINKS", 3)
    monkeypatch.setattr(index_format, "MOST_PROBLEMS", 2)
    entries = "".join(f"<item><link>https://example.org/{n}</link></item>" for n in range(5))
    data = f"<rss><channel>{entries}{'<item/>' * 4}</channel></rss>".encode()
    parsed = cap.parse(data)
    assert len(parsed.links) == 3
    assert [problem.problem for problem in parsed.problems[2:]] == [
        "2 more entries name no message", "2 messages beyond 3 are not followed",
    ]  # fmt: skip
