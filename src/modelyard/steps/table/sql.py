"""One SELECT over the tables before it, run by polars: no server, no files, nothing but those tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta
from msgspec.structs import replace

from modelyard.errors.data import BadQuery
from modelyard.schema.query import query
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Sql(TableStep, frozen=True, kw_only=True, tag="table.sql"):
    """`query: SELECT * FROM rows WHERE distance > 100`. A column that is only named is the request's as before;
    whatever is computed counts as made by a table step. Rows of a GROUP BY, DISTINCT or JOIN without an ORDER BY come
    sorted by all columns, so that the same rows come in the same order.

    Right: what the other steps cannot say. Wrong: a feature that a request must bring: what SQL computes is
    known of stored rows only.

    >>> import polars as pl
    >>> rows = pl.LazyFrame({"town": ["oslo", "bonn", "oslo"], "km": [1, 2, 3]})
    >>> Sql(query="SELECT town, SUM(km) AS km FROM rows GROUP BY town").run(Context(), rows).collect().rows()
    [('bonn', 2), ('oslo', 4)]
    """

    query: Annotated[str, Meta(description="One SELECT.")]
    tables: Annotated[tuple[str, ...], Meta(description="Names of the tables, as `after:` names them.")] = ("rows",)

    @property
    def inputs(self) -> tuple[str, ...] | None:
        return self.tables

    def knows(self, known_after: int, *given: Schema) -> dict[str, tuple[str, ...]]:
        found, after = query(self.query, self.tables), self.schema(*given, ctx=Context())
        every = tuple(dict.fromkeys(name for schema in given for name in schema.names))
        # Where it is not clear what makes a column, all that the query names does; behind a `*` that is everything.
        vague = found.names if found.items or not any(token.text == "*" for token in found.tokens) else every
        made = (column.name for column in after if column.origin == "table")
        return {name: vague if (of := found.of(name)) is None else of for name in made}

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        found = query(self.query, self.tables)
        own = [name for name in given[0].names if not any(name in other.names for other in given[1:])]
        through = {name for name in own if found.every or name in found.through}
        after = super().schema(*given, ctx=ctx)
        return Schema(tuple(c if c.name in through else replace(c, origin="table", nullable=True) for c in after))

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        import polars as pl

        found = query(self.query, self.tables)
        names = dict(zip(self.tables, tables, strict=True))
        try:
            made = pl.SQLContext(names, register_globals=False, eager=False).execute(self.query.strip().rstrip(";"))
            made.collect_schema()
        except pl.exceptions.PolarsError as error:
            raise BadQuery(str(error).split("\n")[0], who="table.sql") from error
        return made if found.ordered else made.sort(pl.all(), nulls_last=True, maintain_order=True)
