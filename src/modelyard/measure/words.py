"""What words are when they are not just words: dates, numbers. Judged by pattern, over the different words."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_CLOCK = r"(?:[T ]\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\s*(?:am|pm)?(?:Z|[+-]\d\d:?\d\d)?)?"
_DATE = re.compile(
    rf"(?:\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}|\d{{1,2}}([-/.])\d{{1,2}}\2(?:\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}[ -]{_MONTH}[ -,]*\d{{2,4}}|{_MONTH} \d{{1,2}},? \d{{4}}){_CLOCK}",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?\s*", re.IGNORECASE)
LOOKED_AT = 2000
"""Different words, evenly over all."""


def dated(words: Sequence[str]) -> float:
    """The share that read as dates.

    >>> dated(("31.12.2013", "1 Jan 2014", "2013-12-31T08:00:00Z")), dated(("1.5.0",)), dated(("a",))
    (1.0, 0.0, 0.0)
    """
    return _share(_DATE, words)


def numeric(words: Sequence[str]) -> float:
    """The share that read as numbers.

    >>> numeric(("12", "1,5", "-3e5", "n/a"))
    0.75
    """
    return _share(_NUMBER, words)


def _share(pattern: re.Pattern[str], words: Sequence[str]) -> float:
    looked_at = words[:: max(len(words) // LOOKED_AT, 1)]
    return sum(pattern.fullmatch(word) is not None for word in looked_at) / len(looked_at) if looked_at else 0.0
