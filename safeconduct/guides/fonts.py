"""Which fonts a text needs: by what each font can show, code point by code point. Pure apart from reading font files.

The fonts are Noto, from the packages `manimgx-fonts` and `manimgx-fonts-cjk`, and Amiri for Arabic: Noto's draws the
dots of letters as glyphs of their own, and what readers copy out of the PDF is then no word. A missing package is refused with its
name; a character that no font shows is named in brackets, never drawn as an empty box.
"""

from __future__ import annotations

import importlib.util
import struct
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.lib.errors import Refused

BASE: Final = "manimgx_fonts"
CJK: Final = "manimgx_fonts_cjk"
ARABIC: Final = "fontpkg_amiri"
ARABIC_FILES: Final = ("files/Amiri-Regular.ttf", "files/Amiri-Bold.ttf")
CJK_FILE: Final = "NotoSansCJK-VF.otf.ttc"
# In the order in which they are asked for a character; the first two are always there.
FACES: Final = {
    "Noto Sans": "NotoSans[wght].ttf",
    "Noto Sans Hebrew": "NotoSansHebrew[wght].ttf",
    "Noto Sans Thai": "NotoSansThai[wght].ttf",
    "Noto Sans Devanagari": "NotoSansDevanagari[wght].ttf",
    "Noto Sans Bengali": "NotoSansBengali[wght].ttf",
    "Noto Sans Armenian": "NotoSansArmenian[wght].ttf",
    "Noto Sans Georgian": "NotoSansGeorgian[wght].ttf",
    "Noto Sans Ethiopic": "NotoSansEthiopic[wght].ttf",
    "Noto Sans Khmer": "NotoSansKhmer[wght].ttf",
    "Noto Sans Lao": "NotoSansLao[wght].ttf",
    "Noto Sans Myanmar": "NotoSansMyanmar[wght].ttf",
    "Noto Sans Sinhala": "NotoSansSinhala[wght].ttf",
    "Noto Sans Tamil": "NotoSansTamil[wght].ttf",
    "Noto Sans Telugu": "NotoSansTelugu[wght].ttf",
    "Noto Sans Kannada": "NotoSansKannada[wght].ttf",
    "Noto Sans Malayalam": "NotoSansMalayalam[wght].ttf",
    "Noto Sans Gujarati": "NotoSansGujarati[wght].ttf",
    "Noto Sans Gurmukhi": "NotoSansGurmukhi[wght].ttf",
    "Noto Sans Oriya": "NotoSansOriya[wght].ttf",
    "Noto Sans Symbols": "NotoSansSymbols[wght].ttf",
    "Noto Emoji": "NotoEmoji[wght].ttf",
}
ITALIC: Final = "NotoSans-Italic[wght].ttf"
_KANA: Final = range(0x3040, 0x3100)
_HANGUL: Final = (range(0x1100, 0x1200), range(0xAC00, 0xD7B0))
# Without a glyph by nature: joiners, marks of direction, variation selectors.
_UNSEEN: Final = frozenset(
    {*range(0x200B, 0x2010), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10), 0xFEFF, 0xAD}
)


