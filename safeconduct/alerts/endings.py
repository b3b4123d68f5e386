"""Whether a part of a message says that its part of the event is over. Pure: words and codes only."""

from __future__ import annotations

import re

from safeconduct.alerts.parsed import Info, ParsedAlert

_VTEC = re.compile(r"/[OTEX]\.(NEW|CON|EXT|EXA|EXB|UPG|CAN|EXP|COR|ROU)\.")
_VTEC_OVER = {"CAN", "EXP", "UPG"}


def says_over(info: Info, *, msg_type: str) -> bool:
    """Whether a block ends its part.

    AllClear; Past in an Update; every VTEC action an end; Environment Canada's “ended”; MeteoAlarm's green in an
    Update (the warning before it is lifted).
    """
    if "AllClear" in info.response_types:
        return True
    if msg_type == "Update" and (info.urgency == "Past" or awareness(info) == "green"):
        return True
    values = [value for key, value in info.parameters if key.upper() == "VTEC"]
    actions = _VTEC.findall(" ".join(values)) if values else []
    if actions and all(action in _VTEC_OVER for action in actions):
        return True
    return any(
        key.endswith("Alert_Location_Status") and value.strip().lower() == "ended"
        for key, value in info.parameters
    )


def is_over(alert: ParsedAlert) -> bool:
    """Whether a message is a Cancel, or each of its blocks ends its part."""
    if alert.msg_type == "Cancel":
        return True
    return bool(alert.infos) and all(says_over(info, msg_type=alert.msg_type) for info in alert.infos)


def awareness(info: Info) -> str:
    """MeteoAlarm's colour: green, yellow, orange, red; empty where the block names none."""
    parts = [part.strip().lower() for part in info.parameter("awareness_level").split(";")]
    return next((part for part in parts if part in ("green", "yellow", "orange", "red")), "")
