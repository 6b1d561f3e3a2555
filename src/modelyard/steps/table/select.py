"""Keep some columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from modelyard.schema.selector import Columns, choose
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Select(TableStep, frozen=True, kw_only=True, tag="table.select"):
    """The columns that the selector means, in the table's order. `{not: …}` drops.

    Right: `{not: [id, comment]}` before anything learns. Wrong: dropping what a rule or a join further down
    reads.

    >>> import polars as pl
    >>> rows = pl.LazyFrame({"id": ["a"], "km": [50.0], "note": ["x"]})
    >>> Select(columns={"not": ("id", "note")}).run(Context(), rows).collect().columns
    ['km']
    """

    rows: ClassVar[Literal["keeps", "changes"]] = "keeps"

    columns: Annotated[Columns, Meta(description="Which columns to keep.")]

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.schema import schema_of

        return tables[0].select(choose(self.columns, schema_of(tables[0])))
