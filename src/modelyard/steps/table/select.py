"""Keep some columns, under names of one's own.

Why `rename:` wants `at_serving: from_request` where a model reads the column: a request goes through no table step,
so the caller must send it under its new name, and the file says that they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta, field

from modelyard.errors import did_you_mean
from modelyard.errors.data import MissingColumn
from modelyard.errors.project import BadParameter
from modelyard.schema.column import named
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns, choose
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Select(TableStep, frozen=True, kw_only=True, tag="table.select"):
    """The columns that the selector means, in the table's order. `{not: …}` drops.

    Right: `{not: [id, comment]}` before anything learns. Wrong: dropping what a rule or a join further down
    reads.

    A column that a source calls otherwise now keeps its name for the model and its callers:
    `{use: table.select, rename: {town_name: town}, at_serving: from_request}`.

    >>> import polars as pl
    >>> rows = pl.LazyFrame({"id": ["a"], "km": [50.0], "note": ["x"]})
    >>> Select(columns={"not": ("id", "note")}).run(Context(), rows).collect().columns
    ['km']
    >>> Select(rename={"km": "distance"}).run(Context(), rows).collect().columns
    ['id', 'distance', 'note']
    """

    rows: ClassVar[Literal["keeps", "changes"]] = "keeps"

    columns: Annotated[Columns, Meta(description="Which columns to keep, by the names that the table has.")] = "all"
    rename: Annotated[dict[str, str], Meta(description="Of those kept: the name there is to the name it gets.")] = (
        field(default_factory=dict)
    )

    def knows(self, known_after: int, *given: Schema) -> dict[str, tuple[str, ...]]:
        return {new: (name,) for name, new in self.rename.items()}

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.schema import schema_of

        given = schema_of(tables[0])
        kept = choose(self.columns, given)
        if self.rename:
            self._nameable(kept, given.names)
        return tables[0].select(kept).rename(self.rename)

    def _nameable(self, kept: Sequence[str], there: Sequence[str]) -> None:
        for name, new in self.rename.items():
            if name not in kept:
                raise MissingColumn(f"`rename:` names {name!r}, which is not kept", way_out=did_you_mean(name, there))
            named(new)
        after = [self.rename.get(name, name) for name in kept]
        twice = next((name for name in after if after.count(name) > 1), None)
        if twice is not None:
            raise BadParameter(f"two columns would be called {twice!r}", way_out="Drop one of them by `columns:`")
