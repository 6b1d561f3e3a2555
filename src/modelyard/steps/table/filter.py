"""Keep the rows for which a condition is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from modelyard.errors.data import BadExpression
from modelyard.schema.expression import parse
from modelyard.schema.expression_kinds import kind_of
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Filter(TableStep, frozen=True, kw_only=True, tag="table.filter"):
    """Rows where the condition is true stay; false and null go.

    Right: leaving out what the model will never be asked about. Wrong: leaving out hard rows: then it is judged
    on easy ones, and asked about all.

    >>> import polars as pl
    >>> rows = pl.LazyFrame({"km": [50, 900, None]})
    >>> Filter(where="km > 100").run(Context(), rows).collect().rows()
    [(900,)]
    """

    where: Annotated[str, Meta(description="A condition: `distance > 100 and not is_null(dep_time)`.")]

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.expression import to_polars_expr
        from modelyard.frame.schema import schema_of

        expression, schema = parse(self.where), schema_of(tables[0])
        kind = kind_of(expression, schema)
        if kind != "boolean":
            raise BadExpression(f"a filter needs a condition, {self.where!r} is a {kind}", who="table.filter")
        return tables[0].filter(to_polars_expr(expression, schema, ctx.zone))
