"""Forgetting ids, on the record: that something was forgotten is noted, what it was is not."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec import Struct

from modelyard.api.connection import Connection
from modelyard.api.registry import actor
from modelyard.loop import forget as loop
from modelyard.loop.logged import Label, Prediction, read
from modelyard.run.forgotten import forget_kept, held
from modelyard.run.referred import pinned
from modelyard.store.audit import note
from modelyard.store.lake import Lake
from modelyard.store.segments import read_segment, segments
from modelyard.store.versions import listed


class Forgotten(Struct, frozen=True, kw_only=True):
    """How many rows and labels of the lake, and how many lines of the log, held one of the ids; `rows`: of those kept
    of sources; `files`: of snapshots, which go whole; `snapshots`: names of those that lose something; `beside`: column
    -> rows that hold an id where none is looked for: they stay."""

    ids: int
    predictions: int
    labels: int
    lines: int
    rows: int = 0
    files: int = 0
    snapshots: tuple[str, ...] = ()
    beside: dict[str, int] = {}
    done: bool

    @property
    def anything(self) -> bool:
        return bool(self.predictions or self.labels or self.lines or self.rows or self.files)


def forget(yard: Connection, ids: Sequence[str], *, columns: Sequence[str] = (), dry_run: bool = False) -> Forgotten:
    """Delete all that is known of those ids, also from the disk. Hourly counts stay: they name nobody. `columns` of
    sources that hold ids besides their id column. Raises StoreInUse where somebody reads on for half a minute."""
    wanted = tuple(dict.fromkeys(ids))
    yard.store.make()
    with yard.metadata.begin() as sql:
        pins = pinned(yard.store, listed(sql)) if yard.store.remote is not None else set[str]()
    kept = (held if dry_run else forget_kept)(yard.store, wanted, columns, pins)
    found = Forgotten(
        ids=len(wanted),
        predictions=_rows(yard, "predictions", wanted),
        labels=_rows(yard, "labels", wanted),
        lines=_lines(yard, frozenset(wanted)),
        rows=kept.rows,
        files=kept.files,
        snapshots=kept.snapshots,
        beside=kept.beside,
        done=not dry_run,
    )
    if not dry_run:
        loop.forget(yard.store, yard.metadata, wanted)
        with yard.metadata.begin() as sql:
            counts = {"ids": found.ids, "predictions": found.predictions, "labels": found.labels}
            more = {"lines": found.lines, "rows": found.rows, "files": found.files}
            note(sql, time.time_ns() // 1000, actor(), "forget", {**counts, **more})
    return found


def _rows(yard: Connection, name: str, ids: tuple[str, ...]) -> int:
    import polars as pl

    scanned = Lake(yard.store.lake).scan("labels" if name == "labels" else "predictions")
    return int(scanned.filter(pl.col("id").is_in(list(ids))).select(pl.len()).collect().item())


def _lines(yard: Connection, ids: frozenset[str]) -> int:
    count = 0
    for path in segments(yard.store.segments):
        for line in read_segment(path):
            record = None if line.record is None else read(line.record)
            count += isinstance(record, Prediction | Label) and record.id in ids
    return count
