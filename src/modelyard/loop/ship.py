"""Shipping: from the segments of the servers into the lake, each record exactly once. Here truth is made.

The first record of an id wins; the same row again is a retry and counted; another row under the same id is kept as a
conflict. Labels find their predictions here, or wait as unknown ids until these come. The order of a batch: plan it
(number, ranges) in one transaction; then in a second one sort the records, append to the lake under the batch's number
(which the lake takes once), count hours, move the offsets. A crash anywhere leaves a plan that is done again, to the
same end. One shipper at a time per store, by a file lock.
"""

from __future__ import annotations

import fcntl
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from modelyard.loop.logged import Label, Prediction, read
from modelyard.schema.duration import MICROSECONDS
from modelyard.store import shipping as books
from modelyard.store.lake import SCHEMAS, Lake
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.segments import read_segment, segments
from modelyard.store.shipping import OTHER_ROW, UNKNOWN_ID, Plan, Range, Seen, Trouble

HOUR = MICROSECONDS["h"]
BATCH_BYTES = 64 << 20
"""At most so much of the log in one transaction."""

Count = Callable[[str, int, Sequence[Prediction], bytes | None], bytes]
"""(package digest, hour in microseconds, new predictions of it, counts so far) -> counts with them."""


class Shipped(Struct, frozen=True, kw_only=True):
    """What one call of `ship` did."""

    predictions: int = 0
    labels: int = 0
    """Joined to their predictions."""
    retries: int = 0
    conflicts: int = 0
    unknown: int = 0
    """Labels whose id nobody knows yet."""
    damaged: int = 0
    batches: int = 0

    def plus(self, other: Shipped) -> Shipped:
        return Shipped(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


def ship(store: Store, metadata: Metadata, count: Count | None = None) -> Shipped:
    """Ship all complete lines that there are; returns when nothing is left."""
    total, lake = Shipped(), Lake(store.lake)
    with shipping_lock(store):
        while True:
            with metadata.begin() as sql:
                plan = books.pending(sql) or _plan(store, sql)
            if plan is None:
                return total
            with metadata.begin() as sql:
                total = total.plus(_Batch(sql, plan, count).run(store, lake))
                books.finish(sql, plan)


@contextmanager
def shipping_lock(store: Store) -> Iterator[None]:
    store.lake.mkdir(parents=True, exist_ok=True)
    handle = os.open(store.lake / "ship.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _plan(store: Store, sql: Connection) -> Plan | None:
    known, ranges, left = books.positions(sql), [], BATCH_BYTES
    for path in segments(store.segments):
        start = end = known.get(path.name, 0)
        if path.stat().st_size <= start:
            continue
        for line in read_segment(path, start):
            end = line.end
            if end - start >= left:
                break
        if end > start:
            ranges.append(Range(path.name, start, end))
            left -= end - start
        if left <= 0:
            break
    return books.plan(sql, ranges) if ranges else None


class _Batch:
    """One batch inside its transaction."""

    def __init__(self, sql: Connection, plan: Plan, count: Count | None) -> None:
        self.sql, self.plan, self.count = sql, plan, count
        self.models = books.models(sql)
        self.known: dict[tuple[str, str], Seen] = {}
        self.new: dict[tuple[str, str], Seen] = {}
        self.changed: dict[tuple[str, str], Seen] = {}
        self.of_id: defaultdict[str, list[str]] = defaultdict(list)
        self.predictions: list[Prediction] = []
        self.labels: list[dict[str, Any]] = []
        self.troubles: list[Trouble] = []
        self.done = Shipped(batches=1)

    def run(self, store: Store, lake: Lake) -> Shipped:
        predictions, labels = self._records(store)
        ids = {one.id for one in predictions} | {one.id for one in labels}
        self.known = books.seen(self.sql, ids)
        for model, name in self.known:
            self.of_id[name].append(model)
        for prediction in predictions:
            self._predicted(prediction)
        self._waiting()
        for label in labels:
            self._labelled(label)
        self._write(lake)
        return self.done

    def _records(self, store: Store) -> tuple[list[Prediction], list[Label]]:
        predictions, labels = [], []
        for part in self.plan.ranges:
            for line in read_segment(store.segments / part.segment, part.start):
                if line.end > part.end:
                    break
                found = None if line.record is None else read(line.record)
                if isinstance(found, Prediction):
                    predictions.append(found)
                elif isinstance(found, Label):
                    labels.append(found)
                elif found is None:
                    self._tell(damaged=1)
        return predictions, labels

    def _predicted(self, one: Prediction) -> None:
        key = self.models.get(one.package, one.package), one.id
        before = self._seen(key)
        if before is None:
            self.new[key] = Seen(model=key[0], id=one.id, digest=one.digest, event=one.event)
            self.of_id[one.id].append(key[0])
            self.predictions.append(one)
            self._tell(predictions=1)
        elif before.digest == one.digest:
            self._see(key, replace(before, retries=before.retries + 1))
            self._tell(retries=1)
        else:
            self._trouble(key[0], one.id, OTHER_ROW, one.received, bytes(one.row).decode())
            self._tell(conflicts=1)

    def _waiting(self) -> None:
        """Labels that came before their predictions."""
        waiting = books.troubles(self.sql, UNKNOWN_ID, [name for _, name in self.new])
        for one in waiting:
            label = read(one.document.encode())
            if isinstance(label, Label):
                self._labelled(label)
        books.resolve(self.sql, waiting)

    def _labelled(self, label: Label) -> None:
        for model in self.of_id[label.id]:
            key = model, label.id
            before = self._seen(key)
            if before is None or before.label == label.digest:
                self._tell(retries=1)
                continue
            self._see(key, replace(before, label=label.digest))
            row = {"id": label.id, "model": model, "event": before.event}
            self.labels.append({**row, "labelled": label.received, "values": label.text})
            self._tell(labels=1)
        if not self.of_id[label.id]:
            document = {"kind": "label", "id": label.id, "received": label.received, "values": label.values}
            self._trouble("", label.id, UNKNOWN_ID, label.received, _json(document))
            self._tell(unknown=1)

    def _write(self, lake: Lake) -> None:
        import polars as pl

        if self.predictions:
            rows = [self._row(one) for one in self.predictions]
            lake.append("predictions", pl.DataFrame(rows, schema=SCHEMAS["predictions"]()), self.plan.batch)
        if self.labels:
            lake.append("labels", pl.DataFrame(self.labels, schema=SCHEMAS["labels"]()), self.plan.batch)
        books.see(self.sql, list(self.new.values()), list(self.changed.values()))
        books.trouble(self.sql, self.troubles)
        if self.count is not None:
            self._count(self.count)

    def _count(self, count: Count) -> None:
        packages: defaultdict[str, defaultdict[int, list[Prediction]]] = defaultdict(lambda: defaultdict(list))
        for one in self.predictions:
            packages[one.package][one.event - one.event % HOUR].append(one)
        for package, hours in packages.items():
            before = books.hour_counts(self.sql, package, min(hours), max(hours) + 1)
            now = {hour: count(package, hour, rows, before.get(hour)) for hour, rows in hours.items()}
            books.set_hours(self.sql, package, now)

    def _row(self, one: Prediction) -> dict[str, Any]:
        return {
            "id": one.id,
            "digest": one.digest,
            "model": self.models.get(one.package, one.package),
            "package": one.package,
            "revision": one.revision,
            "event": one.event,
            "received": one.received,
            "row": bytes(one.row).decode(),
            "prediction": bytes(one.prediction).decode(),
            "warnings": bytes(one.warnings).decode(),
            "scores": list(one.scores),
            "flagged": one.flagged,
        }

    def _seen(self, key: tuple[str, str]) -> Seen | None:
        return self.new.get(key) or self.changed.get(key) or self.known.get(key)

    def _see(self, key: tuple[str, str], seen: Seen) -> None:
        (self.new if key in self.new else self.changed)[key] = seen

    def _trouble(self, model: str, name: str, reason: str, received: int, document: str) -> None:
        self.troubles.append(Trouble(model=model, id=name, reason=reason, received=received, document=document))

    def _tell(self, **more: int) -> None:
        self.done = self.done.plus(Shipped(**more))


def _json(document: dict[str, Any]) -> str:
    return msgspec.json.encode(document).decode()
