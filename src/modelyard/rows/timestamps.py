"""Timestamps of a request: text in, microseconds since 1970 UTC out.

Strict on purpose: a time without an offset means nothing unless the contract names its zone, and a number could be
seconds, milliseconds or nanoseconds. Microseconds are exact in float64 for the years 1684 to 2255; others are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from modelyard.errors.serving import UnknownZone

EXACT = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FORM = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)

Reader = Callable[[str], int]


class BadTime(Exception):
    """Why a text is no time here: caught by the reader of rows, which names row and column."""


def reader(zone: str | None) -> Reader:
    """A function from text to microseconds; it raises BadTime with the reason.

    >>> reader("America/New_York")("2013-01-01T05:15:00")
    1357035300000000
    >>> reader(None)("2013-01-01T05:15:00-05:00")
    1357035300000000
    """
    home = _zone(zone) if zone else None

    def read(text: str) -> int:
        if not _FORM.fullmatch(text):
            raise BadTime("not a time like 2013-01-31T05:15:00Z (at most microseconds)")
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = _placed(moment, home)
            value = (moment - _EPOCH) // _MICROSECOND
        except (ValueError, OverflowError) as error:
            raise BadTime(str(error)) from None
        if not -EXACT <= value <= EXACT:
            raise BadTime("outside the years 1684 to 2255, where microseconds are exact")
        return value

    return read


def _placed(moment: datetime, home: tzinfo | None) -> datetime:
    if home is None:
        raise BadTime("a time without an offset, and the model names no time zone")
    placed = moment.replace(tzinfo=home)
    if placed.utcoffset() != placed.replace(fold=1).utcoffset():
        back = placed.astimezone(UTC).astimezone(home).replace(tzinfo=None)
        if back != moment:
            raise BadTime(f"a time that the clocks of {home} skip")
    return placed


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone(f"the time zone {name!r} is not known here") from None
