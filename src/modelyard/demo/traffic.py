"""April to September as requests, in event time: each flight asked about in the hour of its departure, its truth told
three days later.

A flight that was cancelled never departs, so nobody asks about it: it is counted. A diverted one is asked about and its
truth never comes. Days are days in New York, as the airline's own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from modelyard.demo.flights import KNOWN, ZONE, departures

FIRST, LAST = 4, 9
"""The months that are replayed."""
LATE = timedelta(days=3)


class Flight(Struct, frozen=True):
    """`body`: the request as it is sent. `delay`: None when it never arrives where it was to."""

    id: str
    departs: datetime
    body: bytes
    delay: float | None


class Hour(Struct, frozen=True):
    """What happens in one hour of event time: departures, and the truths of those that were due three days before."""

    starts: datetime
    flights: tuple[Flight, ...] = ()
    truths: tuple[Flight, ...] = ()


class Day(Struct, frozen=True):
    day: date
    hours: tuple[Hour, ...]
    cancelled: int

    @property
    def end(self) -> datetime:
        """Midnight in New York, as an instant."""
        return midnight(self.day + timedelta(days=1))

    @property
    def flights(self) -> int:
        return sum(len(hour.flights) for hour in self.hours)


def days(count: int | None = None) -> list[Day]:
    """The first `count` days of the replay, all 183 by default."""
    import polars as pl

    rows = departures(FIRST, LAST)
    start = date(2013, FIRST, 1)
    if count is not None:
        rows = rows.filter(pl.col("departs").dt.convert_time_zone(ZONE).dt.date() < start + timedelta(days=count))
    cancelled: defaultdict[date, int] = defaultdict(int)
    for day in rows.filter(pl.col("dep_delay").is_null())["departs"].dt.convert_time_zone(ZONE).dt.date():
        cancelled[day] += 1
    flown = rows.filter(pl.col("dep_delay").is_not_null()).to_dicts()
    return list(_days([_flight(row) for row in flown], cancelled))


def midnight(day: date) -> datetime:
    """When that day begins in New York.

    >>> midnight(date(2013, 4, 1)).isoformat()
    '2013-04-01T04:00:00+00:00'
    """
    return datetime.combine(day, datetime.min.time(), ZoneInfo(ZONE)).astimezone(UTC)


def _flight(row: dict[str, Any]) -> Flight:
    departs: datetime = row["departs"]
    request = {"id": row["id"], "departs": f"{departs:%Y-%m-%dT%H:%M:%SZ}", **{name: row[name] for name in KNOWN}}
    return Flight(id=row["id"], departs=departs, body=msgspec.json.encode(request), delay=row["arr_delay"])


def _days(flights: list[Flight], cancelled: dict[date, int]) -> Iterator[Day]:
    asked = {hour: tuple(them) for hour, them in groupby(flights, lambda flight: _hour(flight.departs))}
    told = {hour + LATE: tuple(f for f in them if f.delay is not None) for hour, them in asked.items()}
    last = max(map(_day, asked), default=None)
    hours = [
        Hour(starts=hour, flights=asked.get(hour, ()), truths=told.get(hour, ()))
        for hour in sorted(asked.keys() | told.keys())
        if last is not None and _day(hour) <= last
    ]
    for day, them in groupby(hours, lambda hour: _day(hour.starts)):
        yield Day(day=day, hours=tuple(them), cancelled=cancelled.get(day, 0))


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _day(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(ZONE)).date()
