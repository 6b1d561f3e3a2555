"""Rows of ids taken out of all that was kept of sources: readings, snapshots, and what was computed of them.

A part that holds such rows is written anew without them, under the digest that it then has; where it was, a note says
so, and every version that names the old digest finds the rest by it. Files of a snapshot are somebody else's bytes,
which cannot be written anew: one that may hold an id goes whole, and the snapshot keeps its other rows. Killed at any
moment, the same again finishes it: files go first, for what tells of them are the rows.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from modelyard.errors.store import MissingBlob
from modelyard.frame.holding import holds
from modelyard.run.kept import Reading, packed
from modelyard.run.referred import reading_of, readings
from modelyard.store.blobs import Blobs, Gone
from modelyard.store.in_use import out_of_use
from modelyard.store.place import Store
from modelyard.store.sentences import telling
from modelyard.store.snapshots import Shelf, Taken

if TYPE_CHECKING:
    from polars import DataFrame, Expr

WAIT = 30.0
"""Seconds that whoever reads has to come to an end."""
CACHES = ("results", "rows", "objects", "training")
"""What can be made again."""


class Held(Struct, frozen=True, kw_only=True):
    """What is kept of some ids. `rows`: of the parts; `files`: of snapshots, which go whole; `snapshots`: those that
    lose something; `beside`: column -> rows that hold an id where none is looked for: they stay."""

    rows: int = 0
    files: int = 0
    snapshots: tuple[str, ...] = ()
    beside: dict[str, int] = {}


class Part(Struct, frozen=True):
    """Rows of a reading as they are now."""

    digest: str
    columns: frozenset[str]


def held(store: Store, ids: Sequence[str], columns: Collection[str] = (), pins: Iterable[str] = ()) -> Held:
    """What would be forgotten. `columns`: more columns that hold ids; `pins`: readings that may lie elsewhere."""
    return _held(store, ids, columns, pins)[0]


def forget_kept(
    store: Store, ids: Sequence[str], columns: Collection[str] = (), pins: Iterable[str] = (), wait: float = WAIT
) -> Held:
    """Forget it. Raises StoreInUse after `wait` seconds, and nothing was changed."""
    with out_of_use(store, wait):
        found, files, parts = _held(store, ids, columns, pins)
        shelf = Shelf.of(store)
        for digest in files:
            shelf.blobs.forget(digest, Gone())
        for blobs, some in parts:
            for part, rows in some.items():
                _without(blobs, part, rows, ids)
        _sweep(store)
    return found


def _held(
    store: Store, ids: Sequence[str], columns: Collection[str], pins: Iterable[str]
) -> tuple[Held, list[str], list[tuple[Blobs, dict[Part, int]]]]:
    """What is held; the files; of each place its parts that hold something, and how many rows each."""
    beside: dict[str, int] = {}
    parts: list[tuple[Blobs, dict[Part, int]]] = []
    for blobs in (Blobs(store.blobs, store.remote), Blobs(store.cache / "labels" / "blobs")):
        counted = {part: _count(blobs, part, ids, beside) for part in _parts(blobs, columns, pins)}
        parts.append((blobs, {part: rows for part, rows in counted.items() if rows}))
    hit = {part.digest for part in parts[0][1]}
    files, names = list[str](), list[str]()
    for snapshot in Shelf.of(store):
        lost = [digest for taken in snapshot.sources.values() for digest in _files(parts[0][0], taken, hit, ids)]
        files += lost
        if lost or any(_hit(parts[0][0], taken, hit) for taken in snapshot.sources.values()):
            names.append(snapshot.name)
    files = list(dict.fromkeys(files))
    rows = sum(rows for _, some in parts for rows in some.values())
    return Held(rows=rows, files=len(files), snapshots=tuple(names), beside=beside), files, parts


def _parts(blobs: Blobs, columns: Collection[str], pins: Iterable[str]) -> Iterator[Part]:
    """Each once, with the columns of all readings that it is part of."""
    found: dict[str, set[str]] = {}
    for reading in (*readings(blobs), *_elsewhere(blobs, pins)):
        wanted = {name for name in (reading.id, *columns) if name in reading.columns}
        for part in reading.parts:
            digest, _ = blobs.rest(part.digest)
            if digest:
                found.setdefault(digest, set()).update(wanted)
    for digest, names in found.items():
        yield Part(digest, frozenset(names))


def _elsewhere(blobs: Blobs, pins: Iterable[str]) -> Iterator[Reading]:
    """Readings that a version names and that are not in the folder; fetched with the bytes of their parts."""
    for digest in pins:
        if not blobs.path(digest).exists() and digest in blobs:
            blobs.get(digest)
            reading = _reading(blobs, digest)
            if reading is not None:
                yield reading


def _count(blobs: Blobs, part: Part, ids: Sequence[str], beside: dict[str, int]) -> int:
    """Rows that hold an id; all of a part that is damaged, for nobody can tell."""
    import polars as pl

    try:
        frame = pl.read_parquet(blobs.checked(part.digest), glob=False)
    except MissingBlob:
        return int(blobs.path(part.digest).exists())
    mine = frame.select(_is_one(frame, part.columns, ids)).to_series()
    others = frame.filter(~mine).select(pl.col(pl.String))
    for name in others.columns:
        rows = int(others[name].is_in(list(ids)).sum())
        if rows:
            beside[name] = beside.get(name, 0) + rows
    return int(mine.sum())


def _is_one(frame: DataFrame, columns: Iterable[str], ids: Sequence[str]) -> Expr:
    """(n,) Of each row whether one of those columns holds an id: as text, the way that learning reads ids."""
    import polars as pl

    found = pl.Series("mine", [False]).new_from_index(0, frame.height)
    for name in columns:
        column = frame[name]
        plain = column.dtype == pl.String or column.dtype.is_integer()
        words = (
            column.cast(pl.String) if plain else pl.Series([str(value) for value in column.to_list()], dtype=pl.String)
        )
        found = found | words.is_in(list(ids)).fill_null(False)
    return pl.lit(found)


def _without(blobs: Blobs, part: Part, rows: int, ids: Sequence[str]) -> None:
    import polars as pl

    try:
        frame = pl.read_parquet(blobs.checked(part.digest), glob=False)
    except MissingBlob:
        blobs.forget(part.digest, Gone(why="damaged, and deleted when ids were forgotten"))
        return
    left = frame.filter(~_is_one(frame, part.columns, ids))
    blobs.forget(part.digest, Gone(by=blobs.put(packed(left)), rows=rows))


def _hit(blobs: Blobs, taken: Taken, hit: Collection[str]) -> bool:
    reading = _reading(blobs, taken.version)
    return reading is not None and any(blobs.rest(part.digest)[0] in hit for part in reading.parts)


def _files(blobs: Blobs, taken: Taken, hit: Collection[str], ids: Sequence[str]) -> list[str]:
    """Those of a source that may hold an id. Where its rows do and no file is seen to, all: there are many ways to
    write one. An id that does not tell is looked for only where the rows say it is there."""
    there = [file.digest for file in taken.files if file.digest in blobs]
    sure = _hit(blobs, taken, hit)
    wanted = list(ids) if sure else [one for one in ids if telling(one)]
    found = [digest for digest in there if wanted and _may_hold(blobs, digest, wanted)]
    return found if found or not sure else there


def _may_hold(blobs: Blobs, digest: str, ids: Sequence[str]) -> bool:
    try:
        return holds(blobs.checked(digest), ids)
    except MissingBlob:
        return True


def _sweep(store: Store) -> None:
    """What nobody names and what can be made again: it may hold the rows, too. Labels read on go whole where their rows
    have no id: they are read again."""
    labels = store.cache / "labels"
    if any(not reading.id for reading in readings(Blobs(labels / "blobs"))):
        _emptied(labels)
    blobs, shelf = Blobs(store.blobs), Shelf.of(store)
    named = {digest for snapshot in shelf for digest in snapshot.blobs}
    for reading in readings(blobs):
        named |= {blobs.rest(part.digest)[0] for part in reading.parts}
    for digest in blobs:
        if digest not in named and _reading(blobs, digest) is None:
            blobs.path(digest).unlink(missing_ok=True)
    for left in (*store.blobs.rglob(".new-*"), *labels.rglob(".new-*")):
        left.unlink(missing_ok=True)
    for name in CACHES:
        _emptied(store.cache / name)


def _reading(blobs: Blobs, digest: str) -> Reading | None:
    """None also where it is damaged: nobody can ask for its parts any more."""
    try:
        return reading_of(blobs, digest)
    except MissingBlob:
        return None


def _emptied(folder: Path) -> None:
    for path in folder.glob("*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
