"""The values of one column as columns of their own.

Which columns that makes is said in the file, not found in the rows: a plan knows its columns before it reads any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta
from msgspec.structs import replace

from modelyard.errors.data import BadSelector, RuleBroken
from modelyard.schema.aggregate import Aggregation, parse_aggregation
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Pivot(TableStep, frozen=True, kw_only=True, tag="table.pivot"):
    """`by: card, column: kind, values: [food, fuel], cell: sum(amount)` gives one row per card with `food` and `fuel`,
    in the order in which cards appear. A cell without rows is null (a count or a sum: 0).

    Right: one row per card from one row per purchase. Wrong: values that grow in number: a request can only
    bring those that are written here.

    >>> import polars as pl
    >>> rows = pl.LazyFrame({"card": ["a", "b", "a"], "kind": ["food", "fuel", "food"], "amount": [5, 9, 2]})
    >>> pivot = Pivot(by="card", column="kind", values=("food", "fuel"), cell="sum(amount)")
    >>> pivot.run(Context(), rows).collect().rows()
    [('a', 7.0, 0.0), ('b', 0.0, 9.0)]
    """

    by: Annotated[str | tuple[str, ...], Meta(description="Columns that make a row.")]
    column: Annotated[str, Meta(description="The column whose values become columns.")]
    values: Annotated[tuple[str, ...], Meta(description="Those values, as text, in order.", min_length=1)]
    cell: Annotated[str, Meta(description="What a cell is: sum(amount), count(), last(state) …")]
    prefix: Annotated[str, Meta(description="Before the names of the new columns.")] = ""
    others: Annotated[Literal["stop", "drop"], Meta(description="When a value is not listed.")] = "stop"

    @property
    def keys(self) -> list[str]:
        return [self.by] if isinstance(self.by, str) else list(self.by)

    @property
    def wanted(self) -> Aggregation:
        return parse_aggregation(self.cell)

    def knows(self, known_after: int, *given: Schema) -> dict[str, tuple[str, ...]]:
        return {self.prefix + value: (self.column, *self.wanted.names) for value in self.values}

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        given[0].keep([*self.keys, self.column])
        if twice := {self.prefix + value for value in self.values} & set(self.keys):
            raise BadSelector(f"two columns would be called {min(twice)!r}", who="table.pivot", way_out="Set a prefix")
        after = super().schema(*given, ctx=ctx)
        made = (self.prefix + value for value in self.values)
        return after.with_(*(replace(after[name], origin="table", nullable=True) for name in made))

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        import polars as pl

        from modelyard.frame.aggregate import arguments, value_of
        from modelyard.frame.schema import schema_of

        table, one = tables[0], self.wanted
        rows = table.with_columns(pl.col(self.column).cast(pl.String).alias("__value"))
        if self.others == "stop":
            _all_listed(rows, self.column, self.values)
        rows = rows.with_columns(**arguments({"cell": one}, schema_of(table), ctx.zone))
        of = pl.col("__of_cell") if one.of else pl.col("__value")
        cells = {
            self.prefix + value: value_of(one.function, of.filter(pl.col("__value") == value)) for value in self.values
        }
        return rows.group_by(self.keys, maintain_order=True).agg(**cells)


def _all_listed(rows: LazyFrame, column: str, values: tuple[str, ...]) -> None:
    import polars as pl

    found = rows.select("__value").filter(pl.col("__value").is_not_null() & ~pl.col("__value").is_in(values))
    first = found.head(1).collect()
    if first.height:
        raise RuleBroken(
            f"{column} is {first['__value'][0]!r}, which `values:` does not list",
            who="table.pivot",
            way_out="List it, or write `others: drop`",
        )
