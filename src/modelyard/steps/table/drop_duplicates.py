"""Keep one row of those that agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from modelyard.schema.selector import Columns, choose
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class DropDuplicates(TableStep, frozen=True, kw_only=True, tag="table.drop_duplicates"):
    """Of rows equal in `by`, the first (or last) stays where it was."""

    by: Annotated[Columns, Meta(description="Columns that make a row the same row.")] = "all"
    keep: Annotated[Literal["first", "last"], Meta(description="Which of them stays.")] = "first"

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.schema import schema_of

        names = choose(self.by, schema_of(tables[0]))
        return tables[0].unique(subset=list(names), keep=self.keep, maintain_order=True)
