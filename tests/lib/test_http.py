"""Fetching: pinned, capped, polite, and never to a private address by itself."""

from __future__ import annotations

import datetime
import gzip
import ipaddress
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from safeconduct.lib import http, network, unpacking
from safeconduct.lib.errors import Permanent, Temporary
from tests.lib.wire import Line, serve


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
    "/bomb": (200, {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 500_000, mtime=0)),
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
    with pytest.raises(Permanent, match=r"127\.0\.0\.1 is not a public address"):
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
    monkeypatch.setattr(network, "is_public", lambda address: str(address) == "127.0.0.1")
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
    assert network.is_public(ipaddress.ip_address(text)) is public


@pytest.mark.parametrize("url", ["ftp://example.org/x", "file:///etc/passwd", "no address", "http://"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(Permanent):
        http.get(url)


Raw = Callable[[Callable[[Line], None]], str]
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def raw(settings: Any) -> Iterator[Raw]:
    """Return a function: what is said on the line → the address where it is said."""
    settings.SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES = True
    with ExitStack() as servers:
        yield lambda handle: servers.enter_context(serve(handle))


def saying(*parts: bytes) -> Callable[[Line], None]:
    return lambda line: line.say(b"".join(parts))


def within(seconds: float, url: str, **asked: Any) -> str:
    """Return why an address could not be read, having looked at the time."""
    began = time.monotonic()
    with pytest.raises((Temporary, Permanent)) as refused:
        http.get(url, timeout_seconds=seconds, **asked)
    assert time.monotonic() - began < seconds + 0.4
    return str(refused.value)


@pytest.mark.parametrize(
    ("handle", "why"),
    [
        (lambda line: line.wait(), "did not answer within 0.3 s"),
        (lambda line: line.drip(HEAD + b"X: " + b"y" * 500), "did not answer within 0.3 s"),
        (lambda line: (line.say(HEAD + b"Content-Length: 500\r\n\r\n"), line.wait()), "had sent nothing"),
        (lambda line: (line.say(HEAD + b"Content-Length: 500\r\n\r\n"), line.drip(b"x" * 500)), "had sent only"),
        (lambda line: (line.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), line.drip(b"1\r\nx\r\n" * 99)),
         "had sent only"),
        (lambda line: [line.drip(b"HTTP/1.1 102 Processing\r\n\r\n", seconds=0.005) for _ in range(20)],
         "did not answer within 0.3 s"),
    ],
    ids=["silent", "headers dripped", "no body", "body dripped", "chunks dripped", "for ever in progress"],
)  # fmt: skip
def test_nobody_holds_us_beyond_the_limit(raw: Raw, handle: Any, why: str) -> None:
    assert why in within(0.3, raw(handle))


def test_the_limit_holds_over_all_redirects_together(raw: Raw) -> None:
    def slow(line: Line) -> None:
        time.sleep(0.15)
        line.answer(b"", f"Location: {line.path}x", status="302 Found")

    assert "within 0.3 s" in within(0.3, raw(slow))


def test_a_look_up_that_takes_too_long_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    ending = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: ending.wait(5) and [])
    assert "could not be looked up within 0.2 s" in within(0.2, "http://feeds.example.org/")
    ending.set()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (HEAD + b"Content-Length: 100\r\n\r\n<half", "broke off"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<half\r\n", "broke off"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nrubbish\r\n", "spoke no HTTP"),
        (HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"<a/>" * 99, mtime=0)[:-9],
         "the packed answer has no end"),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n<a/>", "is gzip, but it is not"),
        (HEAD + b"X: " + b"y" * 200_000, "spoke no HTTP"),
        (HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(150)) + b"\r\n", "150 headers"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "spoke no HTTP"),
        (b"", "broke off"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "204 No Content: nothing to read"),
        (b"HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\n<a/>", "206 Partial Content: a part only"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", "not asked what had changed"),
    ],
)  # fmt: skip
def test_half_an_answer_is_none_and_may_be_asked_for_again(raw: Raw, said: bytes, why: str) -> None:
    with pytest.raises(Temporary, match=why):
        http.get(raw(saying(said)), timeout_seconds=2)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (HEAD + b"Content-Encoding: gzip, gzip\r\nContent-Length: 0\r\n\r\n", "packed its answer 2 times"),
        (HEAD + b"Content-Encoding: br\r\nContent-Length: 4\r\n\r\nabcd", "“br”, which was not asked for"),
        (HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", "larger than"),
        (HEAD + b"Content-Length: 2000\r\n\r\n", "larger than 1,000 bytes"),
        (HEAD + b"\r\n" + b"x" * 2000, "larger than 1,000 bytes"),
        (b"HTTP/1.1 302 Found\r\n\r\n", "without saying where"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n", "redirects to no web address|redirects: not a web"),
        (b"HTTP/1.1 302 Found\r\nLocation: gopher://example.org/\r\n\r\n", "only http and https"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:22/\r\n\r\n", "redirects to port 22: refused"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "in a circle"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "answered 403 Forbidden"),
    ],
)  # fmt: skip
def test_what_another_try_will_not_mend(raw: Raw, said: bytes, why: str) -> None:
    with pytest.raises(Permanent, match=why):
        http.get(raw(saying(said)) + "/", timeout_seconds=2, size_limit=1000)


def test_many_redirects_are_too_many(raw: Raw) -> None:
    url = raw(lambda line: line.answer(b"", f"Location: {line.path}x", status="302 Found"))
    with pytest.raises(Permanent, match="more than 5 redirects"):
        http.get(url + "/x")


@pytest.mark.parametrize("allow", [True, False])
def test_a_redirect_to_the_machine_s_own_keys_is_refused(
    raw: Raw, settings: Any, monkeypatch: pytest.MonkeyPatch, allow: bool
) -> None:
    url = raw(lambda line: line.answer(b"", "Location: http://169.254.169.254/latest/", status="302 Found"))
    settings.SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES = allow
    known = network.is_public
    monkeypatch.setattr(network, "is_public", lambda address: str(address) == "127.0.0.1" or known(address))
    with pytest.raises(Permanent, match=r"169\.254\.169\.254 is never a feed"):
        http.get(url, timeout_seconds=1)


def test_from_https_nobody_leads_us_to_http() -> None:
    import httpx

    with pytest.raises(Permanent, match="from https to http"):
        http._check_redirect(httpx.URL("https://a.example/"), httpx.URL("http://a.example/"), {80, 443})


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (gzip.compress(b"<a/>" * 50_000, mtime=0), "gzip"),
        (
            gzip.compress(b"<a/>" * 20_000, mtime=0) + gzip.compress(b"<a/>" * 30_000, mtime=0) + b"\0" * 20,
            "x-gzip",
        ),
        (zlib.compress(b"<a/>" * 50_000), "deflate"),
        (zlib.compress(b"<a/>" * 50_000)[2:-4], "Deflate"),
        (b"<a/>" * 50_000, "identity"),
    ],
    ids=["gzip", "two members", "zlib", "bare deflate", "not packed"],
)
@pytest.mark.parametrize("step", [7, 1000, 10**6])
def test_packed_answers_are_read_whole_however_they_are_cut(packed: bytes, encoding: str, step: int) -> None:
    unpacker = unpacking.Unpacker(encoding, "host")
    pieces = [
        piece
        for start in range(0, len(packed), step)
        for piece in unpacker.feed(packed[start : start + step])
    ]
    unpacker.end()
    assert b"".join(pieces) == b"<a/>" * 50_000
    assert max(map(len, pieces)) <= unpacking.PIECE


