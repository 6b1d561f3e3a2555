"""Tables under one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from modelyard.errors.data import MissingColumn, WrongType
from modelyard.schema.column import NUMERIC, Kind
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Concat(TableStep, frozen=True, kw_only=True, tag="table.concat"):
    """`after: [old, new]`: the rows of each in the order written. A whole number beside a number becomes a number;
    kinds that are no kin are an error, not a string.

    Right: last year's file and this year's. Wrong: training and test rows kept apart by hand: evaluate.compare
    splits them, and says how.

    >>> import polars as pl
    >>> old, new = pl.LazyFrame({"km": [50], "by": ["bus"]}), pl.LazyFrame({"km": [1.5]})
    >>> Concat(columns="all").run(Context(), old, new).collect().rows()
    [(50.0, 'bus'), (1.5, None)]
    """

    columns: Annotated[
        Literal["same", "common", "all"],
        Meta(description="same: all have the same columns. common: what all have. all: null where one lacks it."),
    ] = "same"

    @property
    def inputs(self) -> tuple[str, ...] | None:
        return None

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        import polars as pl

        from modelyard.frame.schema import DTYPES, schema_of

        schemas = [schema_of(table) for table in tables]
        kinds = {name: _kind(name, schemas) for name in self._names(schemas)}
        parts = [
            table.select(
                (pl.col(name) if name in schema.names else pl.lit(None)).cast(DTYPES[kind]).alias(name)
                for name, kind in kinds.items()
            )
            for table, schema in zip((_utc(table, ctx.zone) for table in tables), schemas, strict=True)
        ]
        return pl.concat(parts)

    def _names(self, schemas: list[Schema]) -> tuple[str, ...]:
        every = tuple(dict.fromkeys(name for schema in schemas for name in schema.names))
        if self.columns == "all":
            return every
        common = tuple(name for name in every if all(name in schema.names for schema in schemas))
        if self.columns == "same" and common != every and set(common) != set(every):
            lacking = next(name for name in every if name not in common)
            found = f"not every table has the column {lacking!r}"
            raise MissingColumn(found, who="table.concat", way_out="Write `columns: common` or `columns: all`")
        return common


def _utc(table: LazyFrame, zone: str) -> LazyFrame:
    """A time without a zone beside one with a zone is the same moment."""
    import polars as pl

    from modelyard.frame.zone import to_utc_expr

    moments = {n: d for n, d in table.collect_schema().items() if isinstance(d, pl.Date | pl.Datetime)}
    return table.with_columns(to_utc_expr(pl.col(name), dtype, zone) for name, dtype in moments.items())


def _kind(name: str, schemas: list[Schema]) -> Kind:
    kinds = list(dict.fromkeys(schema[name].kind for schema in schemas if name in schema.names))
    if len(kinds) == 1:
        return kinds[0]
    if set(kinds) <= set(NUMERIC):
        return "number"
    found = f"column {name!r} is {' here and '.join(kinds)} there"
    raise WrongType(found, who="table.concat", way_out="Declare its type where each is read")
