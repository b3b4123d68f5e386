"""The formats of official alerts. Each is one module with `parse(bytes) -> Parsed`, pure, and one line here."""

from __future__ import annotations

from collections.abc import Callable

from safeconduct.alerts.formats import cap, usgs
from safeconduct.alerts.parsed import Parsed

READERS: dict[str, Callable[[bytes], Parsed]] = {"cap": cap.parse, "usgs": usgs.parse}
