"""New columns from an expression, on the training side: the label, above all.

A feature that a prediction needs too is `derive.expression`, which is learned and emitted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta
from msgspec.structs import replace

from modelyard.schema.expression import parse
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Derive(TableStep, frozen=True, kw_only=True, tag="table.derive"):
    """`columns: {late: arr_delay > 15}`. Each expression reads the table as it was before the step.

    Right: a column that a rule, a filter or the target needs. Wrong: a feature for the model: derive.expression
    belongs to the pipeline, and is served.

    >>> import polars as pl
    >>> rows = pl.LazyFrame({"delay": [20.0, 5.0, None]})
    >>> Derive(columns={"late": "delay > 15"}).run(Context(), rows).collect()["late"].to_list()
    [True, False, None]
    """

    rows: ClassVar[Literal["keeps", "changes"]] = "keeps"

    columns: Annotated[dict[str, str], Meta(description="New name: expression.")]

    def knows(self, known_after: int, *given: Schema) -> dict[str, tuple[str, ...]]:
        return {name: parse(text).names for name, text in self.columns.items()}

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        after = super().schema(*given, ctx=ctx)
        made = (replace(after[name], origin="table", nullable=True) for name in self.columns)
        return after.with_(*made)

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.expression import to_polars_expr
        from modelyard.frame.schema import schema_of

        schema = schema_of(tables[0])
        made = {name: to_polars_expr(parse(text), schema, ctx.zone) for name, text in self.columns.items()}
        return tables[0].with_columns(**made)
