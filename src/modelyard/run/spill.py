"""Rows on disk for worker processes: one memory-mapped .npy per numeric column, so that no worker holds a copy.

Why not pass them by pipe: eight workers would hold the table eight times; mapped pages are shared.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from modelyard.rows.table import Floats, Table, Values, Vector
from modelyard.run.data import Data
from modelyard.schema.column import Kind
from modelyard.schema.target import Outcome

HEAD = "head.json"


class _Column(Struct, frozen=True):
    name: str
    kind: Kind
    categories: tuple[str, ...]


class _Head(Struct, frozen=True):
    rows: int
    columns: tuple[_Column, ...]
    outcome: Outcome
    extra: tuple[str, ...]


def write_data(data: Data, folder: Path) -> None:
    """Into `folder`, whole or not at all; a folder that is there already holds the same."""
    if (folder / HEAD).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    columns = tuple(_Column(name, v.kind, v.categories) for name, v in data.table.vectors.items())
    for place, vector in enumerate(data.table.vectors.values()):
        _write(folder / str(place), vector.values)
    extra = {"y": data.y, "time": data.time, "group": data.group, "weight": data.weight}
    there = {name: values for name, values in extra.items() if values is not None}
    for name, values in there.items():
        _write(folder / name, values)
    head = _Head(len(data), columns, data.outcome, tuple(there))
    part = folder / f"{HEAD}.part"
    part.write_bytes(msgspec.json.encode(head))
    part.rename(folder / HEAD)


def open_data(folder: Path) -> Data:
    """What `write_data` wrote, its arrays mapped and read-only. Ids stay behind: no learner sees them."""
    head = msgspec.json.decode((folder / HEAD).read_bytes(), type=_Head)
    vectors = {c.name: Vector(c.kind, _read(folder / str(place)), c.categories) for place, c in enumerate(head.columns)}
    extra: dict[str, Floats] = {name: _read(folder / name) for name in head.extra}
    return Data(
        table=Table(vectors, head.rows),
        y=extra["y"],
        outcome=head.outcome,
        time=extra.get("time"),
        group=extra.get("group"),
        weight=extra.get("weight"),
    )


def _write(path: Path, values: Values) -> None:
    if values.dtype == np.object_:
        path.with_suffix(".json").write_bytes(msgspec.json.encode(values.tolist()))
    else:
        np.save(path.with_suffix(".npy"), values, allow_pickle=False)


def _read(path: Path) -> Values:
    if path.with_suffix(".npy").exists():
        mapped: Values = np.load(path.with_suffix(".npy"), mmap_mode="r", allow_pickle=False)
        return mapped
    listed = msgspec.json.decode(path.with_suffix(".json").read_bytes())
    texts = np.empty(len(listed), dtype=np.object_)
    texts[:] = listed
    return texts
