"""Is the feed broken? Not drift: a column that is gone, empty, full of values never seen, or stuck.

A broken feed must not retrain a model, so it is a verdict of its own, and its limits are wide. Null and unseen limits
are the worst period of the reference plus ten points (the ten are a judgement) and must be exceeded by four standard
errors; a column is stuck only if no reference period was and chance would do it less than once in a million windows.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from msgspec import Struct

from modelyard.measure.counts import ColumnCounts, Counts
from modelyard.measure.profile import ColumnProfile, Profile

MARGIN = 0.10
ERRORS = 4.0
CHANCE = 1e-6


class Broken(Struct, frozen=True, kw_only=True):
    """`found` and `limit` are shares of the window's rows (for `stuck`: of the one value, now and in the reference; for
    `rule`, a rule of monitor.rules in the column's place: of the rows concerned)."""

    column: str
    reason: Literal["missing", "type", "nulls", "unseen", "stuck", "rule"]
    found: float
    limit: float


def broken(
    profile: Profile, counts: Counts, missing: Collection[str] = (), wrong_type: Collection[str] = ()
) -> tuple[Broken, ...]:
    """What is broken in a window. `missing`, `wrong_type`: columns that the caller could not read at all."""
    if not counts.rows:
        return ()
    out: list[Broken] = []
    for place, (column, now) in enumerate(zip(profile.columns, counts.columns, strict=True)):
        name = column.bins.name
        if name in missing:
            out.append(Broken(column=name, reason="missing", found=1.0, limit=0.0))
        elif name in wrong_type:
            out.append(Broken(column=name, reason="type", found=1.0, limit=0.0))
        else:
            out.extend(_counted(profile, place, column, now))
    return tuple(out)


def null_limit(profile: Profile, place: int) -> float:
    """The share of nulls in the column at `place` that no healthy window exceeds."""
    periods = [p for p in profile.periods if p.rows] or [profile.reference]
    return max((p.columns[place].nulls / max(p.rows, 1) for p in periods), default=0.0) + MARGIN


def unseen_limit(column: ColumnProfile) -> float:
    return max(column.new_share, default=0.0) + MARGIN


def _counted(profile: Profile, place: int, column: ColumnProfile, now: ColumnCounts) -> list[Broken]:
    name, out = column.bins.name, []
    limit = null_limit(profile, place)
    if surely_above(now.nulls, now.rows, limit):
        out.append(Broken(column=name, reason="nulls", found=now.nulls / now.rows, limit=limit))
    limit = unseen_limit(column)
    if surely_above(now.unseen, now.rows, limit):
        out.append(Broken(column=name, reason="unseen", found=now.unseen / now.rows, limit=limit))
    usual = _usual_share(profile.reference.columns[place])
    known = now.rows - now.nulls
    if stuck(now) and not column.constant_periods and known and usual**known < CHANCE:
        out.append(Broken(column=name, reason="stuck", found=1.0, limit=usual))
    return out


def stuck(now: ColumnCounts) -> bool:
    """One value only. Of categories those in the last bin are many, so it never counts."""
    if now.lowest is not None:
        return now.lowest == now.highest
    return sum(n > 0 for n in now.bins[1:-1]) == 1 and now.bins[-1] == 0


def surely_above(count: int, rows: int, limit: float) -> bool:
    """Whether the share exceeds the limit by ERRORS standard errors.

    >>> surely_above(30, 100, 0.1), surely_above(2, 4, 0.1)
    (True, False)
    """
    if not rows or limit >= 1:
        return False
    error = float((limit * (1 - limit) / rows) ** 0.5)
    return count / rows - limit > ERRORS * error


def _usual_share(column: ColumnCounts) -> float:
    """The share of the fullest bin among the values that are not null: no value is more frequent."""
    known = sum(column.bins[1:])
    return max(column.bins[1:]) / known if known else 1.0
