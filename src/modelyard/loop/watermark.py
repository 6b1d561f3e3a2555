"""How far event time has come: the start of the first hour that may still get rows.

An hour is complete once a later hour has begun. An event of the future, by the clock on the wall, does not count: one
client with a wrong clock would close every window at once.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, func, select

from modelyard.loop.ship import HOUR
from modelyard.schema.duration import MICROSECONDS
from modelyard.store.tables import rows_seen

EARLY = 5 * MICROSECONDS["m"]
"""So far clocks may differ."""


def wall_clock() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1_000


def watermark(sql: Connection, model: str, wall: int | None = None) -> int | None:
    """All hours before it are complete; None before the first row. `wall`: now, microseconds."""
    latest = (wall_clock() if wall is None else wall) + EARLY
    query = select(func.max(rows_seen.c.event)).where(rows_seen.c.model == model, rows_seen.c.event <= latest)
    found: int | None = sql.execute(query).scalar_one()
    return None if found is None else found - found % HOUR


def first_event(sql: Connection, model: str) -> int | None:
    """The earliest event shipped of that model."""
    found: int | None = sql.execute(select(func.min(rows_seen.c.event)).where(rows_seen.c.model == model)).scalar_one()
    return found
