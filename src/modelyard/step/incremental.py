"""A source that can be read a part at a time: rows that came after those that are known.

One rule for files, databases and services: a row belongs to the part (after, upto] of its `cursor` column, so parts
neither overlap nor leave a gap, and all parts together, in their order, are what reading at once gives. Stable: every
source that offers `cursor` is read by this and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from modelyard.errors.data import BadCursor
from modelyard.schema.pin import Mark
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Bounds(Struct, frozen=True, kw_only=True):
    """Rows whose cursor is greater than `after` and not greater than `upto`; None: no bound. A row without a cursor
    (null, NaN) lies in no bounds."""

    after: Mark | None = None
    upto: Mark | None = None


class Incremental(TableStep, frozen=True, kw_only=True):
    """A read step with a `cursor`. `run` reads everything and knows of no bounds; a project's store remembers how far
    it read, keeps those rows, and asks `between` for the rest."""

    cursor: Annotated[
        str | None,
        Meta(description="The column that grows with each new row: later runs read what lies beyond."),
    ] = None
    cursor_key: Annotated[
        tuple[str, ...],
        Meta(description="Where rows are updated and their cursor moves on: what finds a row; the latest one counts."),
    ] = ()

    def checked(self, given: Schema) -> None:
        """Of the columns that `peek` found. Raises BadCursor, MissingColumn."""
        if self.cursor_key and self.cursor is None:
            raise BadCursor("`cursor_key:` without a `cursor:`", way_out="Write `cursor:`, the column that grows")
        if self.cursor is None:
            return
        kind = given[self.cursor].kind
        if kind not in ("integer", "number", "datetime", "category", "text"):
            raise BadCursor(f"`cursor:` names {self.cursor!r}, a {kind}: it cannot grow with each row")
        for name in self.cursor_key:
            given[name]

    def between(self, ctx: Context, bounds: Bounds) -> LazyFrame:
        """The rows within the bounds, all columns of `peek`, in any order. Unless a source knows better, it is read
        whole and the rest left out. Called only where `cursor` is set."""
        from modelyard.frame.bounded import bounded

        return bounded(self.run(ctx), self.cursor or "", bounds.after, bounds.upto)

    def without_cursor(self, ctx: Context) -> int | None:
        """How many rows have none, where the source can tell without sending them: they are never read."""
        return None

    def counted(self, ctx: Context, bounds: Bounds) -> int | None:
        """How many rows the source has there, where it can tell without sending them; None: it cannot."""
        return None
