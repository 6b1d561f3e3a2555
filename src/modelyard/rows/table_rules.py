"""Rules about a table as a whole: how many rows, how many nulls, no row twice, how new."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from modelyard.rows.rules import Mask, nulls
from modelyard.rows.table import Table, Values
from modelyard.schema.duration import microseconds
from modelyard.schema.quality import Finding
from modelyard.schema.rules import Fresh, Key, NullShare, RowCount, TableRule, Unique


def judge(rules: Sequence[TableRule], table: Table, now: int | None) -> list[Finding]:
    """One finding per rule. `now`: µs since 1970 UTC; without one, `fresh` is not judged and has no finding.

    >>> from modelyard.rows.table import table
    >>> judge([NullShare(column="a", max=0.25)], table(a=[1.0, None]), None)[0].found
    '1 of 2 are null (0.5)'
    """
    return [
        Finding(rule=str(rule), otherwise=rule.otherwise, checked=len(table), broken=rows, held=held, found=found)
        for rule in rules
        if now is not None or not isinstance(rule, Fresh)
        for rows, held, found in [_judged(rule, table, now or 0)]
    ]


def _judged(rule: TableRule, table: Table, now: int) -> tuple[int, bool, str]:
    """(rows concerned, whether it holds, what was found)."""
    match rule:
        case RowCount():
            held = rule.min <= len(table) and (rule.max is None or len(table) <= rule.max)
            return (0 if held else len(table)), held, f"{len(table)} rows"
        case NullShare():
            missing = int(nulls(table.vector(rule.column)).sum())
            share = missing / len(table) if len(table) else 0.0
            return missing, share <= rule.max, f"{missing} of {len(table)} are null ({share:.3g})"
        case Unique() | Key():
            return _twice(table, rule.columns, isinstance(rule, Key))
        case Fresh():
            return _age(table[rule.column], now, microseconds(rule.within))


def _twice(table: Table, columns: Sequence[str], key: bool) -> tuple[int, bool, str]:
    missing: Mask = np.logical_or.reduce([nulls(table.vector(name)) for name in columns])
    codes = np.zeros(len(table), dtype=np.int64)
    for name in columns:
        known, one = np.unique(_plain(table[name], nulls(table.vector(name))), return_inverse=True)
        _, codes = np.unique(codes * len(known) + one.reshape(-1), return_inverse=True)
        codes = codes.reshape(-1)
    counts = np.bincount(codes[~missing], minlength=1)
    twice = ~missing & (counts[np.minimum(codes, len(counts) - 1)] > 1)
    broken = twice | missing if key else twice
    if not broken.any():
        return 0, True, ""
    row = int(broken.argmax())
    if key and missing[row]:
        return int(broken.sum()), False, f"row {row + 1} has a null in it"
    same = np.flatnonzero((codes == codes[row]) & ~missing)
    return int(broken.sum()), False, f"rows {same[0] + 1} and {same[1] + 1} are the same"


def _plain(values: Values, missing: Mask) -> Values:
    """Something that sorts: text without its nulls."""
    if values.dtype != object:
        return np.where(missing, 0.0, values)
    return np.array(["" if null else value for value, null in zip(values.tolist(), missing.tolist(), strict=True)])


def _age(moments: Values, now: int, within: int) -> tuple[int, bool, str]:
    known = moments[~np.isnan(moments)]
    if not len(known):
        return len(moments), False, "there is no time at all"
    newest = float(known.max())
    when = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=newest)).isoformat(timespec="seconds")
    late = int((known > now + within).sum())
    held = now - within <= newest <= now + within
    return late or (0 if held else len(known)), held, f"the newest is {when}"
