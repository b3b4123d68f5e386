"""One spelling for each mail address: lower case, the domain in ASCII (IDNA 2008)."""

from __future__ import annotations

import idna


def one_spelling(email: str) -> str:
    """Return the address as it is stored and compared. What is no address comes back in lower case."""
    local, at, domain = email.strip().lower().rpartition("@")
    if not at:
        return email.strip().lower()
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii').lower()}"
    except idna.IDNAError:
        return f"{local}@{domain}"
