"""Date parts as instructions: a zone is bins of its transitions and a map to offsets, the calendar is arithmetic.

Every value stays a whole number below 2^53 and every division is of an exact multiple or of small numbers, so the parts
are exact. The calendar is the proleptic Gregorian one; offsets before 1900 and after 2100 are those of the ends.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Apply, Arith, ArithConst, Binary, Bins, Map, reals

HOUR, DAY = 3_600_000_000.0, 86_400_000_000.0
NAN = float("nan")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=16)
def transitions(zone: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(edges, offsets): from edge i on the offset is offsets[i + 1]; both in microseconds.

    >>> edges, offsets = transitions("Asia/Kolkata")
    >>> offsets[-1] / HOUR
    5.5
    """
    place = ZoneInfo(zone)
    edges: list[float] = []
    when, last = datetime(1900, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    offsets = [_offset(place, when)]
    while when < last:
        after = when + timedelta(days=1)
        while _offset(place, after) != offsets[-1]:
            edge = _first_change(place, when, after, offsets[-1])
            edges.append(_micros(edge - EPOCH))
            offsets.append(_offset(place, edge))
            when = edge
        when = after
    return tuple(edges), tuple(offsets)


def _micros(span: timedelta) -> float:
    return float(span.days * 86_400_000_000 + span.seconds * 1_000_000 + span.microseconds)


def _offset(place: ZoneInfo, when: datetime) -> float:
    return _micros(when.astimezone(place).utcoffset() or timedelta())


def _first_change(place: ZoneInfo, low: datetime, high: datetime, before: float) -> datetime:
    """The first second at which the offset is no longer `before`."""
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (middle, high) if _offset(place, middle) == before else (low, middle)
    return high


def emit_part(part: str, x: int, program: ProgramBuilder, zone: str) -> int:
    """hour, weekday (Monday 0), day, month or year of the register `x` (microseconds UTC) in `zone`."""
    return _Calendar(program).part(part, _local(x, program, zone))


def _local(x: int, program: ProgramBuilder, zone: str) -> int:
    edges, offsets = transitions(zone)
    if not edges and offsets == (0.0,):
        return x
    era = program.add(Bins(into=program.next, x=x, edges=reals(edges)))
    offset = program.add(Map(into=program.next, x=era, table=reals(offsets), missing=NAN, unseen=NAN))
    return program.add(Arith(into=program.next, f="add", a=x, b=offset))


class _Calendar:
    """Days since 1970 to year, month and day by whole-number arithmetic (era of 400 years, year from 1 March)."""

    def __init__(self, program: ProgramBuilder) -> None:
        self.program = program

    def part(self, part: str, local: int) -> int:
        within = self._const("mod", local, DAY)
        if part == "hour":
            return self._floor_div(within, HOUR)
        days = self._const("div", self._two("sub", local, within), DAY)
        if part == "weekday":
            return self._const("mod", self._const("add", days, 3.0), 7.0)
        found: dict[str, Callable[[int], int]] = {"day": self._day, "month": self._month, "year": self._year}
        return found[part](self._const("add", days, 719_468.0))

    def _const(self, f: Binary, x: int, value: float) -> int:
        return self.program.add(ArithConst(into=self.program.next, f=f, x=x, value=value))

    def _two(self, f: Binary, a: int, b: int) -> int:
        return self.program.add(Arith(into=self.program.next, f=f, a=a, b=b))

    def _floor_div(self, x: int, by: float) -> int:
        return self.program.add(Apply(into=self.program.next, f="floor", x=self._const("div", x, by)))

    def _year_of_era(self, days: int) -> tuple[int, int]:
        """(year of era, day of that year, both counted from 1 March)."""
        day = self._const("mod", days, 146_097.0)
        leaps = self._two("sub", day, self._floor_div(day, 1_460.0))
        leaps = self._two("add", leaps, self._floor_div(day, 36_524.0))
        year = self._floor_div(self._two("sub", leaps, self._floor_div(day, 146_096.0)), 365.0)
        begins = self._two("add", self._const("mul", year, 365.0), self._floor_div(year, 4.0))
        begins = self._two("sub", begins, self._floor_div(year, 100.0))
        return year, self._two("sub", day, begins)

    def _march(self, day_of_year: int) -> int:
        """Month counted from March = 0."""
        return self._floor_div(self._const("add", self._const("mul", day_of_year, 5.0), 2.0), 153.0)

    def _day(self, days: int) -> int:
        _, day = self._year_of_era(days)
        begins = self._const("add", self._const("mul", self._march(day), 153.0), 2.0)
        return self._const("add", self._two("sub", day, self._floor_div(begins, 5.0)), 1.0)

    def _month(self, days: int) -> int:
        march = self._march(self._year_of_era(days)[1])
        months = reals([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2])
        return self.program.add(Map(into=self.program.next, x=march, table=months, missing=NAN, unseen=NAN))

    def _year(self, days: int) -> int:
        year, day = self._year_of_era(days)
        whole = self._two("add", year, self._const("mul", self._floor_div(days, 146_097.0), 400.0))
        new_year = self._const("ge", self._march(day), 10.0)
        return self._two("add", whole, new_year)
