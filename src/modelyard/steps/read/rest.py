"""Read a table from a web service that answers in JSON, page by page.

Why a connection's name and not a URL: who asks, how often and where it may lead stand in one place, and no address in a
step, in an answer or in a redirect can send the request, or the secret with it, elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, field

from modelyard.errors.project import BadParameter
from modelyard.schema.column import Kind
from modelyard.schema.limits import Limits
from modelyard.schema.paging import Link, Paging
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.gathering import JsonLines, kept_out
from modelyard.step.incremental import Bounds, Incremental

if TYPE_CHECKING:
    from polars import LazyFrame

    from modelyard.frame.rest.read import Asked


class Rest(Incremental, frozen=True, kw_only=True, tag="read.rest"):
    """Rows of a web service: one object a row, nested keys as `a.b`, however it hands out its pages.

    Right: `{use: read.rest, connection: shop, path: /orders, records: data, paging: {kind: next, at: links.next}}`.
    Wrong: a path that gives other rows at each call (the last hour, a sample): each run would learn from others; ask
    from a fixed day on, or name a `cursor:`.

    >>> Rest(connection="shop", path="/orders").at_most.time
    '1h'
    """

    connection: Annotated[str, Meta(description="A name under `connections:`.", min_length=1)]
    path: Annotated[str, Meta(description="What comes after the connection's URL: /orders.", pattern="^/")]
    parameters: Annotated[
        dict[str, str | int | float | bool], Meta(description="The query of the first request; no secrets.")
    ] = field(default_factory=dict)
    records: Annotated[str, Meta(description="The keys, joined by dots, under which the array of rows lies.")] = ""
    paging: Annotated[
        Paging, Meta(description="{kind: link}, or next, page, offset, cursor, with what each must be told.")
    ] = field(default_factory=Link)
    columns: Annotated[tuple[str, ...] | None, Meta(description="Only these columns.")] = None
    types: Annotated[dict[str, Kind], Meta(description="Kinds not to infer.")] = field(default_factory=dict)
    quarantine: Annotated[JsonLines | None, Meta(description="Keep rows that do not parse here, and go on.")] = None
    since: Annotated[
        str | None,
        Meta(description="The parameter by which the service gives rows from a cursor's value on (that one, too)."),
    ] = None
    since_as: Annotated[
        Literal["iso", "date", "seconds", "milliseconds"], Meta(description="How it takes a moment.")
    ] = "iso"
    at_most: Annotated[Limits, Meta(description="What the read may take; more is an error.")] = field(
        default_factory=Limits
    )

    def __post_init__(self) -> None:
        if self.since is not None and self.cursor is None:
            raise BadParameter("`since:` without a `cursor:`", way_out="Name the column that it speaks of by `cursor:`")
        for name in (self.since, *_of(self.paging)):
            if name in self.parameters:
                raise BadParameter(f"{name!r} stands under `parameters:`, too", way_out="Remove it there")

    def peek(self, ctx: Context) -> Schema:
        """The columns, from the first 1,000 rows, in whole pages."""
        from modelyard.frame.rest.read import peek

        return peek(self._asked(ctx))

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        return self.peek(ctx)

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        return self._read(ctx, self._asked(ctx), None)

    def between(self, ctx: Context, bounds: Bounds) -> LazyFrame:
        """`since` makes the service leave out most of the rest; what it still sends of it is left out here."""
        from msgspec.structs import replace

        from modelyard.frame.bounded import bounded

        asked = self._asked(ctx)
        known = self.peek(ctx)
        kinds = {column.name: column.kind for column in known}
        if self.since is not None and bounds.after is not None:
            from modelyard.frame.rest.since import since

            word = since(bounds.after, kinds[self.cursor or ""], self.since_as)
            asked = replace(asked, parameters={**asked.parameters, self.since: word})
        cursor, frame = self.cursor or "", self._read(ctx, asked, kinds)
        lost = frame.collect()[cursor].null_count()
        if lost:
            ctx.tell(f"{lost:,} rows have no {cursor!r}, so they are not read")
        return bounded(frame, cursor, bounds.after, bounds.upto)

    def _read(self, ctx: Context, asked: Asked, kinds: dict[str, Kind] | None) -> LazyFrame:
        from modelyard.frame.rest.read import read

        rows = read(asked, kinds)
        kept_out(ctx, self.quarantine, rows.kept, rows.frame.height)
        return rows.frame.lazy()

    def _asked(self, ctx: Context) -> Asked:
        from modelyard.frame.rest.read import Asked

        return Asked(
            connection=ctx.connections[self.connection],
            folder=ctx.folder,
            zone=ctx.zone,
            path=self.path,
            parameters=self.parameters,
            paging=self.paging,
            records=self.records,
            columns=self.columns,
            types=self.types,
            at_most=self.at_most,
            keep=self.quarantine is not None,
            order_if_there=(ctx.roles.id,) if ctx.roles.id else (),
        )


def _of(paging: Paging) -> tuple[str, ...]:
    """The parameters that a way of paging sets."""
    names = (getattr(paging, name, None) for name in ("parameter", "size_parameter"))
    sized = getattr(paging, "size", None) is not None
    return tuple(name for name, used in zip(names, (True, sized), strict=True) if isinstance(name, str) and used)
