"""Unpacking what a server packed, in small pieces: a bomb is noticed before it is in memory.

Reads gzip and deflate (RFC 9110 §8.4.1), which is all that we ask for; refuses other encodings and a body that was
packed twice. Never yields more than PIECE bytes at once; how many in all is the caller's to limit.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from safeconduct.lib.errors import Permanent, Temporary

ACCEPTED = "gzip, deflate"
PIECE = 64 * 1024
_GZIP, _ZLIB, _RAW = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS
_MAGIC = b"\x1f\x8b"


class Unpacker:
    """Unpacks one body. `encoding` is the Content-Encoding header, `host` is named in refusals."""

    def __init__(self, encoding: str, host: str) -> None:
        names = [
            name for part in encoding.split(",") if (name := part.strip().lower()) not in ("", "identity")
        ]
        if len(names) > 1:
            raise Permanent(f"{host} packed its answer {len(names)} times: refused")
        if names and names[0] not in ("gzip", "x-gzip", "deflate"):
            raise Permanent(f"{host} packed its answer as “{names[0][:20]}”, which was not asked for")
        self._name = names[0] if names else ""
        self._host = host
        self._began = False
        self._is_gzip = self._name.endswith("gzip")
        self._stream = zlib.decompressobj(_GZIP if self._is_gzip else _ZLIB)

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """Yield what `packed` holds, in pieces. Raises Temporary for what is not packed as it says."""
        if not self._name:
            for start in range(0, len(packed), PIECE):
                yield packed[start : start + PIECE]
            return
        try:
            yield from self._unpacked(packed)
        except zlib.error as error:
            raise Temporary(f"{self._host} says its answer is {self._name}, but it is not: {error}") from None

    def _unpacked(self, packed: bytes) -> Iterator[bytes]:
        while packed and not (self._stream.eof and not self._next_member(packed)):
            piece = self._piece(packed)
            self._began = True
            packed = self._stream.unconsumed_tail or self._stream.unused_data
            if piece:
                yield piece
        # What the stream still holds after its input is used up: a piece at a time as well.
        while not self._stream.eof and (piece := self._stream.decompress(b"", PIECE)):
            yield piece

    def _piece(self, packed: bytes) -> bytes:
        try:
            return self._stream.decompress(packed, PIECE)
        except zlib.error:
            if self._began or self._is_gzip:
                raise
            # Many servers send deflate without the wrapping that the standard wants.
            self._stream = zlib.decompressobj(_RAW)
            return self._stream.decompress(packed, PIECE)

    def _next_member(self, packed: bytes) -> bool:
        """Begin another gzip member, if there is one: several in a row are one body; anything else is padding."""
        if not self._is_gzip or not _MAGIC.startswith(packed[:2]):
            return False
        self._stream = zlib.decompressobj(_GZIP)
        return True

    def end(self) -> None:
        """Raise Temporary when the body ended before its packing did."""
        if self._name and self._began and not self._stream.eof:
            raise Temporary(f"{self._host} broke off: the packed answer has no end")
