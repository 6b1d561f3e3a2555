"""Forgetting ids, on the record: that something was forgotten is noted, what it was is not."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec import Struct

from modelyard.api.connection import Connection
from modelyard.api.registry import actor
from modelyard.loop import forget as loop
from modelyard.loop.logged import Label, Prediction, read
from modelyard.store.audit import note
from modelyard.store.lake import Lake
from modelyard.store.segments import read_segment, segments


class Forgotten(Struct, frozen=True, kw_only=True):
    """How many rows and labels of the lake, and how many lines of the log, held one of the ids."""

    ids: int
    predictions: int
    labels: int
    lines: int
    done: bool

    @property
    def anything(self) -> bool:
        return bool(self.predictions or self.labels or self.lines)


def forget(yard: Connection, ids: Sequence[str], *, dry_run: bool = False) -> Forgotten:
    """Delete all that is known of those ids, also from the disk. Hourly counts stay: they name nobody."""
    wanted = tuple(dict.fromkeys(ids))
    found = Forgotten(
        ids=len(wanted),
        predictions=_rows(yard, "predictions", wanted),
        labels=_rows(yard, "labels", wanted),
        lines=_lines(yard, frozenset(wanted)),
        done=not dry_run,
    )
    if not dry_run:
        loop.forget(yard.store, yard.metadata, wanted)
        with yard.metadata.begin() as sql:
            counts = {"ids": found.ids, "predictions": found.predictions, "labels": found.labels}
            note(sql, time.time_ns() // 1000, actor(), "forget", {**counts, "lines": found.lines})
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
