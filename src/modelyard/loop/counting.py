"""What an hour of traffic leaves behind: counts per column of the package's profile, made by the shipper.

Belongs to one package, because bins are its own. Hours add up to windows, and can be made again from the lake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from modelyard.errors import ModelyardError
from modelyard.loop.logged import Prediction
from modelyard.loop.ship import HOUR, Count
from modelyard.measure.counts import Counts, count_columns
from modelyard.measure.profile import Profile
from modelyard.package.model import Model
from modelyard.rows.table import Floats, Table, Vector, coded
from modelyard.rows.timestamps import BadTime, reader
from modelyard.store.lake import Lake
from modelyard.store.packages import open_package
from modelyard.store.place import Store

Record = dict[str, Any]

_rows = msgspec.json.Decoder(Record).decode


class Hour(Struct, frozen=True):
    """`absent`: per column of the profile, in how many rows the key was not there at all."""

    counts: Counts
    absent: tuple[int, ...] = ()

    def __add__(self, other: Hour) -> Hour:
        pairs = zip(self.absent, other.absent, strict=True)
        return Hour(self.counts + other.counts, tuple(mine + theirs for mine, theirs in pairs))

    @property
    def rows(self) -> int:
        return self.counts.rows


_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Hour).decode


def counter(store: Store) -> Count:
    """What `ship` counts hours with. A package that cannot be opened has its rows counted, and nothing else."""
    models: dict[str, Model | None] = {}

    def count(package: str, hour: int, rows: Sequence[Prediction], before: bytes | None) -> bytes:
        if package not in models:
            models[package] = _opened(store, package)
        now = count_hour(models[package], [_rows(row.row) for row in rows])
        return _encode(now if before is None else _decode(before) + now)

    return count


def read_hour(counts: bytes) -> Hour:
    """What `counter` made."""
    return _decode(counts)


def count_hour(model: Model | None, records: Sequence[Record]) -> Hour:
    """The counts of logged rows over the columns of the model's profile."""
    if model is None or model.profile is None:
        return Hour(Counts(len(records), ()))
    table = logged_table(model, records)
    counts = count_columns((column.bins for column in model.profile.columns), table)
    return Hour(counts, tuple(sum(name not in record for record in records) for name in model.profile.names))


def logged_table(model: Model, records: Sequence[Record]) -> Table:
    """The columns of the model's profile as the rows had them, categories with the words that came."""
    zones = {field.name: field.zone for field in model.program.takes.fields}
    columns = () if model.profile is None else model.profile.columns
    return Table(
        {
            c.bins.name: _vector(c.bins.kind, [r.get(c.bins.name) for r in records], zones.get(c.bins.name))
            for c in columns
        },
        len(records),
    )


def rebuilt(store: Store, model: Model, digest: str) -> dict[int, Hour]:
    """The hours of that package, counted again from the lake."""
    import polars as pl

    lake = Lake(store.lake).scan("predictions").filter(pl.col("package") == digest).select("event", "row")
    hours: dict[int, list[Record]] = {}
    for event, row in lake.sort("event").collect().iter_rows():
        hours.setdefault(event - event % HOUR, []).append(_rows(row))
    return {hour: count_hour(model, records) for hour, records in hours.items()}


def total(hours: Iterable[Hour], profile: Profile) -> Hour:
    """All of them together; an hour that was counted without a profile adds nothing.

    >>> from modelyard.measure.profile import profile
    >>> from modelyard.rows.table import table
    >>> total([], profile(table(x=[1.0]))).rows
    0
    """
    none = Counts(0, count_columns((c.bins for c in profile.columns), Table({}, 0)).columns)
    whole = Hour(none, (0,) * len(profile.columns))
    for hour in hours:
        whole = whole + hour if len(hour.absent) == len(profile.columns) else whole
    return whole


def _opened(store: Store, digest: str) -> Model | None:
    try:
        return open_package(store, digest)
    except (ModelyardError, OSError):
        return None


def _vector(kind: Any, values: list[Any], zone: str | None) -> Vector:
    if kind == "category":
        return coded(value if isinstance(value, str) else None for value in values)
    if kind == "text":
        texts = np.empty(len(values), dtype=np.object_)
        texts[:] = [value if isinstance(value, str) else None for value in values]
        return Vector("text", texts)
    return Vector(kind, _numbers(values, _moments(zone) if kind == "datetime" else _plain))


def _numbers(values: list[Any], number: Callable[[Any], float]) -> Floats:
    return np.array([number(value) for value in values], dtype=np.float64)


def _plain(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else np.nan


def _moments(zone: str | None) -> Callable[[Any], float]:
    read = reader(zone)

    def moment(value: Any) -> float:
        try:
            return float(read(value)) if isinstance(value, str) else np.nan
        except BadTime:
            return np.nan

    return moment
