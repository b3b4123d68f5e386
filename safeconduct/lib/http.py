"""Outbound HTTP of ours: one GET, polite and on a short lead.

One deadline over the whole exchange, from the look-up of the name to the last byte and through all redirects; a
size limit on what arrives, packed and unpacked; an identifying user agent; an address looked up once and pinned
(so that it cannot change between check and use), private ranges refused unless the operator allows them, and every
redirect checked again. Half an answer is no answer: an early close, a part (206), a packed body without its end
are failures. It refuses other methods than GET, cookies, proxies from the environment, encodings that were not
asked for and anything that is not http or https.
"""

from __future__ import annotations

import functools
import io
import ssl
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpcore
import httpx
from django.conf import settings

from safeconduct.lib import clock, unpacking
from safeconduct.lib.errors import Permanent, Temporary
from safeconduct.lib.network import Backend, Deadline, breach, trouble

SIZE_LIMIT = 20 * 1024 * 1024
TIMEOUT_SECONDS = 30.0
REDIRECT_LIMIT = 5
HEADER_LIMIT = 100
USER_AGENT = "Safeconduct/0.1 (travel safety portal; {contact})"
_LATER = {408, 425, 429}
_REDIRECTS = {301, 302, 303, 307, 308}
_PORTS = {"http": 80, "https": 443}


class RefusedNow(Temporary):
    """A server answered with a status that may change. `host` is who said so."""

    def __init__(self, reason: str, *, status: int, host: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason, retry_after)
        self.status = status
        self.host = host


class RefusedForGood(Permanent):
    """A server answered with a status that another try will not change."""

    def __init__(self, reason: str, *, status: int) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """What came back. `is_unchanged` is a 304: then there is no body."""

    url: str
    status: int
    body: bytes
    content_type: str
    etag: str
    last_modified: str

    @property
    def is_unchanged(self) -> bool:
        """Whether the server said that nothing changed since the validators given."""
        return self.status == HTTPStatus.NOT_MODIFIED


def get(
    url: str,
    *,
    etag: str = "",
    last_modified: str = "",
    accept: str = "*/*",
    size_limit: int | None = None,
    timeout_seconds: float | None = None,
) -> Answer:
    """Fetch one document. Raises Temporary when a later try may help, Permanent when it will not.

    `size_limit`: bytes, unpacked (20 MB). `timeout_seconds`: for everything together (the operator's setting).
    """
    deadline = Deadline(
        timeout_seconds or float(getattr(settings, "SAFECONDUCT_FETCH_SECONDS", TIMEOUT_SECONDS))
    )
    headers = {"User-Agent": user_agent(), "Accept": accept, "Accept-Encoding": unpacking.ACCEPTED}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    target = _web_address(url)
    ports = {*_PORTS.values(), _port(target)}
    first = target
    seen = {str(target)}
    for _ in range(REDIRECT_LIMIT + 1):
        try:
            answer = _one(target, headers, deadline, size_limit or SIZE_LIMIT)
        except Permanent as error:
            if target is not first and type(error) is Permanent:
                raise Permanent(f"{first.host} led to another address: {error.reason}") from None
            raise
        if isinstance(answer, Answer):
            return answer
        _check_redirect(target, answer, ports)
        if str(answer) in seen:
            raise Permanent(f"{target.host} redirects in a circle")
        seen.add(str(answer))
        target = answer
    raise Permanent(f"more than {REDIRECT_LIMIT} redirects")


def user_agent() -> str:
    """How we introduce ourselves: with the address where the operator can be found."""
    return USER_AGENT.format(contact=getattr(settings, "SAFECONDUCT_URL", "") or "self-hosted")


