"""The formats of official advice. Each is one module with `read(bytes, address) -> ParsedRegister`, pure, and one line here."""

from __future__ import annotations

from safeconduct.advisories.formats import (
    auswaertiges_amt,
    canada,
    cdc,
    fcdo,
    smartraveller,
    us_state,
    who_don,
)
from safeconduct.advisories.parsed import Reader

READERS: dict[str, Reader] = {
    "auswaertiges-amt": auswaertiges_amt.read,
    "canada": canada.read,
    "cdc": cdc.read,
    "fcdo": fcdo.read,
    "smartraveller": smartraveller.read,
    "us-state": us_state.read,
    "who-don": who_don.read,
}
"""By `feeds.models.Source.Format`."""
