"""The formats of official alerts. Each is one module with `parse(bytes) -> Parsed`, pure, and one line here."""

from __future__ import annotations

from collections.abc import Callable

from safeconduct.alerts.formats import alertswiss, cap, emsc, gdacs, gvp, meteoalarm, nina, nws, swic, usgs
from safeconduct.alerts.parsed import Parsed

READERS: dict[str, Callable[[bytes], Parsed]] = {
    "alertswiss": alertswiss.parse,
    "cap": cap.parse,
    "emsc": emsc.parse,
    "gdacs": gdacs.parse,
    "gvp": gvp.parse,
    "meteoalarm": meteoalarm.parse,
    "nina": nina.parse,
    "nws": nws.parse,
    "swic": swic.parse,
    "usgs": usgs.parse,
}
SHAPES: dict[str, Callable[[Parsed, bytes], Parsed]] = {"nina": nina.add_shapes}
"""For formats that serve a message's shapes apart: puts them into what was read of the message."""
