"""Mail domains: one spelling for each, which addresses lie in them, which can never prove belonging.

Pure: reads two shipped lists and nothing else. It refuses to guess: what is no domain name is an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import idna
from django.utils.translation import gettext

from safeconduct.lib.errors import Refused

DATA = Path(__file__).parent / "data"
LONGEST = 253


def spelled(domain: str) -> str:
    """Return the domain in lower-case ASCII (IDNA 2008), without "@" before or dot behind.

    Raises Refused for anything that is no domain name with at least two labels.
    """
    text = domain.strip().lstrip("@").rstrip(".")
    try:
        ascii_name = idna.encode(text, uts46=True, transitional=False).decode("ascii").lower()
    except idna.IDNAError:
        ascii_name = ""
    if "." not in ascii_name or len(ascii_name) > LONGEST or ascii_name.rsplit(".", 1)[1].isdigit():
        raise Refused("domain.invalid", gettext("This is not a domain name. Write it like example.edu."))
    return ascii_name


def domain_of(email: str) -> str:
    """Return the spelled domain of an address, or "" when it has none."""
    local, at, domain = email.strip().rpartition("@")
    if not (local and at):
        return ""
    try:
        return spelled(domain)
    except Refused:
        return ""


def with_parents(domain: str) -> list[str]:
    """Return the domain and every domain above it with two labels or more: a.b.example → three, two labels."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


def admits(admitted: str, includes_subdomains: bool, domain: str) -> bool:
    """Return whether an admitted domain covers a spelled one; subdomains only when they are included."""
    return domain == admitted or (includes_subdomains and domain.endswith(f".{admitted}"))


@cache
def public_mail_domains() -> frozenset[str]:
    """Return the domains where anybody can open an address."""
    return frozenset(_lines("public_mail_domains.txt"))


@cache
def registry_suffixes() -> frozenset[str]:
    """Return the suffixes under which anybody can have a domain."""
    return frozenset(_lines("registry_suffixes.txt"))


def _lines(name: str) -> Iterable[str]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def refuse_unprovable(domain: str) -> None:
    """Raise Refused for a spelled domain that can never prove belonging: public mail, or a registry's suffix."""
    if any(name in public_mail_domains() for name in with_parents(domain)):
        raise Refused("domain.public", _about(domain, gettext("Anybody can open an address in this domain, so it proves nothing.")))
    if domain in registry_suffixes():
        raise Refused("domain.registry", _about(domain, gettext("Many organisations share this ending. Enter the organisation's own domain.")))


def _about(domain: str, words: str) -> str:
    """Several domains are entered in one field: say which one is meant."""
    return f"{domain}: {words}"
