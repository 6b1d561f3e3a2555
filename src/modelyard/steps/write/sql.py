"""Write a table into a table of a database, all of it or nothing: one transaction, whatever the mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from modelyard.errors.project import BadParameter
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Sql(TableStep, frozen=True, kw_only=True, tag="write.sql"):
    """Rows to a database; the table itself goes on unchanged. A table that is not there is made, with `key` as its
    primary key. Columns of it that are not written keep what they hold, or take their defaults.

    Right: `{use: write.sql, connection: crm, table: scores, mode: upsert, key: [customer]}`.
    Wrong: `mode: append` in a project that is run again and again: each run adds all its rows once more.

    >>> Sql(connection="crm", table="scores", mode="upsert", key=("customer",)).key
    ('customer',)
    """

    rows: ClassVar[Literal["keeps", "changes"]] = "keeps"

    connection: Annotated[str, Meta(description="A name under `connections:`.", min_length=1)]
    table: Annotated[str, Meta(description="A table; `schema.table` in another schema.", min_length=1)]
    mode: Annotated[
        Literal["append", "upsert", "replace"],
        Meta(description="`upsert`: rows whose key is there are changed, others added; `replace`: all that was goes."),
    ] = "append"
    key: Annotated[tuple[str, ...], Meta(description="The columns that tell rows apart; an upsert needs them.")] = ()

    def __post_init__(self) -> None:
        if self.mode == "upsert" and not self.key:
            raise BadParameter("an upsert needs a key", way_out="Write key: [the columns that tell rows apart]")

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        """As given: asking writes nothing. Raises MissingColumn for a key that is no column, UnknownConnection."""
        given[0].keep(self.key)
        ctx.connections[self.connection]
        return given[0]

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.sql.write import write

        frame = tables[0].collect().lazy()
        write(frame, ctx.connections[self.connection], ctx.folder, self.table, self.mode, self.key, ctx.zone)
        return frame
