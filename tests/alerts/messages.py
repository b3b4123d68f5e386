"""Small CAP and USGS documents of our own, for tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from safeconduct.alerts.actions import Applied, apply
from safeconduct.alerts.formats import cap, usgs
from safeconduct.feeds.actions import by_hand, keep_document
from safeconduct.feeds.models import Source

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SQUARE = "38,-10 38,-8 40,-8 40,-10 38,-10"


def message(
    identifier: str,
    *,
    sent: str = "2026-11-20T10:00:00+00:00",
    msg_type: str = "Alert",
    status: str = "Actual",
    references: str = "",
    headline: str = "Storm over the coast",
    severity: str = "Severe",
    urgency: str = "Expected",
    response: str = "",
    expires: str = "2026-11-22T10:00:00+00:00",
    polygon: str = SQUARE,
    sender: str = "weather@example.org",
    language: str = "en",
) -> bytes:
    """Return one CAP 1.2 message."""
    area = f"<polygon>{polygon}</polygon>" if polygon else ""
    return f"""<?xml version="1.0" encoding="utf-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>{identifier}</identifier><sender>{sender}</sender><sent>{sent}</sent>
<status>{status}</status><msgType>{msg_type}</msgType><scope>Public</scope>
<references>{references}</references>
<info><language>{language}</language><category>Met</category><event>Storm</event>
{f"<responseType>{response}</responseType>" if response else ""}
<urgency>{urgency}</urgency><severity>{severity}</severity><certainty>Likely</certainty>
<onset>{sent}</onset>{f"<expires>{expires}</expires>" if expires else ""}
<headline>{headline}</headline><description>Wind of 120 km/h.</description>
<area><areaDesc>Coast</areaDesc>{area}</area></info></alert>""".encode()


def triple(
    identifier: str, sent: str = "2026-11-20T10:00:00+00:00", sender: str = "weather@example.org"
) -> str:
    """Return a reference to a message."""
    return f"{sender},{identifier},{sent}"


def put(data: bytes, *, at: datetime = NOW, source: Source | None = None) -> Applied:
    """Apply the one CAP message of a document."""
    source = source or by_hand("cap")
    document = keep_document(data, origin="test", received_at=at)
    (alert,) = cap.parse(data).alerts
    return apply(alert, source=source, document=document, received_at=at)


def quake(identifier: str = "us1", *, ids: str = "", **changes: Any) -> dict[str, Any]:
    """Return one USGS feature."""
    properties: dict[str, Any] = {
        "mag": 6.4, "place": "10 km S of Somewhere", "time": _ms(NOW) - 3_600_000, "updated": _ms(NOW),
        "alert": None, "status": "reviewed", "tsunami": 0, "type": "earthquake", "ids": ids or f",{identifier},",
        "title": "M 6.4 - 10 km S of Somewhere", "net": "us", "url": "https://example.org/quake",
    }  # fmt: skip
    coordinates = changes.pop("coordinates", [-9.14, 38.72, 10.0])
    properties.update(changes)
    return {
        "type": "Feature",
        "id": identifier,
        "properties": properties,
        "geometry": {"type": "Point", "coordinates": coordinates},
    }


def summary(*features: Any) -> bytes:
    """Return a USGS summary feed."""
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


def put_quake(feature: dict[str, Any], *, at: datetime = NOW) -> Applied:
    """Apply one USGS feature."""
    data = json.dumps(feature).encode()
    document = keep_document(data, origin="test", received_at=at)
    (alert,) = usgs.parse(data).alerts
    return apply(alert, source=by_hand("usgs"), document=document, received_at=at)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