@dataclass(frozen=True)
class Fonts:
    """`families` in the order of use and the files that hold them."""

    families: tuple[str, ...]
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Coverage:
    """Ranges of code points, ascending, both ends included."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def __contains__(self, code: int) -> bool:
        at = bisect_right(self.starts, code) - 1
        return at >= 0 and code <= self.ends[at]


def fonts_for(texts: Iterable[str], language: str, country: str = "") -> tuple[Fonts, dict[int, str]]:
    """The fonts of these texts, and what to write instead of the characters that none of them shows.

    Raises Refused when a package with fonts is not installed.
    """
    codes = {ord(letter) for text in texts for letter in text}
    families, replaced = ["Noto Sans"], dict[int, str]()
    files = [font_file(BASE, FACES["Noto Sans"]), font_file(BASE, ITALIC)]
    missing = {code for code in codes if code not in coverage(files[0])}
    for code in sorted(missing):
        if code in _UNSEEN or unicodedata.category(chr(code)) in ("Cc", "Cf", "Zs", "Zl", "Zp"):
            replaced[code] = _stand_in(code)
    missing -= set(replaced)
    if any(unicodedata.bidirectional(chr(code)) == "AL" for code in missing):
        found = [font_file(ARABIC, name) for name in ARABIC_FILES]
        families.append("Amiri")
        files += found
        missing -= {code for code in missing if code in coverage(found[0])}
    for family, name in FACES.items():
        if missing and family != "Noto Sans":
            file = font_file(BASE, name)
            shown = {code for code in missing if code in coverage(file)}
            if any(_is_own(code) for code in shown):
                families.append(family)
                files.append(file)
                missing -= shown
    if missing:
        file = font_file(CJK, CJK_FILE)
        shown = {code for code in missing if code in coverage(file)}
        if shown:
            families.append(f"Noto Sans CJK {_variant(codes, language, country)}")
            files.append(file)
            missing -= shown
    replaced |= {code: f"[{_script(code)}]" for code in missing}
    return Fonts(tuple(families), tuple(files)), replaced


def cleaned(text: str, replaced: dict[int, str]) -> str:
    """The text with what cannot be shown written out; of a run of the same replacement one is kept."""
    if not replaced:
        return text
    out: list[str] = []
    for letter in text:
        new = replaced.get(ord(letter))
        if new is None:
            out.append(letter)
        elif not (new.startswith("[") and out and out[-1] == new):
            out.append(new)
    return "".join(out)


def font_file(package: str, name: str) -> Path:
    """A font of a package; Refused when it is not there."""
    found = importlib.util.find_spec(package)
    folders = list(found.submodule_search_locations or []) if found is not None else []
    for folder in folders:
        file = Path(folder) / name
        if file.is_file():
            return file
    text = _(
        "The PDF cannot be made here: the package %(package)s with its fonts is not installed. Take Markdown or JSON."
    )
    raise Refused("export.fonts", text % {"package": package.replace("_", "-")})


def _is_own(code: int) -> bool:
    """Whether a font may be chosen for it: signs that CJK fonts have too (arrows, circled figures) are not worth one."""
    return not (0x3000 <= code < 0x3040 or 0xFF00 <= code < 0xFFF0)


def _stand_in(code: int) -> str:
    """For what has no glyph: ends of lines stay, spaces stay spaces, the rest goes."""
    if code == 10:
        return "\n"
    return " " if unicodedata.category(chr(code)).startswith("Z") or code in (9, 13) else ""


def _script(code: int) -> str:
    """`Tibetan` for a letter of it; the number for what has no name."""
    name = unicodedata.name(chr(code), "")
    return (
        name.split()[0].capitalize()
        if name and unicodedata.category(chr(code))[0] in "LMN"
        else f"U+{code:04X}"
    )


def _variant(codes: set[int], language: str, country: str) -> str:
    """Which of the four ways of writing shared characters."""
    if any(code in _KANA for code in codes):
        return "JP"
    if any(code in each for each in _HANGUL for code in codes):
        return "KR"
    by_language = {"ja": "JP", "ko": "KR", "zh-hant": "TC", "zh-tw": "TC", "zh-hk": "HK", "zh-hans": "SC"}
    by_country = {"JP": "JP", "KR": "KR", "KP": "KR", "TW": "TC", "HK": "HK", "MO": "HK"}
    return by_language.get(language.lower()) or by_country.get(country, "SC")


@lru_cache(maxsize=64)
def coverage(file: Path) -> Coverage:
    """What a font can show, from its `cmap` (OpenType 1.9, formats 4 and 12)."""
    data = file.read_bytes()
    start = struct.unpack_from(">I", data, 12)[0] if data[:4] == b"ttcf" else 0
    count = struct.unpack_from(">H", data, start + 4)[0]
    for index in range(count):
        tag, _sum, offset, _length = struct.unpack_from(">4sIII", data, start + 12 + index * 16)
        if tag == b"cmap":
            return _cmap(data, offset)
    raise ValueError(f"{file.name} has no cmap")


def _cmap(data: bytes, at: int) -> Coverage:
    tables = [
        struct.unpack_from(">HHI", data, at + 4 + 8 * index)
        for index in range(struct.unpack_from(">H", data, at + 2)[0])
    ]
    by_kind = {(platform, encoding): at + offset for platform, encoding, offset in tables}
    place = next(by_kind[kind] for kind in ((3, 10), (0, 4), (0, 6), (3, 1), (0, 3)) if kind in by_kind)
    kind = struct.unpack_from(">H", data, place)[0]
    if kind == 12:
        number = struct.unpack_from(">I", data, place + 12)[0]
        groups = list(struct.iter_unpack(">III", data[place + 16 : place + 16 + 12 * number]))
        return Coverage(tuple(group[0] for group in groups), tuple(group[1] for group in groups))
    if kind != 4:
        raise ValueError(f"cmap format {kind}")
    double = struct.unpack_from(">H", data, place + 6)[0]
    ends = struct.unpack_from(f">{double // 2}H", data, place + 14)
    starts = struct.unpack_from(f">{double // 2}H", data, place + 16 + double)
    pairs = [(a, b) for a, b in zip(starts, ends, strict=True) if a != 0xFFFF]
    return Coverage(tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))
