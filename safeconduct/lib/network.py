"""Connections that cannot outlast a deadline and cannot end up at an address that nobody checked.

A backend for httpcore: names are looked up once, every address found is checked, and the connection goes to one
of exactly those. The look-up, the connection, the TLS handshake and every read and write get what is left of one
deadline, so a peer that sends a byte a second gains nothing. Knows no HTTP.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore
from django.conf import settings

from safeconduct.lib.errors import Permanent, Temporary

_IMDS6 = ipaddress.ip_address("fd00:ec2::254")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
FIRST_ADDRESS_SECONDS = 5.0
"""How long one of several addresses is tried before the next: a host may name one that does not answer."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Deadline:
    """A moment on the machine's steady clock, and the seconds that were given until then."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left; raises httpcore.TimeoutException when there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline has passed")
        return left


class Backend(httpcore.NetworkBackend):
    """Connects to public addresses only (unless the operator allows others), before a deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Look `host` up once and connect to the first of its addresses that answers."""
        addresses = pinned_addresses(host, port, self._deadline)
        options = list(socket_options or ())
        for address in addresses[:-1]:
            seconds = min(FIRST_ADDRESS_SECONDS, self._deadline.left() / 2)
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connect(address, port, seconds, options)
        return self._connect(addresses[-1], port, self._deadline.left(), options)

    def _connect(self, address: Address, port: int, seconds: float, options: list[Any]) -> _Stream:
        inner = self._inner.connect_tcp(str(address), port, timeout=seconds, socket_options=options)
        return _Stream(inner, self._deadline)


class _Stream(httpcore.NetworkStream):
    """A stream whose every operation gets the time that is left, whatever its caller would have granted."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left())
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def pinned_addresses(host: str, port: int, deadline: Deadline) -> list[Address]:
    """The addresses to connect to, looked up once. Raises Permanent when any of them is not public."""
    bare = host.strip("[]")
    try:
        found: list[Address] = [ipaddress.ip_address(bare)]
    except ValueError:
        found = _looked_up(bare, port, deadline)
    if not found:
        raise Temporary(f"the address of {host} is not known")
    may_be_private = getattr(settings, "SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES", False)
    for address in found:
        named = bare if str(address) == bare else f"{host} is at {address}, which"
        if is_never_a_feed(address):
            raise Permanent(f"{named} is never a feed's address")
        if not may_be_private and not is_public(address):
            raise Permanent(f"{named} is not a public address")
    return found


def _looked_up(host: str, port: int, deadline: Deadline) -> list[Address]:
    """Ask the resolver, which has no time-out of its own: a thread that is late is left behind."""
    answer: list[list[Address] | Exception] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            texts = dict.fromkeys(str(row[4][0]).partition("%")[0] for row in rows)
            answer.append([ipaddress.ip_address(text) for text in texts])
        except (OSError, ValueError) as error:  # UnicodeError of an odd name is a ValueError
            answer.append(error)

    thread = threading.Thread(target=ask, name="look-up", daemon=True)
    thread.start()
    thread.join(deadline.left())
    if not answer:
        raise Temporary(f"the address of {host} could not be looked up within {deadline.seconds:g} s")
    if isinstance(answer[0], Exception):
        reason = getattr(answer[0], "strerror", None) or str(answer[0])
        raise Temporary(f"the address of {host} is not known: {reason}")
    return answer[0]


def is_never_a_feed(address: Address) -> bool:
    """Whether an address is refused even where private ones are allowed: link-local ones hand out a cloud's keys."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_never_a_feed(address.ipv4_mapped)
        if address == _IMDS6:
            return True
    return address.is_link_local or address.is_multicast or address.is_unspecified


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


def breach(error: Exception) -> str:
    """What httpcore and h11 say of an answer that is none, told apart by whether anything was missing."""
    text = str(error)
    if "without sending" not in text:
        return f"spoke no HTTP: {text}"
    counted = text.partition("(")[2].rstrip(")")
    return (
        f"broke off in the middle of its answer ({counted})"
        if counted
        else "broke off before its answer was whole"
    )


def trouble(error: Exception) -> str:
    """What went wrong on the line, in words that an operator can act on."""
    cause = error.args[0] if error.args else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"no secure connection: {cause.reason or cause}"
    return str(error) or type(error).__name__
