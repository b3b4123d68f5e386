"""Warnings of EUMETNET's MeteoAlarm: JSON (`{"warnings": [{"uuid", "alert": CAP as JSON}]}`), CAP, Atom and RSS.

A warning whose every block is green says "all quiet" and no more: it is counted and left out. A green Update or
one that refers to an earlier message lifts that one and is read. Areas are mostly codes (EMMA_ID, NUTS,
WARNCELLID, CISORP, FIPS), kept with their scheme. Each message stands for itself: copies per district are put
together elsewhere. Severity by the awareness level is normalise.py's. Pure: no ORM, network or clock.
"""

from __future__ import annotations

from typing import Any

from safeconduct.alerts.endings import awareness
from safeconduct.alerts.formats import cap
from safeconduct.alerts.formats.capjson import Message, is_xml, line, names_of, read_list
from safeconduct.alerts.formats.geojson import BadEntry
from safeconduct.alerts.parsed import Parsed, ParsedAlert
from safeconduct.lib import jsontext
from safeconduct.lib.xml import Unreadable


def parse(data: bytes) -> Parsed:
    """Read a document. Unreadable when nothing in it could be read."""
    if is_xml(data):
        return _without_quiet(cap.parse(data))
    found = jsontext.read(data)
    entries, is_list = _entries(found)
    if entries is None:
        raise Unreadable("shape", "this is neither a list of MeteoAlarm warnings nor one of them")
    quiet: set[str] = set()

    def read_one(entry: Any, message: Message) -> ParsedAlert | None:
        alert = _alert(entry, message)
        if _is_quiet(alert):
            quiet.update(alert.keys)
            return None
        return alert

    parsed = read_list(entries, read_one, format="meteoalarm", is_list=is_list)
    parsed.present.update(quiet)
    return _counted(parsed, len(quiet))


def _entries(found: Any) -> tuple[list[Any] | None, bool]:
    """The entries of a document, and whether it is a list."""
    if isinstance(found, list):
        return found, True
    if isinstance(found, dict):
        if isinstance(found.get("warnings"), list):
            return found["warnings"], True
        if "alert" in found or "identifier" in found:
            return [found], False
    return None, False


def _alert(entry: Any, message: Message) -> ParsedAlert:
    if not isinstance(entry, dict):
        raise BadEntry("this is no object")
    alert = entry.get("alert", entry if "identifier" in entry else None)
    if not isinstance(alert, dict):
        raise BadEntry("no alert in it")
    uuid = line(entry.get("uuid"))
    if not line(alert.get("identifier")) and uuid:
        message.notes.append("no identifier: the uuid of the list stands in")
        alert = {**alert, "identifier": uuid}
    message.where = next(iter(names_of(alert)), message.where)
    return message.read(alert)


def _is_quiet(alert: ParsedAlert) -> bool:
    """Green in every block, and not the end of an earlier warning."""
    return (
        alert.msg_type == "Alert"
        and not alert.references
        and bool(alert.infos)
        and all(awareness(info) == "green" for info in alert.infos)
    )


def _without_quiet(parsed: Parsed) -> Parsed:
    quiet = [alert for alert in parsed.alerts if _is_quiet(alert)]
    parsed.alerts[:] = [alert for alert in parsed.alerts if not _is_quiet(alert)]
    return _counted(parsed, len(quiet))


def _counted(parsed: Parsed, quiet: int) -> Parsed:
    if quiet:
        parsed.notes.append(f"{quiet} green entries say that all is quiet; left out")
    return parsed
