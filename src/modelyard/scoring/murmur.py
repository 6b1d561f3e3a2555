"""MurmurHash3, 32 bits: where a piece of text goes when it is hashed into columns.

Source: Austin Appleby, public domain, MurmurHash3_x86_32. scikit-learn's FeatureHasher uses the same with seed 0.
It spreads; it protects nothing: whoever may send texts can find two that meet.
"""

from __future__ import annotations

WHOLE = 0xFFFFFFFF
FIRST, SECOND = 0xCC9E2D51, 0x1B873593


def murmur3(data: bytes, seed: int = 0) -> int:
    """Between −2³¹ and 2³¹ − 1.

    >>> murmur3(b""), murmur3(b"foo"), murmur3("é".encode())
    (0, -156908512, 269551495)
    """
    h, whole = seed, len(data) & ~3
    for at in range(0, whole, 4):
        h ^= _mixed(int.from_bytes(data[at : at + 4], "little"))
        h = (h << 13 | h >> 19) & WHOLE
        h = (h * 5 + 0xE6546B64) & WHOLE
    if len(data) > whole:
        h ^= _mixed(int.from_bytes(data[whole:], "little"))
    h ^= len(data)
    h = ((h ^ h >> 16) * 0x85EBCA6B) & WHOLE
    h = ((h ^ h >> 13) * 0xC2B2AE35) & WHOLE
    h ^= h >> 16
    return h - (1 << 32) if h >> 31 else h


def _mixed(word: int) -> int:
    word = (word * FIRST) & WHOLE
    return ((word << 15 | word >> 17) & WHOLE) * SECOND & WHOLE
