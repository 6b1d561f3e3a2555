"""A source of files whose rows come one by one, as plain values: JSON, spreadsheets.

Columns and kinds are found in the first rows and then hold: a later key or value that does not fit is an error that
names its line, or a row kept in the quarantine file. A format says how a file becomes rows (`_read`), and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from modelyard.schema.column import Column
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.filed import Filed

if TYPE_CHECKING:
    from polars import LazyFrame

    from modelyard.frame.gathered import Gathered
    from modelyard.frame.quarantine import Kept

JsonLines = Annotated[str, Meta(pattern=r"\.jsonl$")]


class Gathering(Filed, frozen=True, kw_only=True):
    keys_are_columns: ClassVar[bool] = False
    """Whether a row may bring a key that is no column: it then does not parse, unless `columns:` says what to read."""

    quarantine: Annotated[JsonLines | None, Meta(description="Keep rows that do not parse here, and go on.")] = None

    def peek(self, ctx: Context) -> Schema:
        """The columns, from the first rows of each file."""
        kinds = self._read(ctx, whole=False).kinds(self.types, self.columns, self.path)
        return Schema(tuple(Column(name=name, kind=kind) for name, kind in kinds.items()))

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        self.tell_left_out(ctx)
        found = self._read(ctx, whole=True)
        kinds = found.kinds(self.types, self.columns, self.path)
        frame = found.frame(kinds, ctx.zone, every=self.keys_are_columns and self.columns is None)
        kept_out(ctx, self.quarantine, found.kept, frame.height)
        return frame.lazy()

    def _read(self, ctx: Context, whole: bool) -> Gathered:
        """The rows of all files; unless `whole`, of each as many as kinds are found in."""
        raise NotImplementedError


def kept_out(ctx: Context, quarantine: str | None, kept: Sequence[Kept], good: int) -> None:
    """Rows that do not parse go to their file, and the result says how many; nothing where there is no such file."""
    from modelyard.frame.quarantine import keep, words

    if quarantine is not None:
        keep(kept, ctx.folder / quarantine)
        if kept:
            ctx.tell(words(kept, good, quarantine))
