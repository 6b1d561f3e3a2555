"""Durations (`45d`) and rates (`1 per 90d`): one small grammar for the whole project file."""

from __future__ import annotations

import re

from msgspec import Struct

from modelyard.errors.data import BadDuration

MICROSECONDS = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}

_DURATION = re.compile(r"\s*(\d+)\s*([smhdw])\s*")
_RATE = re.compile(r"\s*(\d+)\s+per\s+(\d+\s*[smhdw])\s*")


def microseconds(text: str) -> int:
    """
    >>> microseconds("45d") == 45 * 24 * 3600 * 10**6
    True
    """
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise BadDuration(f"{text!r} is not a duration")
    return int(found[1]) * MICROSECONDS[found[2]]


class Rate(Struct, frozen=True):
    """So many times in so long (event time, microseconds)."""

    times: int
    per: int

    @classmethod
    def parse(cls, text: str) -> Rate:
        """
        >>> Rate.parse("1 per 7d").per // MICROSECONDS["d"]
        7
        """
        found = _RATE.fullmatch(text) if isinstance(text, str) else None
        if not found:
            raise BadDuration(f"{text!r} is not a rate")
        return cls(int(found[1]), microseconds(found[2]))
