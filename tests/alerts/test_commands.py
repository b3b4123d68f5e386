"""`ingest` and `alerts` as other programs call them."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from safeconduct.alerts.models import AlertVersion
from safeconduct.feeds.models import Document, Rejection, Source
from safeconduct.lib import clock

from .messages import NOW, message, quake, summary

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[int, Any, str]:
    """Return exit status, JSON and stderr."""
    out, err = StringIO(), StringIO()
    status = 0
    with clock.held_at(NOW):
        try:
            call_command(*arguments, "--json", stdout=out, stderr=err)
        except SystemExit as end:
            status = int(end.code or 0)
    text = out.getvalue()
    return status, json.loads(text) if text.strip() else None, err.getvalue()


def test_ingest_prints_what_became_of_a_document(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(message("A", headline="Tempête à São Tomé"))
    status, answer, _ = run("ingest", "cap", "a.xml", "--base", str(tmp_path))
    assert status == 0
    assert answer == {
        "format": "cap", "documents": 1, "new": 1, "updated": 0, "cancelled": 0, "unchanged": 0,
        "unreachable": 0, "rejected": [],
    }  # fmt: skip
    assert run("ingest", "cap", str(tmp_path / "a.xml"))[1]["unchanged"] == 1
    status, rows, _ = run("alerts", "--active")
    assert status == 0
    assert list(rows[0]) == [
        "id", "source", "sender", "identifier", "msg_type", "status", "event", "headline", "severity",
        "urgency", "certainty", "onset", "expires", "countries", "impact_origin", "state",
    ]  # fmt: skip
    assert rows[0]["headline"] == "Tempête à São Tomé"
    assert rows[0]["expires"] == "2026-11-22T10:00:00Z"


def test_one_bad_entry_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "q.json").write_bytes(summary(quake("us1"), {"type": "Feature"}, quake("us2", ids=",us2,")))
    status, answer, _ = run("ingest", "usgs", str(tmp_path / "q.json"))
    assert (status, answer["new"]) == (0, 2)
    assert answer["rejected"] == [{"where": "entry 2", "problem": "no feature with properties"}]
    assert Rejection.objects.get().where == "entry 2"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<alert", b"<html></html>", b"<!DOCTYPE a><alert/>", b"<alert><sender>x</sender></alert>",
        b"<?xml version='1.0' encoding='utf-8'?><alert>\xff</alert>", b"<other/>", b"\x00\x01\x02",
    ],
)  # fmt: skip
def test_what_cannot_be_read_exits_2_with_the_reason_and_is_kept(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "bad.xml").write_bytes(body)
    status, answer, err = run("ingest", "cap", str(tmp_path / "bad.xml"))
    assert status == 2
    assert err.strip()
    assert answer["documents"] == 1 and answer["rejected"][0]["problem"] == err.strip()
    assert Document.objects.get().content() == body
    assert Rejection.objects.count() == 1
    assert not AlertVersion.objects.exists()


def test_a_document_over_20_mb_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "big.xml").write_bytes(message("A") + b" " * (20 * 1024 * 1024))
    status, _, err = run("ingest", "cap", str(tmp_path / "big.xml"))
    assert status == 2 and "limit" in err
    assert Document.objects.get().size > 20 * 1024 * 1024


def test_a_polygon_with_three_points_is_dropped_and_the_alert_kept(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(message("A", polygon="1,1 2,2 3,1"))
    status, answer, _ = run("ingest", "cap", str(tmp_path / "a.xml"))
    assert (status, answer["new"]) == (0, 1)
    assert "polygon 1" in answer["rejected"][0]["where"]


def test_a_missing_file_or_source_exits_2(tmp_path: Path) -> None:
    assert run("ingest", "cap", str(tmp_path / "none.xml"))[0] == 2
    (tmp_path / "a.xml").write_bytes(message("A"))
    assert run("ingest", "cap", str(tmp_path / "a.xml"), "--source", "nobody")[0] == 2
    Source.objects.create(key="quakes", name="Quakes", format="usgs")
    assert run("ingest", "cap", str(tmp_path / "a.xml"), "--source", "quakes")[0] == 2


def test_a_named_source_lends_its_country(tmp_path: Path) -> None:
    Source.objects.create(key="pt", name="PT", format="cap", country_code="PT")
    (tmp_path / "a.xml").write_bytes(message("A", polygon=""))
    run("ingest", "cap", str(tmp_path / "a.xml"), "--source", "pt")
    (row,) = run("alerts")[1]
    assert (row["impact_origin"], row["countries"], row["source"]) == ("country", ["PT"], "pt")


def test_an_address_inside_is_not_fetched() -> None:
    status, answer, err = run("ingest", "cap", "http://127.0.0.1:9/x")
    assert status == 2 and "public" in err
    assert answer["unreachable"] == 1


def test_recorded_files_are_read_whole_and_hostile_ones_refused(samples: Path) -> None:
    for name in ("cap-national/mow.DE-HE-KS-SE106-20250313-106-001.xml", "tsunami/tsunami.xml"):
        assert run("ingest", "cap", str(samples / name))[1]["rejected"] == []
    status, _, err = run("ingest", "cap", str(samples / "cap-conformance" / "xee.cap"))
    assert status == 2 and "DOCTYPE" in err
    day = run("ingest", "usgs", str(samples / "usgs-earthquake" / "eq_data_1_day_m1.geojson"))[1]
    assert (day["new"], day["rejected"]) == (160, [])
