"""Several rows become one, or each row learns of the rows before it.

History looks strictly before the row: a window that held the row itself would tell a model what it is to predict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from modelyard.errors.data import BadDuration, BadSelector
from modelyard.schema.aggregate import Aggregation, parse_aggregation
from modelyard.schema.duration import microseconds
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Over(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The window of a row at t: [t − delay − last, t − delay). `delay`: how late what happens becomes known."""

    time: str
    last: str
    delay: str | None = None


class Aggregate(TableStep, frozen=True, kw_only=True, tag="table.aggregate"):
    """Without `over` one row per group, in the order in which groups appear. With `over: {time, last}` every row
    stays and gets the aggregate of the rows of its group strictly before it; a row without time or key gets null.

    Right: `over: {time: when, last: 30d}` for what a card spent before this purchase. Wrong: without `over` on
    the column's whole history, joined back: that tells each row its future.

    >>> from datetime import datetime
    >>> import polars as pl
    >>> days = [datetime(2024, 1, day) for day in (1, 2, 3)]
    >>> rows = pl.LazyFrame({"card": ["a", "a", "b"], "at": days, "spent": [5, 7, 9]})
    >>> Aggregate(by="card", columns={"sum": "sum(spent)"}).run(Context(), rows).collect().rows()
    [('a', 12.0), ('b', 9.0)]
    >>> history = Aggregate(by="card", columns={"spent_before": "sum(spent)"}, over=Over(time="at", last="7d"))
    >>> history.run(Context(), rows).collect()["spent_before"].to_list()
    [0.0, 5.0, 0.0]
    """

    columns: Annotated[dict[str, str], Meta(description="New name: count(), sum(x), mean(x), min, max, std, median …")]
    by: Annotated[str | tuple[str, ...], Meta(description="Columns that make a group.")] = ()
    over: Annotated[Over | None, Meta(description="{time, last, delay}: history of each row.")] = None

    @property
    def wanted(self) -> dict[str, Aggregation]:
        return {name: parse_aggregation(text) for name, text in self.columns.items()}

    @property
    def keys(self) -> list[str]:
        return [self.by] if isinstance(self.by, str) else list(self.by)

    def knows(self, known_after: int, *given: Schema) -> dict[str, tuple[str, ...]]:
        if self.over and (microseconds(self.over.delay) if self.over.delay else 0) >= known_after:
            return {}
        return {name: one.names for name, one in self.wanted.items()}

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        given[0].keep([*self.keys, *([self.over.time] if self.over else ())])
        after = super().schema(*given, ctx=ctx)
        return after.with_(*(replace(after[name], origin="table", nullable=True) for name in self.columns))

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        if set(self.columns) & {*self.keys, *([self.over.time] if self.over else ())}:
            raise BadSelector("an aggregate has the name of a key or of the time", who="table.aggregate")
        if self.over and not microseconds(self.over.last):
            raise BadDuration(f"over: a window of {self.over.last} holds nothing", who="table.aggregate")
        return self._history(ctx, tables[0], self.over) if self.over else self._groups(ctx, tables[0])

    def _groups(self, ctx: Context, table: LazyFrame) -> LazyFrame:
        from modelyard.frame.aggregate import aggregated, arguments
        from modelyard.frame.schema import schema_of

        rows = table.with_columns(**arguments(self.wanted, schema_of(table), ctx.zone))
        made = aggregated(self.wanted)
        return rows.group_by(self.keys, maintain_order=True).agg(**made) if self.keys else rows.select(**made)

    def _history(self, ctx: Context, table: LazyFrame, over: Over) -> LazyFrame:
        from modelyard.frame.history import history
        from modelyard.frame.ordered import beside, placed

        rows = placed(table.drop(set(self.columns) & set(table.collect_schema().names())))
        delay = microseconds(over.delay) if over.delay else 0
        found = history(placed(table), self.wanted, over.time, self.keys, microseconds(over.last), delay, ctx.zone)
        return beside(rows, found)
