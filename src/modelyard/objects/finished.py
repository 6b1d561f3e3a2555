"""A file to write that becomes an object when it is finished: written here first, sent whole, visible whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard.errors.connection import MissingObject
from modelyard.objects.bucket import Bucket
from modelyard.objects.glob import key_of, pattern
from modelyard.schema.object_store import ObjectStore


@contextmanager
def finished(connection: ObjectStore, path: str, folder: Path) -> Iterator[Path]:
    """A place for a file of that name below `folder`, sent when the block ends well. Raises as Bucket does."""
    key = key_of(path)
    if pattern(key):
        raise MissingObject(f"{path!r} is a pattern", way_out="Write the name of one object")
    bucket = Bucket(connection)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="outgoing-", dir=folder))
    try:
        file = made / key.rpartition("/")[2]
        yield file
        bucket.upload(file, key)
    finally:
        shutil.rmtree(made, ignore_errors=True)
