"""What a column was some rows ago.

"Before" is an earlier time, never a neighbour of the same time: two rows of one moment do not know of each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta
from msgspec.structs import replace

from modelyard.errors.data import BadSelector
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns, choose
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame

Back = Annotated[int, Meta(ge=1)]


class Lag(TableStep, frozen=True, kw_only=True, tag="table.lag"):
    """`amount_lag_1` is the amount of the latest row of the same key whose time is earlier, `amount_lag_2` of the one
    before that, null where there is none. Rows of one time count in the order in which they stand.

    Right: the previous reading of the same sensor. Wrong: the target of rows whose truth comes later than the
    next row: it is not known yet when asked.

    >>> from datetime import datetime
    >>> import polars as pl
    >>> rows = pl.LazyFrame({"at": [datetime(2024, 1, day) for day in (2, 1, 3)], "level": [7, 5, 6]})
    >>> Lag(columns="level", time="at").run(Context(), rows).collect()["level_lag_1"].to_list()
    [5, None, 7]
    """

    rows: ClassVar[Literal["keeps", "changes"]] = "keeps"

    columns: Annotated[Columns, Meta(description="Columns to look back on.")]
    time: Annotated[str, Meta(description="The time that says what was before.")]
    by: Annotated[str | tuple[str, ...], Meta(description="Columns that make a series; none: all rows are one.")] = ()
    back: Annotated[tuple[Back, ...], Meta(description="How many rows back; each makes a column.")] = (1,)

    @property
    def keys(self) -> list[str]:
        return [self.by] if isinstance(self.by, str) else list(self.by)

    def knows(self, known_after: int, *given: Schema) -> dict[str, tuple[str, ...]]:
        # Rows ago is no time ago: a label that becomes known late may not be known yet.
        names = self._chosen(given[0]) if known_after else ()
        return {f"{name}_lag_{back}": (name,) for name in names for back in self.back}

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        after = super().schema(*given, ctx=ctx)
        made = {f"{name}_lag_{back}": name for name in self._chosen(given[0]) for back in self.back}
        return after.with_(
            *(replace(given[0][of], name=name, origin="table", nullable=True) for name, of in made.items())
        )

    def _chosen(self, schema: Schema) -> tuple[str, ...]:
        schema.keep([*self.keys, self.time])
        names = choose(self.columns, schema)
        taken = next((n for name in names for n in (f"{name}_lag_{b}" for b in self.back) if n in schema.names), None)
        if taken:
            raise BadSelector(f"there is a column {taken!r} already", who="table.lag")
        return names

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        import polars as pl

        from modelyard.frame.lag import earlier
        from modelyard.frame.ordered import beside, placed
        from modelyard.frame.schema import schema_of

        names, rows = self._chosen(schema_of(tables[0])), placed(tables[0])
        found = earlier(rows, self.time, self.keys, self.back, ctx.zone)
        made = {
            f"{name}_lag_{back}": pl.col(name).gather(pl.col(f"__at_{back}")) for name in names for back in self.back
        }
        return beside(rows, found).with_columns(**made).drop(f"__at_{back}" for back in self.back)
