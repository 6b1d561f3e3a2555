"""The rules that a first project file holds: what was seen, with slack, each with its reason beside it.

All of them warn. A range or a form is of the rows seen, and the next honest row may lie outside; what must stop a run
is for a person to say, by `else: stop`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor, log10, sqrt

from modelyard.measure.doubts import percent
from modelyard.project.guess import Facts, Guess, ranged
from modelyard.project.write import flow
from modelyard.schema.column import Column
from modelyard.schema.expression_kinds import STRINGS
from modelyard.schema.schema import Schema

RULES = 40
"""More columns than this get no rule each: nobody would read them."""
WRITTEN = 20
"""Fewer different words than this do not show how the next one is written."""
DAY = 86_400_000_000
STALE = 60
"""Days: a table whose newest row is older than this is no longer growing."""


def first_rules(schema: Schema, guess: Guess, facts: Facts) -> Iterator[str]:
    """The lines of one check.rules step."""
    columns, table = list(_columns(schema, guess, facts)), list(_table(guess, facts))
    yield "  - use: check.rules     # what was seen; `else: stop` refuses a request, or ends a run, that breaks one"
    if columns:
        yield "    columns:"
        yield from columns
    yield "    table:"
    yield from table


def _columns(schema: Schema, guess: Guess, facts: Facts) -> Iterator[str]:
    numbers = ranged(guess.features, facts)
    if len(numbers) > RULES:
        numbers = []
    read = {guess.id, guess.group, *(one.name for one in guess.features)}
    words = [column for column in schema if column.name in read and _coded(column, facts)]
    for column in numbers:
        seen = facts.of(column.name)
        yield f"      {flow(column.name)}: {flow({'min': seen.low, 'max': seen.high, 'else': 'warn'})}"
    for column in words if len(words) <= RULES else []:
        seen = facts.of(column.name)
        yield (
            f"      {flow(column.name)}: {flow({'regex': seen.form, 'else': 'warn'})}"
            f"   # so are all {seen.distinct:,} values written"
        )


def _coded(column: Column, facts: Facts) -> bool:
    """A column of codes."""
    seen = facts.of(column.name)
    return column.kind in STRINGS and seen.form is not None and seen.distinct >= WRITTEN


def _table(guess: Guess, facts: Facts) -> Iterator[str]:
    yield _line({"rule": "rows", "min": _rounded(facts.rows / 2)}, f"half of the {facts.rows:,} rows seen")
    if guess.id:
        yield _line({"rule": "key", "columns": [guess.id]}, "every row had its own")
    gaps = [column.name for column in guess.features if facts.of(column.name).nulls]
    for name in gaps if len(gaps) <= RULES else []:
        share = facts.of(name).nulls / facts.rows
        rule = {"rule": "null_share", "column": name, "max": _ceiling(share, facts.rows)}
        yield _line(rule, f"{percent(share)} were null")
    if guess.time:
        yield _fresh(guess.time, facts.of(guess.time).age)


def _fresh(name: str, age: int | None) -> str:
    days = None if age is None else max(age, 0) / DAY
    if days is None or days > STALE:
        told = "is not known" if days is None else f"is {days:,.0f} days old"
        rule = flow({"rule": "fresh", "column": name, "within": "7d", "else": "warn"})
        return f"      # The newest {flow(name)} {told}. Where rows keep coming, put here: {rule}"
    within = max(7, 2 * ceil(days) + 1)
    old = f"{days:.0f} day{'' if round(days) == 1 else 's'}"
    return _line({"rule": "fresh", "column": name, "within": f"{within}d"}, f"the newest is {old} old")


def _line(rule: dict[str, object], why: str) -> str:
    return f"      - {flow({**rule, 'else': 'warn'})}   # {why}"


def _rounded(value: float) -> int:
    """Down to two digits.

    >>> _rounded(168388.0), _rounded(75.0), _rounded(0.5)
    (160000, 75, 1)
    """
    if value < 1:
        return 1
    unit = 10 ** max(floor(log10(value)) - 1, 0)
    return int(value // unit * unit)


def _ceiling(share: float, rows: int) -> float:
    """Half as much again, and room for what chance does to so many rows (four standard deviations), at most half way
    to all.

    >>> _ceiling(0.2, 900), _ceiling(0.001, 300000), _ceiling(0.8, 1000)
    (0.36, 0.01, 0.9)
    """
    chance = 4 * sqrt(share * (1 - share) / rows)
    return min(ceil(100 * (1.5 * share + chance)) / 100, (1 + share) / 2)
