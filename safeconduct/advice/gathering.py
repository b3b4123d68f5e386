"""Gathers what a briefing says from the rooms that know it; the shape is that of `briefing.py`.

It states nothing of its own. What nobody says is a line that says so.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import translation

from safeconduct.advice.briefing import Asked, Briefing
from safeconduct.orgs.access import Seat
from safeconduct.orgs.models import Organisation
from safeconduct.places.queries import country_names


def briefing_of(
    asked: Asked, *, lang: str, now: datetime, seat: Seat | None = None, organisation: Organisation | None = None
) -> Briefing:
    """Return everything that is known for a journey, in one language, as a member of the organisation may see it.

    `seat` brings its organisation; with neither, nothing of any organisation is in it.
    """
    codes = {asked.departure, asked.residence, *asked.countries, *asked.passports}
    names = country_names({code for code in codes if code}, lang)
    with translation.override(lang):
        return Briefing(asked, (), now, lang, names)
