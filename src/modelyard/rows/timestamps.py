"""Timestamps of a request: text in, microseconds since 1970 UTC out.

Strict on purpose: a time without an offset means nothing unless the contract names its zone, and a number could be
seconds, milliseconds or nanoseconds. An offset is +02:00, +0200 or +02, as libraries and databases write it, and as a
file that is learned from may have it. Microseconds are exact in float64 for the years 1684 to 2255; others are refused.

Twice a year a clock on a wall says what is not one moment: in the hour that it shows twice the first is meant, in the
hour that it skips the offset from before holds. That is what `frame/zone.py` makes of a file, so a row means the same
wherever it comes from; who answers a client says so in a warning.
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
_FORM = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII)

Reader = Callable[[str], int]


class BadTime(Exception):
    """Why a text is no time here: caught by the reader of rows, which names row and column."""


class DoubtfulTime(BadTime):
    """`why`: `doubled_hour` or `skipped_hour`; `value`: the microseconds that are meant."""

    def __init__(self, why: str, value: int) -> None:
        super().__init__(why)
        self.why, self.value = why, value

    @property
    def read_as(self) -> str:
        return (_EPOCH + timedelta(microseconds=self.value)).isoformat().replace("+00:00", "Z")


def reader(zone: str | None, sure: bool = False) -> Reader:
    """A function from text to microseconds; it raises BadTime with the reason. `sure`: and DoubtfulTime for what the
    clocks of the zone say twice or never.

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
            said = datetime.fromisoformat(text)
            moment = _placed(said, home) if said.tzinfo is None else said
            value = (moment - _EPOCH) // _MICROSECOND
        except (ValueError, OverflowError) as error:
            raise BadTime(str(error)) from None
        if not -EXACT <= value <= EXACT:
            raise BadTime("outside the years 1684 to 2255, where microseconds are exact")
        if sure and moment is not said and moment.utcoffset() != moment.replace(fold=1).utcoffset():
            raise DoubtfulTime(_why(moment), value)
        return value

    return read


def _placed(moment: datetime, home: tzinfo | None) -> datetime:
    if home is None:
        raise BadTime("a time without an offset, and the model names no time zone")
    return moment.replace(tzinfo=home, fold=0)


def _why(placed: datetime) -> str:
    """A moment that comes back from UTC as it went is one that the clocks show."""
    back = placed.astimezone(UTC).astimezone(placed.tzinfo)
    return "doubled_hour" if back.replace(tzinfo=None) == placed.replace(tzinfo=None) else "skipped_hour"


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone(f"the time zone {name!r} is not known here") from None
