"""Bounds of a cursor as SQL. Every row within them passes; where the SQL cannot be exact it is a little wider, and the
reader keeps what lies within: so no row hangs on how a database rounds, compares words or reads a clock."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
from msgspec import Struct

from modelyard.frame.sql.session import Field, Session
from modelyard.schema.pin import Mark

DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Within(Struct, frozen=True):
    """A condition, empty where there is none. `exact`: it holds for the rows within the bounds and for no others, so
    that a database can count them."""

    sql: str = ""
    exact: bool = False


def within(session: Session, field: Field, after: Mark | None, upto: Mark | None, zone: str) -> Within:
    """`field`: the cursor as it is read; datetimes without a zone are of `zone`."""
    ends = [(">", after), ("<=", upto)]
    if any(isinstance(mark, str) for _, mark in ends):
        return Within()
    known = [(sign, mark) for sign, mark in ends if isinstance(mark, int | float)]
    column = session.quote(field.name)
    if not known:
        return Within(f"{column} IS NOT NULL", field.dtype != pl.Float64 and field.dtype != pl.String)
    made = [_end(session, field, column, sign, mark, zone) for sign, mark in known]
    told = [one.sql for one in made if one.sql]
    return Within(" AND ".join(told), all(one.exact for one in made))


def _end(session: Session, field: Field, column: str, sign: str, mark: float, zone: str) -> Within:
    if isinstance(field.dtype, pl.Datetime):
        return _moment(session, field, column, sign, int(mark), zone)
    if field.dtype == pl.Int64 and float(mark).is_integer():
        return Within(session.sure(column, f"{column} {sign} {int(mark)}"), True)
    if field.dtype in (pl.Int64, pl.Float64):
        # a decimal may be rounded on its way to us
        wide = math.nextafter(mark, math.inf if sign == "<=" else -math.inf)
        return Within(session.sure(column, f"{column} {sign} {wide!r}") if math.isfinite(wide) else "")
    return Within()


def _moment(session: Session, field: Field, column: str, sign: str, micros: int, zone: str) -> Within:
    zoned = session.moment(field, micros)
    if zoned is not None:
        return Within(f"{column} {sign} {zoned}", True)
    if isinstance(field.dtype, pl.Datetime) and field.dtype.time_zone is None and zone != "UTC":
        # in the hours that a clock shows twice or skips, the order of what it shows is not that of time
        micros = _shown(micros, zone) + (DAY if sign == "<=" else -DAY)
    sql, exact = session.naive(column, sign, micros)
    return Within(sql, exact and zone == "UTC")


def _shown(micros: int, zone: str) -> int:
    """What a clock of the zone shows at that moment, as if it were UTC."""
    offset = (_EPOCH + timedelta(microseconds=micros)).astimezone(ZoneInfo(zone)).utcoffset()
    return micros + (offset or timedelta()) // timedelta(microseconds=1)
