"""A city's year as a drawing: mean temperature as a line, rain as bars, each with its figure. Pure SVG text.

No script and no style: the classes take the colours of the theme. The same figures stand in `climate_months`, for
the table that a page shows beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import get_month_names
from babel.numbers import format_decimal
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from safeconduct.places.statements.climate import MONTHS, Climate

# Drawn at the width of a phone, where a figure of ten pixels can still be read; wider screens enlarge it.
WIDTH, HEIGHT = 360, 236
STEP = WIDTH / 12
# Rows of pixels: the line of temperatures, the bars of rain, the months.
WARM_TOP, WARM_BOTTOM = 30, 104
RAIN_TOP, RAIN_BOTTOM = 140, 208
MONTHS_AT = 228
# Smaller spans would make a level year look wild, and a dry one wet.
LEAST_DEGREES, LEAST_RAIN = 12.0, 60


@dataclass(frozen=True, slots=True)
class MonthLine:
    """One row of the table: the month's name, its mean temperature and its rain in words."""

    name: str
    temperature: str
    rain: str


def climate_months(climate: Climate, lang: str) -> tuple[MonthLine, ...]:
    """The year as twelve rows, January first."""
    locale = _locale(lang)
    names = get_month_names("wide", context="stand-alone", locale=locale)
    return tuple(
        MonthLine(
            str(names[month]),
            _("%(degrees)s °C") % {"degrees": _figure(degrees, locale, digits=1)},
            _("%(millimetres)s mm") % {"millimetres": _figure(rain, locale)},
        )
        for month, degrees, rain in zip(MONTHS, climate.temperatures, climate.rain, strict=True)
    )


def climate_svg(climate: Climate, city: str, lang: str = "") -> SafeString:
    """The year of a city as SVG, named after it and described by its warmest, coldest and wettest months.

    `lang` is the language of figures and months; without one, the active language.
    """
    lang = lang or get_language() or "en"
    locale = _locale(lang)
    title = _("Temperature and rain by month in %(city)s") % {"city": city}
    temperature, rain = _("Mean temperature, °C"), _("Rain, mm")
    name = "climate-" + hashlib.sha256(f"{title}{climate}".encode()).hexdigest()[:8]
    letters = get_month_names("narrow", context="stand-alone", locale=locale)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}" aria-describedby="{name}-d"'
        ' class="climate-chart" xmlns="http://www.w3.org/2000/svg">',
        f'<title id="{name}">{escape(title)}</title>',
        f'<desc id="{name}-d">{escape(described(climate, lang))}</desc>',
        f'<text class="c-label" x="4" y="12">{escape(temperature)}</text>',
        *_line(climate.temperatures, locale),
        f'<text class="c-label" x="4" y="{RAIN_TOP - 16}">{escape(rain)}</text>',
        *_bars(climate.rain, locale),
        *(
            f'<text class="c-month" x="{_x(index):.0f}" y="{MONTHS_AT}">{escape(str(letters[month]))}</text>'
            for index, month in enumerate(MONTHS)
        ),
        "</svg>",
    ]
    return mark_safe("".join(parts))  # noqa: S308 - every text in it is escaped here


def described(climate: Climate, lang: str) -> str:
    """The year in one sentence, for who does not see the drawing."""
    locale, months = _locale(lang), climate_months(climate, lang)
    names = get_month_names("wide", context="stand-alone", locale=locale)
    warmest = max(range(12), key=lambda month: climate.temperatures[month])
    coldest = min(range(12), key=lambda month: climate.temperatures[month])
    wettest = max(range(12), key=lambda month: climate.rain[month])
    return _(
        "Warmest in %(warmest)s with %(high)s, coldest in %(coldest)s with %(low)s, most rain in %(wettest)s"
        " with %(rain)s; %(year)s of rain a year."
    ) % {
        "warmest": names[warmest + 1],
        "high": months[warmest].temperature,
        "coldest": names[coldest + 1],
        "low": months[coldest].temperature,
        "wettest": names[wettest + 1],
        "rain": months[wettest].rain,
        "year": _("%(millimetres)s mm") % {"millimetres": _figure(sum(climate.rain), locale)},
    }


def _line(temperatures: Sequence[float], locale: Locale) -> list[str]:
    low, high = min(temperatures), max(temperatures)
    span = max(high - low, LEAST_DEGREES)
    bottom = (low + high) / 2 - span / 2
    points = [
        (_x(index), WARM_BOTTOM - (degrees - bottom) / span * (WARM_BOTTOM - WARM_TOP))
        for index, degrees in enumerate(temperatures)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    drawn = [f'<polyline class="c-warm" points="{path}"/>']
    if bottom < 0 < bottom + span:
        zero = WARM_BOTTOM + bottom / span * (WARM_BOTTOM - WARM_TOP)
        drawn.insert(0, f'<path class="c-zero" d="M0 {zero:.1f}H{WIDTH}"/>')
    for (x, y), degrees in zip(points, temperatures, strict=True):
        drawn.append(f'<circle class="c-dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>')
        drawn.append(f'<text class="c-figure" x="{x:.1f}" y="{y - 8:.1f}">{_figure(degrees, locale)}</text>')
    return drawn


def _bars(rain: Sequence[int], locale: Locale) -> list[str]:
    most = max(*rain, LEAST_RAIN)
    drawn = [f'<path class="c-zero" d="M0 {RAIN_BOTTOM}H{WIDTH}"/>']
    for index, millimetres in enumerate(rain):
        height = millimetres / most * (RAIN_BOTTOM - RAIN_TOP)
        x, y = _x(index), RAIN_BOTTOM - height
        drawn.append(
            f'<rect class="c-rain" x="{x - STEP * 0.32:.1f}" y="{y:.1f}" width="{STEP * 0.64:.1f}"'
            f' height="{height:.1f}"/>'
        )
        drawn.append(
            f'<text class="c-figure" x="{x:.1f}" y="{y - 4:.1f}">{_figure(millimetres, locale)}</text>'
        )
    return drawn


def _x(index: int) -> float:
    """The middle of a month."""
    return STEP * (index + 0.5)


def _figure(value: float, locale: Locale, *, digits: int = 0) -> str:
    """A number of the language; a true minus sign; no minus before nothing."""
    text = format_decimal(round(value, digits) + 0.0, format="#,##0.#" if digits else "#,##0", locale=locale)
    return str(text).replace("-", "−")


def _locale(lang: str) -> Locale:
    try:
        return Locale.parse(lang.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")
