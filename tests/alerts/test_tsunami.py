"""Bulletins of the tsunami centres: read by their kind, one event for one tsunami; and the CAP test suite whole."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from safeconduct.alerts import tsunami
from safeconduct.alerts.formats import cap
from safeconduct.alerts.models import Event
from safeconduct.alerts.parsed import Info
from safeconduct.lib.xml import Unreadable

from .messages import NOW, put

GOLDEN = Path(__file__).parent.parent / "golden" / "cap"


def bulletin(number: int, kind: str, *, event: str = "abc123", minutes: int = 0) -> bytes:
    """Return an NTWC bulletin of a kind."""
    data = (GOLDEN / "tsunami-information.xml").read_bytes()
    sent = NOW + timedelta(minutes=minutes)
    return (
        data.replace(b"PAAQ-1-abc123", f"PAAQ-{number}-{event}".encode())
        .replace(b"<event>Tsunami Information", f"<event>Tsunami {kind}".encode())
        .replace(b"2026-11-20T09:00:00-00:00", sent.isoformat().encode())
        .replace(b"2026-11-20T10:00:00-00:00", (sent + timedelta(hours=1)).isoformat().encode())
    )


@pytest.mark.django_db
def test_bulletins_of_one_tsunami_are_one_event_without_references() -> None:
    first = put(bulletin(1, "Information"))
    second = put(bulletin(2, "Warning", minutes=10), at=NOW + timedelta(minutes=10))
    other = put(bulletin(1, "Information", event="zzz999", minutes=11), at=NOW + timedelta(minutes=11))
    assert (first.outcome, second.outcome, other.outcome) == ("new", "updated", "new")
    assert (first.version.severity, first.version.impact_origin) == ("Minor", "none")
    assert (second.version.severity, second.version.impact_origin) == ("Extreme", "derived")
    assert second.version.urgency == "Immediate"
    assert second.version.infos[0]["severity"] == "Minor", "what was given stays as it was given"
    assert Event.objects.count() == 2
    # An older bulletin that comes late changes nothing.
    put(bulletin(3, "Advisory", minutes=5), at=NOW + timedelta(minutes=12))
    assert Event.objects.get(identity_key="PAAQ-1-abc123").current_version == second.version


@pytest.mark.parametrize(
    ("event", "headline", "kind"),
    [
        ("Tsunami Warning", "", "warning"),
        ("TSUNAMI  ADVISORY", "", "advisory"),
        ("Tsunami", "...PTWC TSUNAMI THREAT MESSAGE...", "threat"),
        ("Tsunami Information", "A Tsunami Warning holds elsewhere", "information"),
        ("Earthquake", "", ""),
    ],
)
def test_the_kind_is_read_from_event_then_headline(event: str, headline: str, kind: str) -> None:
    info = Info(event=event, headline=headline, description="A tsunami warning means that ...")
    assert tsunami.kind(info) == kind


@pytest.mark.parametrize(
    ("words", "km"),
    [
        ("POSSIBLE\n    WITHIN 1000 KM OF THE EPICENTER ALONG THE COASTS OF", 1000),
        ("for coasts located within 300 km\nof the earthquake epicenter.", 300),
        ("within 9000 km of the epicenter", None),
        ("within the next three hours along some coasts of", None),
    ],
)
def test_the_reach_is_read_from_the_bulletins_words(words: str, km: float | None) -> None:
    assert tsunami.reach_km(Info(description=words)) == km


def test_every_file_of_the_cap_test_suite_is_read_or_refused_with_a_reason(samples: Path) -> None:
    outcomes = {}
    for path in sorted((samples / "cap-conformance").iterdir()):
        try:
            parsed = cap.parse(path.read_bytes())
        except Unreadable as refusal:
            assert str(refusal)
            outcomes[path.name] = refusal.code
        else:
            outcomes[path.name] = f"{len(parsed.alerts)}+{len(parsed.links)}"
    assert {name: code for name, code in outcomes.items() if "+" not in code} == {
        "invalid_element.atom": "alert", "no_id.atom": "alert", "xee.cap": "dtd",
    }  # fmt: skip
    assert {name: found for name, found in outcomes.items() if found not in ("1+0", "alert", "dtd")} == {
        "bushfire_invalid.edxlde": "6+0", "earthquake_index.atom": "0+1", "empty_weather_index.atom": "0+0",
        "ny_index.rss": "0+2",
    }  # fmt: skip
