"""Words as strangers write them."""

from __future__ import annotations

import pytest

from safeconduct.alerts.formats.cap import references
from safeconduct.alerts.formats.text import instant, language_tag, one_line, plain_text


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("Wind &amp; rain", "Wind & rain"),
        ("&amp;quot;Hi&amp;quot;&lt;br/&gt;there", '"Hi"\nthere'),
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("below 5 < 6 and 7 > 6", "below 5 < 6 and 7 > 6"),
        ("<script>alert(1)</script><b onclick='x'>safe</b>", "safe"),
        ("a\u202eb\x07c", "abc"),
        ("M\u00e9t\u00e9o", "M\u00e9t\u00e9o"),
        ("a\n\n\n\nb", "a\n\nb"),
    ],
)
def test_plain_text(raw: str, plain: str) -> None:
    assert plain_text(raw) == plain


def test_one_line() -> None:
    assert one_line(" Two\n lines<br>here ") == "Two lines here"


@pytest.mark.parametrize(
    ("raw", "tag"),
    [
        ("", "en-US"), ("EN", "en"), ("en_gb", "en-GB"), ("zh-mo", "zh-MO"), ("sr-latn", "sr-Latn"),
        ("de-LS", "de-LS"), ("eng", "en"), ("no", "no"), ("English", "und"), ("e", "und"), ("<x>", "und"),
    ],
)  # fmt: skip
def test_language_tags(raw: str, tag: str) -> None:
    assert language_tag(raw) == tag


@pytest.mark.parametrize(
    ("raw", "iso", "has_zone"),
    [
        ("2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05+00:00", True),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00", True),
        ("2026-01-02T03:04:05+0530", "2026-01-01T21:34:05+00:00", True),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05+00:00", False),
        (" 2026-01-02T03:04:05.1234567+01:00 ", "2026-01-02T02:04:05.123456+00:00", True),
    ],
)
def test_instants(raw: str, iso: str, has_zone: bool) -> None:
    found = instant(raw)
    assert found is not None
    assert (found.at.isoformat(), found.has_zone) == (iso, has_zone)


@pytest.mark.parametrize(
    "raw", ["", "tomorrow", "2026-01-02", "0001-01-01T00:00:00+10:00", "2026-13-02T03:04:05Z"]
)
def test_no_instants(raw: str) -> None:
    assert instant(raw) is None


def test_references_are_read_as_they_come() -> None:
    text = "a@b,ID 1,2026-01-01T00:00:00Z a@b,ID-2,2026-01-01T00:00:00-00:00"
    assert [item.identifier for item in references(text)] == ["ID 1", "ID-2"]
    assert [item.identifier for item in references("just-an-id")] == ["just-an-id"]
    assert references("") == ()