def test_a_bomb_is_never_in_memory(raw: Raw) -> None:
    bomb = gzip.compress(b"\0" * 300_000_000, 9, mtime=0)
    url = raw(lambda line: line.answer(bomb, "Content-Encoding: gzip"))
    tracemalloc.start()
    try:
        with pytest.raises(Permanent, match="larger than 2,000,000 bytes"):
            http.get(url, size_limit=2_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000 + 3_000_000, peak


def test_the_next_address_is_tried_when_the_first_does_not_answer(
    raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(raw(lambda line: line.answer(b"<a/>")).rpartition(":")[2])
    known = socket.getaddrinfo

    def lookup(host: str, *args: Any, **kwargs: Any) -> list[Any]:
        if host != "feeds.example.org":
            return known(host, *args, **kwargs)
        return [(0, 0, 0, "", ("::1", port)), (0, 0, 0, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert http.get(f"http://feeds.example.org:{port}/").body == b"<a/>"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate of feeds.example.org with its key, its own authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("feeds.example.org")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(
        made.public_bytes(encoding) + key.private_bytes(encoding, form, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def secure(
    certificate: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], str]]:
    """Serve one document over TLS; return a function: host → address. Every host is at 127.0.0.1."""
    settings.SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True).start()
    known = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *args, **kwargs: known("127.0.0.1", *args, **kwargs)
    )
    yield lambda host: f"https://{host}:{httpd.server_port}/ok"
    httpd.shutdown()
    httpd.server_close()


def test_a_certificate_nobody_vouches_for_is_named(secure: Callable[[str], str]) -> None:
    with pytest.raises(Temporary, match="its certificate is not accepted: self-signed certificate"):
        http.get(secure("feeds.example.org"))


def test_a_certificate_must_be_the_host_s_own(
    secure: Callable[[str], str], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(http, "_ssl_context", lambda: trusted)
    assert http.get(secure("feeds.example.org")).body == b"<a/>"
    with pytest.raises(Temporary, match="not accepted: Hostname mismatch"):
        http.get(secure("other.example.org"))


def test_plain_http_where_tls_is_spoken_is_no_hang(raw: Raw) -> None:
    url = raw(lambda line: line.wait()).replace("http:", "https:")
    assert within(0.3, url)
