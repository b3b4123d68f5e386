"""Hostile and broken documents are refused with a reason; sloppy ones are read."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from safeconduct.lib import xml

SAMPLES = Path(__file__).parents[2] / ".." / "shared" / "samples"


@pytest.mark.parametrize(
    "data",
    [
        b"<a>\xc3\xa9</a>",
        b"\xef\xbb\xbf<a>\xc3\xa9</a>",
        b"\xc3\xaf\xc2\xbb\xc2\xbf<?xml version='1.0' encoding='utf-8'?><a>\xc3\xa9</a>",
        b" \n<?xml version='1.0'?><a>\xc3\xa9</a>",
        b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>",
        b"<?xml version='1.0' encoding='windows-1252'?><!-- x --><a>\xe9</a>",
        "<?xml version='1.0' encoding='utf-16'?><a>é</a>".encode("utf-16"),
        b"<x:a xmlns:x='urn:x'>&#xe9;</x:a>",
    ],
)
def test_what_is_well_formed_is_read(data: bytes) -> None:
    root = xml.read(data)
    assert xml.local_name(root) == "a"
    assert xml.text_of(root) == "é"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"<a><b></a>", "not_well_formed"),
        (b"<a><b>text", "truncated"),
        (b"<?xml version='1.0' encoding='utf-8'?><a>\xe9t\xe9</a>", "encoding"),
        (b"<?xml version='1.0' encoding='EBCDIC-CP-US'?><a/>", "encoding"),
        (b"<!DOCTYPE a><a/>", "dtd"),
        (b"<?xml version='1.0'?><!-- x --><?pi?>\n<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "dtd"),
        ("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>".encode("utf-16"), "dtd"),
        (b"<!DOCTYPE html><html><body>No</body></html>", "html"),
        (b"<html><body>No</body></html>", "html"),
        (b'{"a": 1}', "not_xml"),
        (b"<a>&undefined;</a>", "not_well_formed"),
        (b"<a>" + b" " * xml.SIZE_LIMIT + b"</a>", "too_large"),
        (b"<a>" * 5000 + b"</a>" * 5000, "too_large"),
        ("<!DOCTYPE a><a/>".encode("utf-16-le"), "encoding"),
    ],
)
def test_everything_else_is_refused_with_a_reason(data: bytes, code: str) -> None:
    with pytest.raises(xml.Unreadable) as refusal:
        xml.read(data)
    assert refusal.value.code == code
    assert str(refusal.value)


def test_a_doctype_in_a_text_is_only_a_text() -> None:
    root = xml.read(b"<a><![CDATA[<!DOCTYPE html><p>x</p>]]></a>")
    assert "<!DOCTYPE" in xml.text_of(root)


ATTACK = b"""<?xml version="1.0"?>
<!DOCTYPE alert [ <!ENTITY % remote SYSTEM "http://127.0.0.1:9/x"> <!ENTITY f SYSTEM "file:///etc/passwd"> %remote; ]>
<alert>&f;</alert>"""


@pytest.mark.parametrize("name", ["own", "xee.cap"])
def test_an_entity_attack_opens_no_connection_and_no_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = ATTACK
    if name != "own":
        path = SAMPLES / "cap-conformance" / name
        if not path.exists():
            pytest.skip("samples are not here")
        data = path.read_bytes()

    def forbidden(*args: object, **kwargs: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    with pytest.raises(xml.Unreadable) as refusal:
        xml.read(data)
    assert refusal.value.code == "dtd"
    assert "root:" not in str(refusal.value)


def test_an_attack_on_the_parser_reaches_a_listening_port_never() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        with pytest.raises(xml.Unreadable):
            xml.read(ATTACK.replace(b":9/", f":{port}/".encode()))
        with pytest.raises(TimeoutError):
            listener.accept()


WHOLE = b"""<?xml version="1.0"?>
<alert xmlns="urn:x"><!-- a --><identifier a="b">A</identifier>
<info><language>en</language><d><![CDATA[x]]></d></info></alert>"""


@pytest.mark.parametrize("read", [xml.read, lambda data: list(xml.stream(data, {"info"}))])
def test_wherever_a_document_is_cut_off_it_ends_too_early(read: Any) -> None:
    for length in range(len(b'<?xml version="1.0"?>\n<a'), len(WHOLE)):
        with pytest.raises(xml.Unreadable) as refused:
            read(WHOLE[:length])
        assert refused.value.code == "truncated" and "ends too early" in str(refused.value), WHOLE[:length]


@pytest.mark.parametrize(
    "data",
    [b"<a><b></a>", b"<a></a>junk", b"<a b></a>", b"<a>&x;</a>", b"<a><b></c></a>", b"<a>\n<b c=></b>\n</a>"],
)
def test_what_is_whole_and_wrong_does_not_end_too_early(data: bytes) -> None:
    with pytest.raises(xml.Unreadable) as refused:
        xml.read(data)
    assert "too early" not in str(refused.value)
