"""Which centre's number stands in a mail: the nearest to where the warning meets the traveller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import phonenumbers

from safeconduct.centres.models import Centre
from safeconduct.centres.queries import all_centres
from safeconduct.lib.geo import distance_km

NOBODY: Mapping[str, str] = {"centre": "", "phone": "", "phone_uri": ""}


class HelpFinder:
    """The centres, read once for a batch of mails."""

    def __init__(self) -> None:
        self._centres: Sequence[Centre] = list(all_centres())
        self._known: dict[tuple[float, float], Mapping[str, str]] = {}

    def near(self, lon: float, lat: float) -> Mapping[str, str]:
        """Return the slots of the nearest centre; one that is open day and night comes first."""
        key = (lon, lat)
        if key not in self._known:
            best = min(
                self._centres,
                key=lambda c: (not c.is_24_hours, distance_km(lon, lat, c.lon, c.lat), c.pk),
                default=None,
            )
            self._known[key] = NOBODY if best is None else _slots(best)
        return self._known[key]


def _slots(centre: Centre) -> Mapping[str, str]:
    shown = centre.phone
    try:
        number = phonenumbers.parse(centre.phone, None)
        style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
        shown = phonenumbers.format_number(number, style).replace("-", " ")
    except phonenumbers.NumberParseException:
        pass
    return {"centre": centre.name, "phone": shown, "phone_uri": f"tel:{centre.phone}"}