def _web_address(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise Permanent(f"not a web address: {error}") from None
    if target.scheme not in _PORTS or not target.host:
        raise Permanent(f"only http and https addresses are fetched, not “{target.scheme}”")
    return target.copy_with(userinfo=b"", fragment=None)


def _port(target: httpx.URL) -> int:
    return target.port or _PORTS[target.scheme]


def _check_redirect(target: httpx.URL, new: httpx.URL, ports: set[int]) -> None:
    """Refuse to be led from https to http, or to a port that no web server is known to have."""
    if target.scheme == "https" and new.scheme != "https":
        raise Permanent(f"{target.host} redirects from https to {new.scheme}: refused")
    if _port(new) not in ports:
        raise Permanent(f"{target.host} redirects to port {_port(new)}: refused")


def _one(
    target: httpx.URL, headers: dict[str, str], deadline: Deadline, size_limit: int
) -> Answer | httpx.URL:
    """One request: the answer, or where it redirects to."""
    body = _Body(size_limit)
    is_conditional = "If-None-Match" in headers or "If-Modified-Since" in headers
    address = httpcore.URL(
        scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
    )
    sent = [(key.encode("ascii"), value.encode("latin-1")) for key, value in headers.items()]
    sent.append((b"Host", target.netloc))
    context = _ssl_context() if target.scheme == "https" else None
    pool = httpcore.ConnectionPool(ssl_context=context, network_backend=Backend(deadline), max_connections=1)
    try:
        with pool, pool.stream("GET", address, headers=sent) as response:
            found = _headers(response, target)
            if response.status in _REDIRECTS:
                return _redirect(response.status, found.get("location", ""), target)
            _check_status(response.status, found, target, is_conditional=is_conditional)
            if response.status != HTTPStatus.NOT_MODIFIED:
                body.read(response, found, target.host, deadline)
    except httpcore.TimeoutException:
        raise Temporary(f"{target.host} {body.progress} within {deadline.seconds:g} s") from None
    except httpcore.RemoteProtocolError as error:
        raise Temporary(f"{target.host} {breach(error)}") from None
    except httpcore.NetworkError as error:
        raise Temporary(f"{target.host}: {trouble(error)}") from None
    except httpcore.LocalProtocolError as error:
        raise Permanent(f"{target.host} cannot be asked: {error}") from None
    return Answer(
        url=str(target),
        status=response.status,
        body=body.buffer.getvalue(),
        content_type=found.get("content-type", "")[:100],
        etag=_validator(found.get("etag", ""), 200),
        last_modified=_validator(found.get("last-modified", ""), 100),
    )


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """The usual certificate authorities, whatever the environment says; reading them takes a while."""
    return httpx.create_ssl_context(trust_env=False)


def _headers(response: httpcore.Response, target: httpx.URL) -> dict[str, str]:
    """Headers by their lower-case names; of a repeated one the values joined (RFC 9110 §5.3)."""
    if len(response.headers) > HEADER_LIMIT:
        raise Temporary(f"{target.host} answered with {len(response.headers)} headers: refused")
    found: dict[str, str] = {}
    for name, value in response.headers:
        key, text = name.decode("ascii").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _validator(text: str, limit: int) -> str:
    """A validator as it came, or none when it is longer than can be kept: half of it would never match."""
    return text if len(text) <= limit else ""


def _redirect(status: int, location: str, target: httpx.URL) -> httpx.URL:
    if not location:
        raise RefusedForGood(f"{target.host} answered {status} without saying where to go", status=status)
    try:
        return _web_address(str(target.join(location)))
    except (httpx.InvalidURL, ValueError) as error:
        raise Permanent(f"{target.host} redirects to no web address: {error}") from None
    except Permanent as error:
        raise Permanent(f"{target.host} redirects: {error.reason}") from None


def _check_status(status: int, found: dict[str, str], target: httpx.URL, *, is_conditional: bool) -> None:
    """Return when a body may be read or nothing changed; raise what the status means otherwise."""
    host = target.host
    text = f"{host} answered {status} {_phrase(status)}".strip()
    if status in (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.PARTIAL_CONTENT):
        wanted = "a part only" if status == HTTPStatus.PARTIAL_CONTENT else "nothing to read"
        raise RefusedNow(f"{text}: {wanted}", status=status, host=host)
    if status == HTTPStatus.NOT_MODIFIED and not is_conditional:
        raise RefusedNow(f"{text}, but it was not asked what had changed", status=status, host=host)
    if status == HTTPStatus.NOT_MODIFIED or 200 <= status < 300:
        return
    if status >= 500 or status in _LATER:
        wait = _retry_after(found.get("retry-after", ""))
        if wait:
            text += f" and wants to be left alone for {wait.total_seconds():,.0f} s"
        raise RefusedNow(text, status=status, host=host, retry_after=wait)
    raise RefusedForGood(text, status=status)


def _phrase(status: int) -> str:
    """The standard's words for a status: the server's own could be anything."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _retry_after(text: str) -> timedelta | None:
    """RFC 9110 §10.2.3: seconds or an HTTP date."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return timedelta(seconds=min(int(text), 86400))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    wait = at - clock.now()
    return min(max(wait, timedelta()), timedelta(days=1))


class _Body:
    """Collects a body within its limits, and knows how far it came."""

    def __init__(self, size_limit: int) -> None:
        self.buffer = io.BytesIO()
        self.progress = "did not answer"
        self._limit = size_limit

    def read(self, response: httpcore.Response, found: dict[str, str], host: str, deadline: Deadline) -> None:
        """Read and unpack the whole body. Raises Permanent beyond the limit, Temporary for half of one."""
        length = found.get("content-length", "")
        if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > self._limit):
            raise self._too_large()
        unpacker = unpacking.Unpacker(found.get("content-encoding", ""), host)
        arrived = 0
        self.progress = "began to answer, but had sent nothing"
        for packed in response.iter_stream():
            arrived += len(packed)
            if arrived > self._limit:
                raise self._too_large()
            for chunk in unpacker.feed(packed):
                if self.buffer.tell() + len(chunk) > self._limit:
                    raise self._too_large()
                self.buffer.write(chunk)
            self.progress = f"had sent only {arrived:,} bytes of its answer"
            deadline.left()
        unpacker.end()

    def _too_large(self) -> Permanent:
        return Permanent(f"the answer is larger than {self._limit:,} bytes")
