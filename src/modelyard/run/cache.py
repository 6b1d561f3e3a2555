"""What was computed once is not computed again: results by a key made of everything that went into them.

Why the key of a step holds the key of the step before it, and not a digest of the table in between: it is as exact,
costs nothing, and says before any work is done what can be reused. Safe against kill -9: an entry is there whole or not
at all, so a run that was killed goes on by running again. No pickle: entries are written by the package codec.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from modelyard.errors.package import BadDocument
from modelyard.package.codec import from_blob, to_blob
from modelyard.package.synced import replace
from modelyard.rows.table import Table, Values
from modelyard.step.step import Step

T = TypeVar("T")


def step_key(step: Step, *inputs: str, seed: int, libraries: dict[str, str]) -> str:
    """64 hex digits: kind, revision, parameters, keys of the inputs, seed, library versions. A step's id and place in
    the file are not in it, so moving or renaming a step runs nothing again."""
    parameters = msgspec.json.encode(step, order="sorted")
    rest = msgspec.json.encode([type(step).revision, inputs, seed, libraries], order="sorted")
    return hashlib.sha256(parameters + b"\n" + rest).hexdigest()


def array_key(values: Values) -> str:
    """64 hex digits of an array: its type, shape and bytes (of texts, their JSON)."""
    plain = np.ascontiguousarray(values)
    content = msgspec.json.encode(plain.tolist()) if plain.dtype == np.object_ else plain.tobytes()
    return hashlib.sha256(f"{plain.dtype.str}{plain.shape}".encode() + content).hexdigest()


def table_key(table: Table) -> str:
    """64 hex digits of a table: names, kinds, categories and values, in order.

    >>> from modelyard.rows.table import table
    >>> table_key(table(a=[1.0])) == table_key(table(a=[1.0])), table_key(table(a=[1.0])) == table_key(table(b=[1.0]))
    (True, False)
    """
    columns = [(name, v.kind, v.categories, array_key(v.values)) for name, v in table.vectors.items()]
    return hashlib.sha256(msgspec.json.encode(columns)).hexdigest()


class Cache:
    """A folder of results by key. `hits` and `misses` count what was asked for in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.hits, self.misses = folder, 0, 0

    def path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def get(self, key: str, kind: type[T]) -> T | None:
        """The result, or None; a damaged entry counts as none, for it can be made again."""
        try:
            found = from_blob(self.path(key).read_bytes(), kind)
        except (FileNotFoundError, BadDocument):
            self.misses += 1
            return None
        self.hits += 1
        return found

    def put(self, key: str, value: object) -> None:
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, to_blob(value))
