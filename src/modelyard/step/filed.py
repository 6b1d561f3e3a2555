"""A source that is a file, the files of a glob or of a folder, of this machine or of an object store.

Why one place: which files a `path:` means, and which columns are asked for, is the same for every format; a format says
only how its bytes become rows. Stable: plugins that read files build on this.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta, field

from modelyard.schema.column import Kind
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.incremental import Incremental
from modelyard.step.located import files_of

PathOfFiles = Annotated[
    str, Meta(description="A file, a folder or a glob, relative to the project file.", min_length=1)
]
PackedOrPlain = Annotated[
    str,
    Meta(description="A file, a folder or a glob, relative to the project file; .gz, .zst and .zip too.", min_length=1),
]


class Filed(Incremental, frozen=True, kw_only=True):
    ends: ClassVar[tuple[str, ...]] = ()
    """Of the names of files that are read where `path:` is a folder; none: all."""

    path: PathOfFiles
    connection: Annotated[
        str | None, Meta(description="Of an object store under `connections:`; `path` is then a key or a pattern.")
    ] = None
    columns: Annotated[tuple[str, ...] | None, Meta(description="Only these columns.")] = None
    types: Annotated[dict[str, Kind], Meta(description="Kinds not to infer.")] = field(default_factory=dict)

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        return self.peek(ctx)

    def files(self, ctx: Context) -> list[Path]:
        """In the order of their names. Raises what `files_of` raises."""
        return files_of(ctx, self.connection, self.path, self.ends)

    def tell_left_out(self, ctx: Context) -> None:
        """What lies in the folder and is not read."""
        from modelyard.frame.folder import left_out

        folder = ctx.folder / self.path
        if self.connection is None and folder.is_dir():
            for word in left_out(folder, self.ends):
                ctx.tell(word)
