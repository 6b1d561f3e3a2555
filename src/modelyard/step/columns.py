"""The columns of a learned step: chosen, and refused when they are not what it works on."""

from __future__ import annotations

import numpy as np

from modelyard.errors.data import BadSelector, NoRows, WrongType
from modelyard.rows.table import Table
from modelyard.schema.column import Kind
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns, choose
from modelyard.step.context import Context

NUMBERS: tuple[Kind, ...] = ("number", "integer", "boolean")
CODES: tuple[Kind, ...] = ("category", "boolean")


def named(columns: Columns, schema: Schema, ctx: Context, kinds: tuple[Kind, ...], who: str) -> tuple[str, ...]:
    """The names that `columns` means, all of `kinds`; BadSelector when there is none, WrongType when one is another.
    `{not: …}` leaves out what the step does not work on, too: nobody named it."""
    names = choose(columns, schema, ctx.hidden)
    found = {column.name: column.kind for column in schema}  # a schema looks a name up by going through it
    if isinstance(columns, dict):
        names = tuple(name for name in names if found[name] in kinds)
    if not names:
        raise BadSelector(f"{columns!r} selects no column", who=who)
    for name in names:
        if found[name] not in kinds:
            raise WrongType(f"column {name!r} is a {found[name]}, not {' or '.join(kinds)}", who=who)
    return names


def measured(columns: Columns, table: Table, ctx: Context, who: str, what: str) -> tuple[str, ...]:
    """The names of the numbers that `what`, a statistic, is taken of. NoRows for an empty table, WrongType for an
    infinite value."""
    names = named(columns, table.schema, ctx, NUMBERS, who)
    if len(table) == 0:
        raise NoRows(f"no rows to measure a {what} on", who=who)
    finite(table, names, who)
    return names


def finite(table: Table, names: tuple[str, ...], who: str) -> None:
    """WrongType when one of the columns holds an infinite value: no statistic of it means anything."""
    for name in names:
        if np.isinf(table[name]).any():
            raise WrongType(
                f"column {name!r} holds an infinite value", who=who, way_out="clip it, or read it as a null word"
            )
