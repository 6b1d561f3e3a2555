"""Keep one row of those that agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from modelyard.errors.data import BadSelector
from modelyard.schema.selector import Columns, choose
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Most(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The row with the greatest (`max`) or least (`min`) value of a column; a null loses; of equal ones the first."""

    max: str | None = None
    min: str | None = None


class DropDuplicates(TableStep, frozen=True, kw_only=True, tag="table.drop_duplicates"):
    """Of rows equal in `by` one stays, where it was: the first, the last, the one with most or least of a column, or
    none of them. Nulls are equal to one another.

    Right: `by: order_id, keep: {max: updated}` for a table of changes. Wrong: before looking why there are
    duplicates: a missing key makes them too.

    >>> import polars as pl
    >>> rows = pl.LazyFrame({"order": [1, 2, 1], "version": [1, 1, 2]})
    >>> DropDuplicates(by="order", keep=Most(max="version")).run(Context(), rows).collect().rows()
    [(2, 1), (1, 2)]
    """

    by: Annotated[Columns, Meta(description="Columns that make a row the same row.")] = "all"
    keep: Annotated[
        Literal["first", "last", "none"] | Most, Meta(description="Which stays: first, last, none, {max: column} …")
    ] = "first"

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        import polars as pl

        from modelyard.frame.ordered import PLACE, placed
        from modelyard.frame.schema import schema_of

        schema = schema_of(tables[0])
        names = list(choose(self.by, schema))
        if not isinstance(self.keep, Most):
            return tables[0].unique(subset=names, keep=self.keep, maintain_order=True)
        column, greatest = self._by(self.keep)
        schema.keep([column])
        value = pl.col(column).fill_nan(None) if schema[column].kind == "number" else pl.col(column)
        ranked = placed(tables[0]).sort(value, descending=greatest, nulls_last=True, maintain_order=True)
        return ranked.unique(subset=names, keep="first", maintain_order=True).sort(PLACE).drop(PLACE)

    def _by(self, keep: Most) -> tuple[str, bool]:
        """The column, and whether the greatest value stays."""
        column = keep.max if keep.min is None else keep.min
        if column is None or (keep.max is not None and keep.min is not None):
            found = "keep: names not one column"
            raise BadSelector(found, who="table.drop_duplicates", way_out="Write {max: COLUMN} or {min: COLUMN}")
        return column, keep.min is None
