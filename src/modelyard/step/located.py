"""Where a step's `path:` leads: to files of this machine, or to objects of the store that its `connection:` names.

Objects become files first (a copy of the version that is there now), so a reader knows nothing of stores; and what is
written is a file first, which is then sent whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from modelyard.errors.project import BadParameter
from modelyard.schema.object_store import ObjectStore
from modelyard.step.context import Context


def files_of(ctx: Context, connection: str | None, path: str, ends: Sequence[str] = ()) -> list[Path]:
    """In the order of their names; `ends`: of those of a folder. Raises UnreadableTable for a file that is not there;
    of a store what `named_files` raises."""
    from modelyard.frame.source import files

    return files(ctx.folder, path, ends) if connection is None else list(named_files(ctx, connection, path).values())


def named_files(ctx: Context, connection: str, path: str) -> dict[str, Path]:
    """Key -> copy of it here. Raises UnknownConnection, BadParameter, MissingObject, ObjectChanged, AccessDenied,
    Unreachable, UnknownBucket, StoreRefused, MissingDriver."""
    from modelyard.objects.spool import spooled

    return spooled(store_of(ctx, connection), path, ctx.copies)


def store_of(ctx: Context, connection: str) -> ObjectStore:
    """Raises UnknownConnection, and BadParameter for a connection of another sort."""
    found = ctx.connections[connection]
    if not isinstance(found, ObjectStore):
        kind = found.__struct_config__.tag
        way_out = "Name a connection of kind s3, gcs or azure, or read tables by read.sql"
        raise BadParameter(f"connection {connection!r} ({kind}) holds no files", way_out=way_out)
    return found


@contextmanager
def written(ctx: Context, connection: str | None, path: str) -> Iterator[Path]:
    """A file to write, that takes the place of what is there when the block ends well, else vanishes. Raises as
    `named_files` does."""
    from modelyard.frame.sink import replaced
    from modelyard.objects.finished import finished

    store = None if connection is None else store_of(ctx, connection)
    with replaced(ctx.folder / path) if store is None else finished(store, path, ctx.copies) as unfinished:
        yield unfinished
