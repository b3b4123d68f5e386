"""Identifiers that people and addresses may see: random, short, without look-alike letters."""

from __future__ import annotations

import hashlib
import secrets

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def public_id() -> str:
    """Return 12 random characters (59 bits): enough not to be guessed or to meet by chance."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


def token() -> str:
    """Return a secret for a link: 32 URL-safe characters, 192 bits."""
    return secrets.token_urlsafe(24)


def token_digest(secret: str) -> str:
    """Return what is stored of a token; the token itself is known to its holder alone."""
    return hashlib.sha256(secret.encode()).hexdigest()
