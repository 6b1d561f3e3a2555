"""The bytes of an answer, unpacked as they come and never past a bound: a packed answer says nothing of its size."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

STEP = 1 << 16
PACKED = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class TooLong(Exception):
    pass


class Damaged(Exception):
    """Packed bytes that end early, do not unpack, or are packed in a way that was not asked for."""


def unpacked(chunks: Iterable[bytes], packing: str, most: int) -> bytes:
    """Raises TooLong, Damaged.

    >>> import gzip
    >>> unpacked([gzip.compress(b"[1]")], "gzip", 3)
    b'[1]'
    """
    words = packing.strip().lower()
    if words in ("", "identity"):
        return _joined(chunks, most)
    if words not in PACKED:
        raise Damaged(f"is packed as {words[:40]!r}")
    return _joined(_inflated(chunks, PACKED[words]), most)


def _joined(chunks: Iterable[bytes], most: int) -> bytes:
    whole = bytearray()
    for chunk in chunks:
        whole += chunk
        if len(whole) > most:
            raise TooLong
    return bytes(whole)


def _inflated(chunks: Iterable[bytes], bits: int) -> Iterable[bytes]:
    machine = zlib.decompressobj(bits)
    try:
        for chunk in chunks:
            data = chunk
            while data and not machine.eof:
                yield machine.decompress(data, STEP)
                data = machine.unconsumed_tail
            if data or machine.unused_data:
                raise Damaged("goes on after its packed bytes end")
    except zlib.error:
        raise Damaged("does not unpack") from None
    if not machine.eof:
        raise Damaged("ends inside its packed bytes")
