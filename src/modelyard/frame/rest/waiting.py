"""How long to wait: between requests, after a failure, and as long as a service itself says."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import SystemRandom

from modelyard.schema.duration import Rate

FIRST, LONGEST = 0.5, 60.0
"""Seconds after the first failure, doubled with each, and the most."""
_chance = SystemRandom().uniform


def after(text: str, now: datetime) -> float | None:
    """Seconds that `Retry-After` asks for: a number, or a moment; None where it is neither.

    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> after("120", now), after("Thu, 01 Jan 2026 00:01:00 GMT", now), after("soon", now)
    (120.0, 60.0, None)
    """
    words = text.strip()
    if words.isascii() and words.isdigit():
        return float(words[:9])
    try:
        moment = parsedate_to_datetime(words)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((aware - now).total_seconds(), 0.0)


def backed_off(failures: int) -> float:
    """Seconds after so many failures: twice as long each time, of which a half is left to chance, so that readers that
    failed together do not come again together.

    >>> 0.25 <= backed_off(1) <= 0.5, 30 <= backed_off(20) <= 60
    (True, True)
    """
    whole = min(FIRST * 2.0 ** min(failures - 1, 20), LONGEST)
    return _chance(whole / 2, whole)


class Pace:
    """At most so many requests in so long, evenly."""

    def __init__(self, rate: str | None, sleep: Callable[[float], None] = time.sleep) -> None:
        parsed = Rate.parse(rate) if rate else None
        self._between = parsed.per / 1e6 / parsed.times if parsed else 0.0
        self._sleep, self._next = sleep, 0.0

    def wait(self) -> None:
        now = time.monotonic()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._between
