"""Times as people read them: UTC, to the second. And back."""

from __future__ import annotations

from datetime import UTC, datetime

from modelyard.errors.data import BadDuration


def shown(at: int | None) -> str:
    """
    >>> shown(1_357_016_400_000_000)
    '2013-01-01 05:00:00'
    """
    return "never" if at is None else f"{datetime.fromtimestamp(at / 1e6, UTC):%Y-%m-%d %H:%M:%S}"


def moment(text: str) -> int:
    """Microseconds since 1970 of a date or time; without an offset it is UTC. A date means its end, so that `--at` a
    day includes that day.

    >>> shown(moment("2013-01-01")), shown(moment("2013-01-01T05:00+01:00"))
    ('2013-01-01 23:59:59', '2013-01-01 04:00:00')
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadDuration(f"{text!r} is no date", who="--at", way_out="Write 2013-01-31 or 2013-01-31T05:00Z") from None
    if len(text) <= 10:
        found = found.replace(hour=23, minute=59, second=59, microsecond=999_999)
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return int(found.timestamp() * 1_000_000)
