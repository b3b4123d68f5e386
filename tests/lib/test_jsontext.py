"""What is no JSON document is refused with a reason, whoever reads it."""

from __future__ import annotations

import pytest

from safeconduct.advisories.formats import READERS as ADVICE
from safeconduct.alerts.formats import READERS as ALERTS
from safeconduct.lib import jsontext
from safeconduct.lib.errors import Refused
from safeconduct.lib.xml import SIZE_LIMIT, Unreadable

BROKEN = [
    (b"", "empty"),
    (b"\xef\xbb\xbf \n", "empty"),
    (b"\n<html><body>Log in</body></html>", "html"),
    (b'{"a": "\xe9"}', "encoding"),
    (b'{"a": [1, 2', "truncated"),
    (b"[" + b" " * SIZE_LIMIT + b"]", "too_large"),
    (b"[" * 200_000, "too_large"),
    (b'{"a": ' + b"9" * 5000 + b"}", "not_json"),
]


@pytest.mark.parametrize(("data", "code"), BROKEN, ids=[f"{n}-{code}" for n, (_, code) in enumerate(BROKEN)])
def test_what_is_none_is_refused_in_both_rooms_alike(data: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        jsontext.read(data)
    assert refused.value.code == code
    with pytest.raises(Unreadable) as by_alerts:
        ALERTS["usgs"](data)
    with pytest.raises(Refused) as by_advice:
        ADVICE["who-don"](data, "https://example.org/")
    assert by_alerts.value.code == by_advice.value.code == code
    assert by_advice.value.text == str(refused.value)


def test_a_mark_in_front_is_no_fault() -> None:
    assert jsontext.read(b'\xef\xbb\xbf {"a": "\xc3\xa9"}') == {"a": "é"}
