"""The common reading: codes, times, types and countries, format by format."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from safeconduct.alerts.endings import is_over
from safeconduct.alerts.formats import cap
from safeconduct.alerts.formats.nws_events import nws_event
from safeconduct.alerts.impact import impact_area
from safeconduct.alerts.normalise import DATA, event_type, event_types, geocode_country, normalise
from safeconduct.alerts.parsed import Area, Info, ParsedAlert
from safeconduct.alerts.storing import end

from .messages import message

AT = datetime(2026, 8, 18, 10, 0, tzinfo=UTC)


def alert(*infos: Info, format: str = "cap", msg_type: str = "Alert", **more: Any) -> ParsedAlert:
    return ParsedAlert(
        format=format, identifier="x", sender="met@example.org", sent_at=AT, msg_type=msg_type,
        status="Actual", infos=infos, **more,
    )  # fmt: skip


def levels(level: str, severity: str) -> str:
    info = Info(severity=severity, parameters=(("awareness_level", level),) if level else ())
    return normalise(alert(info)).severity


@pytest.mark.parametrize(
    ("level", "given", "read"),
    [
        ("4; red; Extreme", "Minor", "Extreme"),
        ("3; orange; Severe", "Moderate", "Severe"),
        ("2; Yellow ; Moderate", "Severe", "Moderate"),
        ("1; green; Minor", "Unknown", "Minor"),
        ("", "Severe", "Severe"),
        ("5; purple", "Severe", "Severe"),
        ("", "Unknown", "Unknown"),
    ],
)
def test_the_awareness_level_comes_before_the_severity(level: str, given: str, read: str) -> None:
    assert levels(level, given) == read


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (1, "wind"), (2, "snow_ice"), (3, "thunderstorm"), (4, "fog"), (5, "heat"), (6, "cold"), (7, "coastal"),
        (8, "wildfire"), (9, "avalanche"), (10, "rain"), (12, "flood"), (13, "flood"),
    ],
)  # fmt: skip
def test_every_awareness_type_is_a_type_of_ours(number: int, kind: str) -> None:
    assert event_type(alert(Info(event="?", parameters=(("awareness_type", f"{number}; whatever"),)))) == kind


def test_an_unknown_nws_code_is_read_from_the_name_and_a_given_one_is_not_touched() -> None:
    unknown = normalise(alert(Info(event="Air Quality Alert"), format="nws"))
    assert (unknown.event_type, unknown.severity, unknown.certainty) == ("air_quality", "Moderate", "Likely")
    given = normalise(alert(Info(event="Tornado Watch", severity="Minor", certainty="Likely"), format="nws"))
    assert (given.event_type, given.severity, given.certainty) == ("tornado", "Minor", "Likely")
    watch = normalise(alert(Info(event="Tornado Watch"), format="nws"))
    assert (watch.severity, watch.certainty, watch.urgency) == ("Severe", "Possible", "Unknown")
    assert normalise(alert(Info(event="Test Message"), format="nws")).severity == "Unknown"


def test_the_table_of_the_nws_is_not_for_others() -> None:
    other = normalise(alert(Info(event="Tornado Watch")))
    assert (other.event_type, other.severity, other.certainty) == ("tornado", "Unknown", "Unknown")


@pytest.mark.parametrize("name", ["tornadoDamageThreat", "flashFloodDamageThreat"])
def test_an_emergency_is_extreme(name: str) -> None:
    info = Info(event="Flash Flood Warning", severity="Severe", parameters=((name, "CATASTROPHIC"),))
    assert normalise(alert(info, format="nws")).severity == "Extreme"
    info = Info(event="Flash Flood Warning", severity="Severe", parameters=((name, "CONSIDERABLE"),))
    assert normalise(alert(info, format="nws")).severity == "Severe"


def test_the_tables_name_only_types_and_codes_that_exist() -> None:
    types = {kind.code for kind in event_types()}
    with (DATA / "nws_events.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["type"] for row in rows} <= types
    assert {row["severity"] for row in rows} <= {"Extreme", "Severe", "Moderate", "Minor", ""}
    assert {row["certainty"] for row in rows} <= {"Observed", "Likely", "Possible", ""}
    names = [row["event"] for row in rows]
    assert names == sorted(set(names)) and all(name == name.casefold().strip() for name in names)
    assert all(row["certainty"] == "Possible" for row in rows if row["event"].endswith(" watch"))


def test_every_event_of_the_recordings_has_a_row_and_a_type(samples: Path) -> None:
    names = set()
    for path in sorted((samples / "nws").glob("*.json")):
        names |= {entry["properties"]["event"] for entry in json.loads(path.read_text())["features"]}
    assert len(names) >= 141
    assert [name for name in sorted(names) if nws_event(name) is None] == []
    assert not {name for name in names if event_type(alert(Info(event=name), format="nws")) == "other"}


def test_an_nws_event_ends_by_its_ends_and_not_by_the_expiry_of_its_text() -> None:
    def ends(ending: datetime | None, expires: datetime) -> datetime:
        parameters = (("eventEndingTime", ending.isoformat()),) if ending else ()
        info = Info(
            event="Heat Advisory", onset=AT + timedelta(hours=6), expires=expires, parameters=parameters
        )
        warning = alert(info, format="nws")
        return end(warning, normalise(warning), impact_area(warning, "US"), AT)

    late, early = AT + timedelta(hours=11), AT + timedelta(hours=4)
    assert ends(late, early) == late
    assert ends(late, late + timedelta(hours=4)) == late
    assert ends(None, late) == late
    # The text is renewed before its event begins, and tells no end: believed for a day from the onset.
    assert ends(None, early) == AT + timedelta(hours=30)


def test_an_onset_before_the_effective_time_is_the_beginning() -> None:
    info = Info(effective=AT + timedelta(hours=1), onset=AT, expires=AT + timedelta(hours=3))
    normal = normalise(alert(info))
    assert normal.onset_at == AT and normal.effective_at == AT + timedelta(hours=1)
    assert normal.stops_mattering_at == AT + timedelta(hours=3)


VTEC = "/O.{}.KFGF.HT.Y.0004.000000T0000Z-260717T0300Z/"


@pytest.mark.parametrize(
    ("actions", "over"),
    [
        (["CAN"], True), (["UPG"], True), (["EXP"], True), (["CAN", "UPG"], True),
        (["CON"], False), (["CAN", "NEW"], False), ([], False),
    ],
)  # fmt: skip
def test_vtec_ends_a_part_only_when_every_action_does(actions: list[str], over: bool) -> None:
    info = Info(event="Heat Advisory", parameters=tuple(("VTEC", VTEC.format(action)) for action in actions))
    assert normalise(alert(info, format="nws")).is_over is over


def test_one_part_that_is_over_does_not_end_the_other() -> None:
    over = Info(event="Heat Advisory", severity="Severe", parameters=(("VTEC", VTEC.format("CAN")),))
    goes_on = Info(event="Heat Advisory", severity="Minor", parameters=(("VTEC", VTEC.format("CON")),))
    normal = normalise(alert(over, goes_on, format="nws"))
    assert not normal.is_over and normal.severity == "Minor"


def test_past_ends_only_with_a_successor_and_green_only_in_an_update() -> None:
    past = Info(urgency="Past")
    assert not normalise(alert(past)).is_over and normalise(alert(past, msg_type="Update")).is_over
    green = Info(parameters=(("awareness_level", "1; green; Minor"),))
    assert not normalise(alert(green)).is_over and normalise(alert(green, msg_type="Update")).is_over
    assert is_over(alert(Info(), msg_type="Cancel")) and not is_over(alert())


@pytest.mark.parametrize(
    ("scheme", "value", "country"),
    [
        ("UGC", "TXZ004", "US"), ("UGC", "PKZ652", "US"), ("UGC", "PRZ001", "PR"), ("UGC", "GUZ002", "GU"),
        ("UGC", "ASC010", "AS"), ("SAME", "048357", "US"), ("SAME", "072001", "PR"), ("SAME", "066010", "GU"),
        ("FIPS6", "06037", "US"), ("FIPS6", "78010", "VI"), ("SAME", "", "US"),
        ("EMMA_ID", "EI803", "IE"), ("EMMA_ID", "UK001", "GB"), ("ISO 3166-2", "CH-VS", "CH"),
        ("Alertswiss region", "XX", ""),
    ],
)  # fmt: skip
def test_the_country_of_a_code(scheme: str, value: str, country: str) -> None:
    assert geocode_country(scheme, value) == country
    named = normalise(alert(Info(areas=(Area(geocodes=((scheme, value),)),)))).countries
    assert named == ((country,) if country else ())


def test_one_alert_per_language_stays_several_messages() -> None:
    """Kazakhstan sends one message per language; they are put together as one incident, not as one message."""
    names = [f"2.49.0.0.398.0-20250306-133701-0284797-00-{language}" for language in ("EN", "RU", "KK")]
    read = [cap.parse(message(name)).alerts[0] for name in names]
    assert [item.keys for item in read] == [(name,) for name in names]
    assert {normalise(item).countries for item in read} == {("KZ",)}
