"""What may be an organisation's logo: a small PNG or JPEG. SVG is refused, because it can carry script."""

from __future__ import annotations

import struct

from django.utils.translation import gettext

from safeconduct.lib.errors import Refused

LARGEST_BYTES = 200 * 1024
LARGEST_SIDE = 2000
PNG = b"\x89PNG\r\n\x1a\n"
# JPEG start-of-frame markers (ITU-T T.81 table B.1), without the tables C4, C8 and CC.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def media_type(data: bytes) -> str:
    """Return image/png or image/jpeg. Raises Refused for other content, too many bytes or too large a picture."""
    if len(data) > LARGEST_BYTES:
        raise Refused("logo.large", gettext("The logo is larger than 200 KB. Save it smaller and try again."))
    found = _png_size(data) or _jpeg_size(data)
    if found is None:
        raise Refused("logo.type", gettext("The logo must be a PNG or JPEG picture."))
    kind, width, height = found
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise Refused("logo.large", gettext("The logo may be 2,000 pixels wide and high at most."))
    return kind


def _png_size(data: bytes) -> tuple[str, int, int] | None:
    # PNG specification §11.2.2: the first chunk is IHDR with width and height.
    if not data.startswith(PNG) or data[12:16] != b"IHDR" or len(data) < 24:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return "image/png", width, height


def _jpeg_size(data: bytes) -> tuple[str, int, int] | None:
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return "image/jpeg", width, height
        at += 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
    return None
