"""What a table holds and what is doubtful about it: of a file, or of the rows after any table step of a plan.

The numbers are made in `measure/` (arrays in, numbers out); here the columns are read, the target is made out, and what
was found is put together. Nothing is learned and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from modelyard.api.associations import Associations, associations
from modelyard.api.suspects import Sides, Truth, duplicate_columns, duplicate_rows, leaks, order, split, strengths
from modelyard.frame.vectors import vectors
from modelyard.measure.columns import ColumnSummary, summary
from modelyard.measure.doubts import Doubt, Level, class_doubt, column_doubts
from modelyard.rows.table import Vector
from modelyard.schema.column import Kind
from modelyard.schema.schema import Schema

if TYPE_CHECKING:
    from polars import DataFrame

LEVELS: tuple[Level, ...] = ("grave", "warn", "note")


class Seen(Struct, frozen=True, kw_only=True):
    """One column. `tells`: how well it alone tells the target (0 to 1), where there is one and it may be a feature."""

    kind: Kind
    origin: str
    summary: ColumnSummary
    tells: float | None = None


class TableProfile(Struct, frozen=True, kw_only=True):
    """`source` and `kind`: what made the rows. `doubts`: the gravest first. `sample`: the first rows. `unread`:
    columns that no step knows, and what they hold (lists, structs)."""

    source: str
    kind: str
    rows: int
    target: str | None
    columns: dict[str, Seen]
    doubts: tuple[Doubt, ...]
    associations: Associations
    sample: list[dict[str, Any]]
    unread: dict[str, str] = {}


class Asked(Struct, frozen=True, kw_only=True, eq=False):
    """What is known of the rows besides the rows. `hidden`: columns that no model reads, so that they cannot leak;
    `features`: those that it does read; `sides`: how the rows are parted, where they are."""

    source: str
    kind: str
    truth: Truth | None = None
    time: str | None = None
    id: str | None = None
    hidden: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    sides: Sides | None = None
    unread: Mapping[str, str] = {}
    zone: str = "UTC"
    sample: int = 5


def profile(frame: DataFrame, schema: Schema, asked: Asked) -> TableProfile:
    """The columns of `schema`. NaN counts as missing; a whole number beyond 2^53 is seen as a category.

    >>> import polars as pl
    >>> from modelyard.frame.schema import schema_of
    >>> frame = pl.DataFrame({"x": [1.0, None, 3.0], "same": [1.0, 1.0, 1.0]})
    >>> found = profile(frame, schema_of(frame), Asked(source="example", kind="frame"))
    >>> found.columns["x"].summary.nulls, found.doubts[0].kind, found.doubts[0].evidence
    (1, 'constant', 'all 3 known values are 1')
    """
    columns = vectors(frame, schema, asked.zone)
    summaries = {name: summary(vector) for name, vector in columns.items()}
    tells = _tells(columns, schema, asked)
    doubts = [*_suspected(columns, tells, asked, _counters(summaries, asked)), *_doubted(summaries, columns, asked)]
    return TableProfile(
        source=asked.source,
        kind=asked.kind,
        rows=frame.height,
        target=asked.truth.column if asked.truth else None,
        columns={
            c.name: Seen(kind=c.kind, origin=c.origin, summary=summaries[c.name], tells=tells.get(c.name))
            for c in schema
        },
        doubts=tuple(sorted(doubts, key=lambda doubt: LEVELS.index(doubt.level))),
        associations=associations(columns, _ordered(columns, tells, asked, _names_of_rows(doubts, asked))),
        sample=frame.select(schema.names).head(asked.sample).to_dicts(),
        unread=dict(asked.unread),
    )


def _tells(columns: Mapping[str, Vector], schema: Schema, asked: Asked) -> dict[str, float]:
    truth = asked.truth
    if truth is None:
        return {}
    hidden = {truth.column, *asked.hidden, *(c.name for c in schema if c.origin == "label")}
    return strengths({name: vector for name, vector in columns.items() if name not in hidden}, truth)


def _counters(summaries: Mapping[str, ColumnSummary], asked: Asked) -> set[str]:
    """Columns that say nothing but which row it is: they make no row another one."""
    unique = {name for name, found in summaries.items() if found.kind == "integer" and found.distinct == found.rows}
    return unique | ({asked.id} if asked.id else set())


def _suspected(
    columns: Mapping[str, Vector], tells: Mapping[str, float], asked: Asked, counters: set[str]
) -> Iterator[Doubt]:
    time = columns[asked.time].values if asked.time else None
    if asked.truth is not None:
        yield from leaks({name: columns[name] for name in tells}, asked.truth, tells, time)
    if asked.sides is not None:
        yield from split(columns, asked.features, asked.sides, time)
    yield from duplicate_rows({name: vector for name, vector in columns.items() if name not in counters}, counters)
    yield from duplicate_columns(columns)
    for name, vector in columns.items():
        if vector.kind == "datetime" and (asked.time in (None, name)):
            yield from order(name, vector.values)


def _doubted(summaries: Mapping[str, ColumnSummary], columns: Mapping[str, Vector], asked: Asked) -> Iterator[Doubt]:
    for name, found in summaries.items():
        if name not in asked.hidden:
            yield from column_doubts(name, found, columns[name])
    if asked.truth is not None and asked.truth.classes:
        import numpy as np

        codes = asked.truth.y[~np.isnan(asked.truth.y)].astype(np.intp)
        often = np.bincount(codes, minlength=len(asked.truth.classes)).tolist()
        yield from class_doubt(asked.truth.column, tuple(zip(asked.truth.classes, often, strict=True)))


def _names_of_rows(doubts: Sequence[Doubt], asked: Asked) -> set[str]:
    """What has another value in each row goes with every category, and says nothing by it."""
    named = {name for doubt in doubts if doubt.kind == "id_like" for name in doubt.columns}
    return (named | ({asked.id} if asked.id else set())) - ({asked.truth.column} if asked.truth else set())


def _ordered(
    columns: Mapping[str, Vector], tells: Mapping[str, float], asked: Asked, but: Collection[str]
) -> tuple[str, ...]:
    """The target first, then what tells most of it, then the rest."""
    there = [name for name in columns if name not in but]
    if asked.truth is None:
        return tuple(there)
    target = asked.truth.column
    return tuple(sorted(there, key=lambda name: (name != target, -tells.get(name, -1.0))))
