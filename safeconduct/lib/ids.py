"""Identifiers that people and addresses may see: random, short, without look-alike letters."""

from __future__ import annotations

import hashlib
import secrets

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_EVEN = 256 - 256 % len(ALPHABET)
"""Bytes below this fall on every letter equally often; the others are thrown away."""
_LETTERS = bytes(ord(ALPHABET[number % len(ALPHABET)]) for number in range(256))
_UNEVEN = bytes(range(_EVEN, 256))


def public_id() -> str:
    """Return 12 random characters (59 bits): enough not to be guessed or to meet by chance."""
    # By one call for all of them: a document of many messages draws thousands.
    letters = secrets.token_bytes(18).translate(_LETTERS, _UNEVEN)
    while len(letters) < 12:
        letters += secrets.token_bytes(18).translate(_LETTERS, _UNEVEN)
    return letters[:12].decode()


def token() -> str:
    """Return a secret for a link: 32 URL-safe characters, 192 bits."""
    return secrets.token_urlsafe(24)


def token_digest(secret: str) -> str:
    """Return what is stored of a token; the token itself is known to its holder alone."""
    return hashlib.sha256(secret.encode()).hexdigest()
