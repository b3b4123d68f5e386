"""Fetching: pinned, capped, polite, and never to a private address by itself."""

from __future__ import annotations

import gzip
import ipaddress
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from safeconduct.lib import http
from safeconduct.lib.errors import Permanent, Temporary


class Handler(BaseHTTPRequestHandler):
    seen: list[dict[str, str]] = []

    def do_GET(self) -> None:
        self.seen.append({key.lower(): value for key, value in self.headers.items()})
        status, headers, body = PAGES.get(self.path, (404, {}, b""))
        if self.headers.get("If-None-Match") == '"v1"':
            status, headers, body = 304, {}, b""
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


PAGES: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/ok": (200, {"ETag": '"v1"', "Content-Type": "application/xml"}, b"<a/>"),
    "/busy": (503, {"Retry-After": "120"}, b""),
    "/moved": (302, {"Location": "/ok"}, b""),
    "/loop": (302, {"Location": "/loop"}, b""),
    "/file": (302, {"Location": "file:///etc/passwd"}, b""),
    "/inside": (302, {"Location": "http://10.0.0.1/secret"}, b""),
    "/large": (200, {}, b"x" * 5000),
    "/bomb": (200, {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 500_000)),
}


@pytest.fixture
def server(settings: Any) -> Iterator[str]:
    settings.SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES = True
    Handler.seen.clear()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


def test_a_document_is_fetched_with_its_validators_and_our_name(server: str) -> None:
    answer = http.get(f"{server}/ok")
    assert (answer.status, answer.body, answer.etag) == (200, b"<a/>", '"v1"')
    assert Handler.seen[0]["user-agent"].startswith("Safeconduct/")
    again = http.get(f"{server}/ok", etag='"v1"')
    assert again.is_unchanged and again.body == b""


def test_a_redirect_is_followed(server: str) -> None:
    assert http.get(f"{server}/moved").url == f"{server}/ok"


@pytest.mark.parametrize("path", ["/loop", "/file", "/missing"])
def test_what_will_never_work_is_permanent(server: str, path: str) -> None:
    with pytest.raises(Permanent):
        http.get(server + path)


def test_a_busy_server_says_when_to_come_again(server: str) -> None:
    with pytest.raises(Temporary) as busy:
        http.get(f"{server}/busy")
    assert busy.value.retry_after == timedelta(seconds=120)


@pytest.mark.parametrize("text", ["²", "9" * 5000, "soon", "", "-1"])
def test_an_odd_time_to_come_again_is_none(text: str) -> None:
    assert http._retry_after(text) is None


@pytest.mark.parametrize("path", ["/large", "/bomb"])
def test_an_answer_beyond_the_limit_is_cut_off(server: str, path: str) -> None:
    with pytest.raises(Permanent, match="larger"):
        http.get(server + path, size_limit=1000)


def test_a_closed_port_is_temporary(server: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Temporary):
        http.get(f"http://127.0.0.1:{port}/")


def test_private_addresses_are_refused_by_default(server: str, settings: Any) -> None:
    settings.SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES = False
    with pytest.raises(Permanent, match="not a public address"):
        http.get(f"{server}/ok")
    assert Handler.seen == []


def test_a_name_is_looked_up_once_and_its_redirect_is_checked_again(
    server: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    port = int(server.rpartition(":")[2])

    def lookup(host: str, *args: Any, **kwargs: Any) -> list[Any]:
        if host != "127.0.0.1":  # the pinned address itself passes here on its way to the socket
            looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(http, "is_public", lambda address: str(address) == "127.0.0.1")
    settings.SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES = False
    assert http.get(f"http://feeds.example.org:{port}/ok").status == 200
    assert looked_up == ["feeds.example.org"]
    assert Handler.seen[0]["host"] == f"feeds.example.org:{port}"
    with pytest.raises(Permanent, match=r"10\.0\.0\.1"):
        http.get(f"http://feeds.example.org:{port}/inside")


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("10.1.2.3", False), ("127.0.0.1", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False),
        ("::1", False), ("fe80::1", False), ("fd00::1", False), ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False), ("2002:a00:1::", False), ("::ffff:8.8.8.8", True),
    ],
)  # fmt: skip
def test_public_addresses(text: str, public: bool) -> None:
    assert http.is_public(ipaddress.ip_address(text)) is public


@pytest.mark.parametrize("url", ["ftp://example.org/x", "file:///etc/passwd", "no address", "http://"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(Permanent):
        http.get(url)
