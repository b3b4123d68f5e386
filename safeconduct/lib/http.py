"""Outbound HTTP of ours: one GET, polite and on a short lead.

Time-out over the whole answer, size limit on what arrives unpacked, an identifying user agent, an address
looked up once and pinned (so that it cannot change between check and use), private ranges refused unless
the operator allows them, and every redirect checked again. It refuses other methods than GET, cookies,
proxies from the environment and anything that is not http or https.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
from django.conf import settings

from safeconduct.lib import clock
from safeconduct.lib.errors import Permanent, Temporary

SIZE_LIMIT = 20 * 1024 * 1024
TIMEOUT_SECONDS = 30.0
REDIRECT_LIMIT = 5
USER_AGENT = "Safeconduct/0.1 (travel safety portal; {contact})"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LATER = {408, 425, 429}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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
    size_limit: int = SIZE_LIMIT,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Answer:
    """Fetch one document. Raises Temporary when a later try may help, Permanent when it will not."""
    deadline = time.monotonic() + timeout_seconds
    headers = {"User-Agent": user_agent(), "Accept": accept}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Permanent(f"not a web address: {error}") from None
    with httpx.Client(trust_env=False, follow_redirects=False, timeout=timeout_seconds) as client:
        for _ in range(REDIRECT_LIMIT + 1):
            answer = _one(client, target, headers, deadline, size_limit)
            if isinstance(answer, Answer):
                return answer
            if target.scheme == "https" and answer.scheme != "https":
                raise Permanent(f"{target.host} redirects from https to {answer.scheme}: refused")
            target = answer
    raise Permanent(f"more than {REDIRECT_LIMIT} redirects")


def user_agent() -> str:
    """How we introduce ourselves: with the address where the operator can be found."""
    return USER_AGENT.format(contact=getattr(settings, "SAFECONDUCT_URL", "") or "self-hosted")


def _one(
    client: httpx.Client, target: httpx.URL, headers: dict[str, str], deadline: float, size_limit: int
) -> Answer | httpx.URL:
    """One request to a pinned address: the answer, or where it redirects to."""
    if target.scheme not in ("http", "https") or not target.host:
        raise Permanent(f"only http and https addresses are fetched, not “{target.scheme}”")
    address = pinned_address(target.host, target.port or (443 if target.scheme == "https" else 80))
    pinned = target.copy_with(host=str(address), userinfo=b"", fragment=None)
    host = target.netloc.decode("ascii")
    request = client.build_request("GET", pinned, headers={**headers, "Host": host})
    request.extensions["sni_hostname"] = target.host
    try:
        response = client.send(request, stream=True)
        try:
            if response.has_redirect_location:
                return target.join(response.headers["location"])
            _raise_for_status(response, target)
            body = _body(response, deadline, size_limit)
        finally:
            response.close()
    except httpx.TimeoutException:
        raise Temporary(f"{target.host} did not answer in time") from None
    except httpx.InvalidURL as error:
        raise Permanent(f"{target.host} redirects to no web address: {error}") from None
    except httpx.HTTPError as error:
        raise Temporary(f"{target.host}: {error or type(error).__name__}") from None
    return Answer(
        url=str(target),
        status=response.status_code,
        body=body,
        content_type=response.headers.get("content-type", "")[:100],
        etag=response.headers.get("etag", "")[:200],
        last_modified=response.headers.get("last-modified", "")[:100],
    )


def _raise_for_status(response: httpx.Response, target: httpx.URL) -> None:
    status = response.status_code
    if status == HTTPStatus.NOT_MODIFIED or 200 <= status < 300:
        return
    text = f"{target.host} answered {status} {response.reason_phrase}".strip()
    if status >= 500 or status in _LATER:
        raise Temporary(text, retry_after=_retry_after(response.headers.get("retry-after", "")))
    raise Permanent(text)


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


def _body(response: httpx.Response, deadline: float, size_limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_bytes(65536):
        size += len(chunk)
        if size > size_limit:
            raise Permanent(f"the answer is larger than {size_limit:,} bytes")
        if time.monotonic() > deadline:
            raise Temporary("the answer did not arrive in time")
        chunks.append(chunk)
    return b"".join(chunks)


def pinned_address(host: str, port: int) -> Address:
    """The address to connect to, looked up once. Raises Permanent when any of them is not public."""
    bare = host.strip("[]")
    try:
        found = [ipaddress.ip_address(bare)]
    except ValueError:
        try:
            rows = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Temporary(f"the address of {host} is not known: {error}") from None
        found = [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]
    if not found:
        raise Temporary(f"the address of {host} is not known")
    if not getattr(settings, "SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES", False):
        for address in found:
            if not is_public(address):
                raise Permanent(f"{host} is at {address}, which is not a public address")
    return found[0]


def is_public(address: Address) -> bool:
    """Whether an address is on the open internet, seen through IPv4-in-IPv6 forms too."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
