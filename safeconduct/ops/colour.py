"""An organisation's colour as hue and chroma, from and to the hex value that a colour field speaks. Pure.

The visual language fixes lightness, so that contrast holds whatever the colour; only hue and strength are kept.
Conversions: OKLab as published by Björn Ottosson (https://bottosson.github.io/posts/oklab/), sRGB after IEC 61966-2-1.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

STRONGEST = 0.11
# The lightness of the brand colour in the day theme (web/css/tokens.css).
LIGHTNESS = 0.43
_HEX = re.compile(r"^#[0-9a-fA-F]{6}$")


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _encoded(channel: float) -> float:
    value = 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
    return min(1.0, max(0.0, value))


def brand_of(text: str) -> tuple[int, Decimal]:
    """Return hue (0 to 359) and chroma (at most 0.110) of `#rrggbb`. Raises ValueError for anything else."""
    if not _HEX.match(text):
        raise ValueError(text)
    r, g, b = (_linear(int(text[i : i + 2], 16) / 255) for i in (1, 3, 5))
    cone_l = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    cone_m = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    cone_s = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    a = 1.9779984951 * cone_l - 2.4285922050 * cone_m + 0.4505937099 * cone_s
    z = 0.0259040371 * cone_l + 0.7827717662 * cone_m - 0.8086757660 * cone_s
    chroma = math.hypot(a, z)
    hue = round(math.degrees(math.atan2(z, a))) % 360 if chroma > 0.005 else 0
    strength = 0.0 if chroma <= 0.005 else min(STRONGEST, chroma)
    return hue, Decimal(f"{strength:.3f}")


def hex_of(hue: int, chroma: Decimal | float) -> str:
    """Return `#rrggbb` of a brand as pages show it in the day theme."""
    a = float(chroma) * math.cos(math.radians(hue))
    z = float(chroma) * math.sin(math.radians(hue))
    cone_l = (LIGHTNESS + 0.3963377774 * a + 0.2158037573 * z) ** 3
    cone_m = (LIGHTNESS - 0.1055613458 * a - 0.0638541728 * z) ** 3
    cone_s = (LIGHTNESS - 0.0894841775 * a - 1.2914855480 * z) ** 3
    rgb = (
        4.0767416621 * cone_l - 3.3077115913 * cone_m + 0.2309699292 * cone_s,
        -1.2684380046 * cone_l + 2.6097574011 * cone_m - 0.3413193965 * cone_s,
        -0.0041960863 * cone_l - 0.7034186147 * cone_m + 1.7076147010 * cone_s,
    )
    return "#" + "".join(f"{round(_encoded(channel) * 255):02x}" for channel in rgb)
