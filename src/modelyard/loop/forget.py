"""Retention and `modelyard forget ID`: out of the segments, the lake and the books, also from the disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from modelyard.loop.answers import blank_answers
from modelyard.loop.logged import Label, Prediction, read
from modelyard.loop.ship import shipping_lock
from modelyard.store import shipping as books
from modelyard.store.lake import Lake
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.segments import finished, line, read_segment, segments
from modelyard.store.sentences import blank_ids


def forget(store: Store, metadata: Metadata, ids: Sequence[str]) -> int:
    """Delete every record of these ids; how many lines of segments held one. Hourly counts stay: they name nobody."""
    with shipping_lock(store):
        blanked = sum(_blank(path, frozenset(ids)) for path in segments(store.segments))
        Lake(store.lake).forget(ids)
        for path in store.training.glob("*"):
            path.unlink(missing_ok=True)  # a retraining under way fails, rather than learn from what was forgotten
        with metadata.begin() as sql:
            books.forget_ids(sql, ids)
            blank_ids(sql, ids)
        metadata.sweep()
        blank_answers(store.workflows, ids)
    return blanked


def keep(store: Store, metadata: Metadata, since: int) -> int:
    """Retention (`log: {keep: 180d}`): delete rows whose event is older than `since` (microseconds), and segments that
    nobody writes to any more and that are shipped whole. How many segments went."""
    with shipping_lock(store):
        Lake(store.lake).keep(since)
        with metadata.begin() as sql:
            books.forget_before(sql, since)
            known = books.positions(sql)
        shipped = [path for path in segments(store.segments) if known.get(path.name, -1) >= path.stat().st_size]
        gone = [path for path in shipped if finished(path)]
        for path in gone:
            path.unlink()
    return len(gone)


def _blank(path: Path, ids: frozenset[str]) -> int:
    """Overwrite, in place and at the same length, so that offsets hold and a server may go on appending."""
    count = 0
    with open(path, "r+b") as file:
        for one in read_segment(path):
            found = None if one.record is None else read(one.record)
            if isinstance(found, Prediction | Label) and found.id in ids and one.record is not None:
                file.seek(one.start)
                file.write(line(b'{"kind":"forgotten"}'.ljust(len(one.record))))
                count += 1
        file.flush()
        os.fsync(file.fileno())
    return count
