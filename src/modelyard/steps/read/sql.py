"""Read a table, or what a query gives, from a database of `connections:`.

Why a connection's name and not a URL: a URL carries options and passwords. Why an order: a database gives rows in any
order, and the same rows in another order would be other folds and another model. So rows come in the order of the id
role, where the table has that column; name others under `order:`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, field

from modelyard.errors.data import BadCursor
from modelyard.errors.project import BadParameter
from modelyard.schema.column import Kind
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.incremental import Bounds, Incremental

if TYPE_CHECKING:
    from polars import LazyFrame

    from modelyard.frame.sql.read import Asked


class Sql(Incremental, frozen=True, kw_only=True, tag="read.sql"):
    """Rows of a database: PostgreSQL, MySQL, MariaDB, SQLite, DuckDB. Only the columns that are needed are asked for,
    and what the database can decide of `where:` is decided there. Nothing can be written by it.

    Right: `{use: read.sql, connection: crm, table: sales.orders, where: "amount > 0"}`.
    Wrong: a query that samples by chance or reads a clock: each run would learn from other rows.

    >>> Sql(connection="crm", table="orders").order is None
    True
    """

    connection: Annotated[str, Meta(description="A name under `connections:`.", min_length=1)]
    table: Annotated[str | None, Meta(description="A table or view; `schema.table` in another schema.")] = None
    query: Annotated[str | None, Meta(description="Instead of a table: one SELECT, in the database's SQL.")] = None
    columns: Annotated[tuple[str, ...] | None, Meta(description="Only these columns.")] = None
    types: Annotated[dict[str, Kind], Meta(description="Kinds to cast columns to.")] = field(default_factory=dict)
    where: Annotated[str | None, Meta(description="A condition, as in table.filter.")] = None
    order: Annotated[tuple[str, ...] | None, Meta(description="What rows are ordered by; unless said, the id.")] = None

    def __post_init__(self) -> None:
        if (self.table is None) == (self.query is None):
            raise BadParameter("read.sql reads a table or a query", way_out="Write one of `table:` and `query:`")

    def peek(self, ctx: Context) -> Schema:
        """The columns, as the database describes them; no row is read."""
        from modelyard.frame.sql.read import peek

        return peek(self._asked(ctx))

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        return self.peek(ctx)

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.sql.read import scan

        return scan(self._asked(ctx))

    def checked(self, given: Schema) -> None:
        super().checked(given)
        if self.cursor is not None and given[self.cursor].kind in ("category", "text"):
            found = f"`cursor:` names {self.cursor!r}, which holds words: a database orders them by rules of its own"
            raise BadCursor(found, way_out="Name a column of numbers or dates, or declare it so under `types:`")

    def between(self, ctx: Context, bounds: Bounds) -> LazyFrame:
        from modelyard.frame.sql.read import scan

        return scan(self._asked(ctx, bounds))

    def without_cursor(self, ctx: Context) -> int | None:
        import polars as pl

        from modelyard.frame.sql.read import peek, scan

        if (
            self.where is not None
            or "`" in (self.cursor or "")
            or peek(self._asked(ctx))[self.cursor or ""].kind == "number"
        ):
            return None
        asked = msgspec.structs.replace(self._asked(ctx), where=f"is_null(`{self.cursor}`)")
        return int(scan(asked).select(pl.len()).collect().item())

    def counted(self, ctx: Context, bounds: Bounds) -> int | None:
        from modelyard.frame.sql.read import counted

        return counted(self._asked(ctx, bounds))

    def _asked(self, ctx: Context, bounds: Bounds | None = None) -> Asked:
        from modelyard.frame.sql.read import Asked

        ids = (ctx.roles.id,) if ctx.roles.id else ()
        return Asked(
            connection=ctx.connections[self.connection],
            folder=ctx.folder,
            zone=ctx.zone,
            table=self.table,
            query=self.query,
            columns=self.columns,
            types=self.types,
            where=self.where,
            order=self.order or (),
            order_if_there=() if self.order is not None else ids,
            cursor=(self.cursor or "") if bounds else "",
            after=bounds.after if bounds else None,
            upto=bounds.upto if bounds else None,
        )
